// What a blob must pass before it is put to use. Every path ends with the old state or the new one; what a power cut
// interrupts is done again at the next start (ftte_install_recover).
#include <string.h>

#include "digest/crc32.h"
#include "session/state.h"

bool ftte_slice_held(const struct ftte_session *s, struct ftte_slice_header *header, const uint8_t **values) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_SLICE);
    if (!blob.bytes || blob.length < sizeof *header) return false;
    memcpy(header, blob.bytes, sizeof *header);
    *values = blob.bytes + sizeof *header;
    return header->count == (blob.length - sizeof *header) / 4 && blob.length % 4 == 0;
}

static void note_slice(struct ftte_session *s) {
    struct ftte_slice_header header;
    const uint8_t *values;
    s->slice_crc = ftte_slice_held(s, &header, &values) ? ftte_crc32(0, values, 4 * (size_t)header.count) : 0;
}

static int install_kernels(struct ftte_session *s, int32_t *detail) {
    s->plan_at = 0;
    *detail = ftte_machine_self_test(s);
    if (*detail >= 0) {
        ftte_health_note_kernels(s, ftte_store_get(&s->store, FTTE_BLOB_KIND_KERNELS).crc);
        ftte_trial_begin(s, FTTE_BLOB_KIND_KERNELS);
        return FTTE_OK;
    }
    s->plan_at = 0;
    int result = ftte_store_revert(&s->store, FTTE_BLOB_KIND_KERNELS);
    return result < 0 ? result : FTTE_ERR_GUEST_SELFTEST;
}

// True when the header names this board's class and all the bytes that came.
static bool is_ours(const struct ftte_blob *blob) {
    struct ftte_firmware_header header;
    char own[sizeof header.board_class] = {0};
    if (blob->length < sizeof header) return false;
    memcpy(&header, blob->bytes, sizeof header);
    strncpy(own, ftte_port_board_class(), sizeof own - 1);
    return header.magic == FTTE_FIRMWARE_MAGIC && header.image_bytes == blob->length - sizeof header &&
           memcmp(header.board_class, own, sizeof own) == 0;
}

// The board's next start tries the image. One that was tried before may be tried again.
static int install_firmware(struct ftte_session *s) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_FIRMWARE);
    if (!is_ours(&blob)) {
        (void)ftte_store_revert(&s->store, FTTE_BLOB_KIND_FIRMWARE);
        return FTTE_ERR_FIRMWARE_IMAGE;
    }
    if (s->health.firmware_tried != blob.crc && s->health.returned_crc != blob.crc) return FTTE_OK;
    s->health.firmware_tried = s->health.returned_crc = 0;
    return ftte_health_write(&s->store, &s->health);
}

static int install_plan(struct ftte_session *s) {
    struct ftte_plan_header plan;
    int result = ftte_plan_read(s, &plan);
    if (result < 0) (void)ftte_store_revert(&s->store, FTTE_BLOB_KIND_PLAN);
    return result;
}

static int install_slice(struct ftte_session *s) {
    struct ftte_slice_header header;
    const uint8_t *values;
    bool good = ftte_slice_held(s, &header, &values);
    if (!good) (void)ftte_store_revert(&s->store, FTTE_BLOB_KIND_SLICE);
    note_slice(s);
    return good ? FTTE_OK : FTTE_ERR_SLICE_MISMATCH;
}

// ---- deltas ----

// The delta's header, if its rows are those of the plan, and how many elements they have.
static int check_delta(struct ftte_session *s, struct ftte_delta_header *delta, struct ftte_rows *rows,
                       uint32_t *count) {
    struct ftte_plan_header plan;
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_DELTA);
    if (!blob.bytes) return FTTE_ERR_BLOB_ABSENT;
    if (blob.length < sizeof *delta) return FTTE_ERR_SLICE_MISMATCH;
    memcpy(delta, blob.bytes, sizeof *delta);
    int result = ftte_plan_read(s, &plan);
    if (result >= 0) result = ftte_rows_start(s, &plan, rows);
    if (result < 0) return result;
    bool decodes = delta->encoding == FTTE_ROW_ENCODING_INT8 || delta->encoding == FTTE_ROW_ENCODING_INT4;
    bool fits = decodes && blob.length == sizeof *delta + ftte_rows_bytes(rows, delta->encoding);
    *count = plan.slice_count;
    return fits ? FTTE_OK : FTTE_ERR_SLICE_MISMATCH;
}

// The base of a delta that says all of a slice.
static int write_zeros(struct ftte_session *s, uint32_t count) {
    static const uint8_t zeros[64];
    struct ftte_slice_header slice = {.version = FTTE_ZERO_VERSION, .count = count};
    uint32_t at = sizeof slice, end = (uint32_t)sizeof slice + 4 * count;
    int result = ftte_store_create(&s->store, FTTE_BLOB_KIND_SLICE, end);
    if (result >= 0) result = ftte_store_append(&s->store, FTTE_BLOB_KIND_SLICE, 0, &slice, sizeof slice);
    for (uint32_t n; result >= 0 && (n = end - at) > 0; at += n) {
        if (n > sizeof zeros) n = sizeof zeros;
        result = ftte_store_append(&s->store, FTTE_BLOB_KIND_SLICE, at, zeros, n);
    }
    if (result < 0) (void)ftte_store_abandon(&s->store, FTTE_BLOB_KIND_SLICE);
    if (result >= 0) result = ftte_store_commit(&s->store, FTTE_BLOB_KIND_SLICE, FTTE_ZERO_VERSION);
    note_slice(s);
    return result;
}

// Makes the base if it is zeros; any other must be the slice held.
static int find_base(struct ftte_session *s, const struct ftte_delta_header *delta, uint32_t count) {
    struct ftte_slice_header slice;
    const uint8_t *values;
    int result = delta->base_version == FTTE_ZERO_VERSION ? write_zeros(s, count) : FTTE_OK;
    if (result < 0) return result;
    bool held = ftte_slice_held(s, &slice, &values) && slice.version == delta->base_version && slice.count == count &&
                s->slice_crc == delta->base_crc;
    return held ? FTTE_OK : FTTE_ERR_SLICE_VERSION;
}

// Appends slice row plus delta row to the new slice; `*at` counts its bytes, `*crc` is that of its values.
static int apply_row(struct ftte_session *s, const struct ftte_rows *rows, uint32_t encoding, uint32_t delta_at,
                     uint32_t *at, uint32_t *crc) {
    union ftte_value args[3] = {{.u32 = rows->index}, {.u32 = encoding}, {.u32 = delta_at}}, decoded;
    uint32_t bytes = 4 * ftte_rows_elements(rows);
    int result = ftte_machine_call(s, FTTE_GUEST_DECODE_ROW, args, &decoded);
    if (result < 0) return result;
    const uint8_t *values = ftte_machine_bytes(s, s->plan.scratch_at, bytes);
    if (!values || decoded.u32 != bytes) return FTTE_ERR_SLICE_MISMATCH;
    *crc = ftte_crc32(*crc, values, bytes);
    result = ftte_store_append(&s->store, FTTE_BLOB_KIND_SLICE, *at, values, bytes);
    *at += bytes;
    return result;
}

static int write_slice(struct ftte_session *s, const struct ftte_delta_header *delta, struct ftte_rows rows,
                       uint32_t count) {
    struct ftte_slice_header slice = {.version = delta->version, .count = count};
    uint32_t at = sizeof slice, delta_at = sizeof *delta, crc = 0;
    int result = ftte_store_create(&s->store, FTTE_BLOB_KIND_SLICE, (uint32_t)sizeof slice + 4 * count);
    if (result >= 0) result = ftte_store_append(&s->store, FTTE_BLOB_KIND_SLICE, 0, &slice, sizeof slice);
    for (uint32_t n; result >= 0 && (n = ftte_rows_elements(&rows)) > 0; ftte_rows_next(&rows)) {
        result = apply_row(s, &rows, delta->encoding, delta_at, &at, &crc);
        delta_at += ftte_row_bytes(delta->encoding, n);
    }
    if (result >= 0 && crc != delta->crc) result = FTTE_ERR_SLICE_MISMATCH;
    if (result < 0) (void)ftte_store_abandon(&s->store, FTTE_BLOB_KIND_SLICE);
    return result < 0 ? result : ftte_store_commit(&s->store, FTTE_BLOB_KIND_SLICE, delta->version);
}

// Bound at 4-aligned flash: a blob's bytes begin on a multiple of 32.
static int bind_delta(struct ftte_session *s) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_DELTA);
    return ftte_guest_bind(&s->guest, FTTE_REGION_DELTA, blob.bytes, blob.length);
}

static bool applied_before(const struct ftte_session *s, const struct ftte_delta_header *delta) {
    struct ftte_slice_header slice;
    const uint8_t *values;
    return ftte_slice_held(s, &slice, &values) && slice.version == delta->version && s->slice_crc == delta->crc;
}

static int apply_delta(struct ftte_session *s) {
    struct ftte_delta_header delta = {0};
    struct ftte_rows rows;
    uint32_t count = 0;
    int result = check_delta(s, &delta, &rows, &count);
    if (result >= 0 && applied_before(s, &delta)) return FTTE_OK;
    ftte_transfer_retract(s, FTTE_BLOB_KIND_SLICE);
    if (result >= 0) result = find_base(s, &delta, count);
    if (result >= 0) result = ftte_machine_open(s, 0);
    if (result >= 0) result = bind_delta(s);
    if (result >= 0) result = write_slice(s, &delta, rows, count);
    ftte_machine_close(s);
    note_slice(s);
    return result;
}

// The delta is used up either way; a refused one is followed by the whole slice.
static int install_delta(struct ftte_session *s) {
    int result = apply_delta(s), dropped = ftte_store_drop(&s->store, FTTE_BLOB_KIND_DELTA);
    return result < 0 ? result : dropped;
}

static int install(struct ftte_session *s, int kind, int32_t *detail) {
    switch (kind) {
    case FTTE_BLOB_KIND_KERNELS: return install_kernels(s, detail);
    case FTTE_BLOB_KIND_FIRMWARE: return install_firmware(s);
    case FTTE_BLOB_KIND_PLAN: return install_plan(s);
    case FTTE_BLOB_KIND_SLICE: return install_slice(s);
    case FTTE_BLOB_KIND_DELTA: return install_delta(s);
    default: return FTTE_OK;
    }
}

int ftte_install(struct ftte_session *s, int kind, int32_t *detail) {
    ftte_machine_close(s);
    int result = install(s, kind, detail);
    if (result < 0) return result;
    s->failure = FTTE_OK; // with other blobs the task that failed may be tried again
    s->guest_rests = false;
    ftte_watch_settle(s);
    return FTTE_OK;
}

// ---- starting ----

// The last start ended in the guest's hands, and what it was called for would end there again. So nothing that runs the
// guest is done until the host asks for it, and the blob that was being put to use is not taken again.
static void give_up(struct ftte_session *s) {
    struct ftte_blob kernels = ftte_store_get(&s->store, FTTE_BLOB_KIND_KERNELS);
    struct ftte_blob delta = ftte_store_get(&s->store, FTTE_BLOB_KIND_DELTA);
    bool untested = kernels.bytes && kernels.crc != s->health.kernels_passed;
    s->guest_rests = true;
    if (untested || delta.bytes) memcpy(s->distrusted, untested ? kernels.sha256 : delta.sha256, sizeof s->distrusted);
    if (untested) (void)ftte_store_revert(&s->store, FTTE_BLOB_KIND_KERNELS);
    (void)ftte_store_drop(&s->store, FTTE_BLOB_KIND_DELTA);
}

// Power may have failed between commit and self-test, or between a delta's commit and the slice's.
static void finish(struct ftte_session *s) {
    int32_t detail;
    if (ftte_store_get(&s->store, FTTE_BLOB_KIND_KERNELS).bytes) (void)install_kernels(s, &detail);
    if (ftte_store_get(&s->store, FTTE_BLOB_KIND_DELTA).bytes) (void)install_delta(s);
}

void ftte_install_recover(struct ftte_session *s) {
    note_slice(s);
    if (s->died) give_up(s);
    ftte_trial_open(s);
    // Firmware on its trial leaves kernels that are not for it alone: it may have to give way to the one before.
    if (!s->died && s->trial_kind == 0) finish(s);
    ftte_watch_settle(s);
}
