// The slice's rows, segment by segment, as updates and deltas carry them. Reads the plan in flash and trusts nothing in
// it.
#include <string.h>

#include "session/state.h"

static struct ftte_segment segment_at(const struct ftte_rows *rows, uint32_t i) {
    struct ftte_segment segment;
    memcpy(&segment, rows->segments + i * sizeof segment, sizeof segment);
    return segment;
}

// True when the segments, one behind the other, end where the slice ends.
static bool covers(const struct ftte_rows *rows, uint32_t slice_count) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct ftte_segment segment = segment_at(rows, i);
        if (segment.rows == 0 || segment.row_elements == 0) return false;
        at += (uint64_t)segment.rows * segment.row_elements;
        if (at > slice_count) return false;
    }
    return at == slice_count;
}

int ftte_rows_start(struct ftte_session *s, const struct ftte_plan_header *plan, struct ftte_rows *rows) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN);
    *rows = (struct ftte_rows){0};
    if (plan->segments_at > blob.length) return FTTE_ERR_PLAN;
    if (plan->segments > (blob.length - plan->segments_at) / sizeof(struct ftte_segment)) return FTTE_ERR_PLAN;
    *rows = (struct ftte_rows){.segments = blob.bytes + plan->segments_at, .count = plan->segments};
    return covers(rows, plan->slice_count) ? FTTE_OK : FTTE_ERR_PLAN;
}

uint32_t ftte_rows_elements(const struct ftte_rows *rows) {
    return rows->segment < rows->count ? segment_at(rows, rows->segment).row_elements : 0;
}

void ftte_rows_next(struct ftte_rows *rows) {
    rows->index++;
    if (++rows->row < segment_at(rows, rows->segment).rows) return;
    rows->row = 0;
    rows->segment++;
}

uint32_t ftte_rows_total(const struct ftte_rows *rows) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < rows->count; i++) total += segment_at(rows, i).rows;
    return total;
}

// Of the elements that `kept` of 256 leave of a row: one at least.
static uint32_t kept_bytes(uint32_t elements, uint32_t kept) {
    uint32_t bit_map = elements / 8 + (elements % 8 != 0);
    return bit_map + (uint32_t)(((uint64_t)elements * kept + 255) / 256);
}

uint32_t ftte_row_bytes(uint32_t encoding, uint32_t elements) {
    if (encoding == FTTE_ROW_ENCODING_F32) return 4 * elements;
    uint32_t kept = encoding >> 16, bytes = kept ? kept_bytes(elements, kept) : elements;
    if (encoding == FTTE_ROW_ENCODING_INT4) bytes = elements / 2 + elements % 2;
    return 4 + ((bytes + 3) & ~3u);
}

uint32_t ftte_rows_bytes(const struct ftte_rows *rows, uint32_t encoding) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct ftte_segment segment = segment_at(rows, i);
        bytes += segment.rows * ftte_row_bytes(encoding, segment.row_elements);
    }
    return bytes;
}
