// Reading the sample log (store.h promises, samples.h lays out). Writing it is samples_write.c. Knows nothing of what a
// record means.
#include "store/samples.h"

#include <stddef.h>
#include <string.h>

#include "digest/crc32.h"
#include "store/flash.h"

static uint32_t round_up(uint32_t count, uint32_t unit) { return (count + unit - 1) / unit * unit; }

uint32_t ftte_samples_unit(const struct ftte_store *store) {
    return store->flash->program_bytes > 4 ? store->flash->program_bytes : 4;
}

uint32_t ftte_samples_mark_at(const struct ftte_store *store) {
    return round_up(store->record_bytes, ftte_samples_unit(store));
}

uint32_t ftte_samples_stride(const struct ftte_store *store) {
    return ftte_samples_mark_at(store) + ftte_samples_unit(store);
}

uint32_t ftte_samples_position_at(const struct ftte_store *store, uint32_t position) {
    return store->samples_offset + 2 * store->flash->page_bytes + position * ftte_samples_stride(store);
}

uint32_t ftte_samples_positions(const struct ftte_store *store) {
    uint32_t headers = 2 * store->flash->page_bytes;
    if (store->record_bytes == 0 || store->samples_bytes <= headers) return 0;
    return (store->samples_bytes - headers) / ftte_samples_stride(store);
}

uint32_t ftte_samples_header_at(const struct ftte_store *store, int which) {
    return store->samples_offset + (uint32_t)which * store->flash->page_bytes;
}

uint32_t ftte_samples_mark(const struct ftte_store *store, uint32_t generation, uint32_t position, const void *record) {
    uint32_t place[2] = {generation, position};
    return ftte_crc32(ftte_crc32(0, place, sizeof place), record, store->record_bytes);
}

// ---- spoilt positions ----

uint32_t ftte_samples_spoilt_stride(const struct ftte_store *store) {
    return round_up(sizeof(struct samples_spoilt), store->flash->program_bytes);
}

uint32_t ftte_samples_spoilt_entries(const struct ftte_store *store) {
    return (store->flash->page_bytes - SAMPLES_SPOILT_AT) / ftte_samples_spoilt_stride(store);
}

// Reads entry `i` of a lap; false when it is blank or torn.
static bool spoilt_entry(const struct ftte_store *store, const struct ftte_store_lap *of, uint32_t i,
                         uint32_t *position) {
    struct samples_spoilt entry;
    uint32_t at = ftte_samples_header_at(store, of->header) + SAMPLES_SPOILT_AT + i * ftte_samples_spoilt_stride(store);
    memcpy(&entry, store->flash->map + at, sizeof entry);
    *position = entry.position;
    return entry.position == ~entry.complement;
}

static bool is_spoilt(const struct ftte_store *store, const struct ftte_store_lap *of, uint32_t position) {
    for (uint32_t i = 0, noted; i < of->spoilt; i++)
        if (spoilt_entry(store, of, i, &noted) && noted == position) return true;
    return false;
}

// Records of a lap.
static uint32_t count_of(const struct ftte_store *store, const struct ftte_store_lap *of) {
    uint32_t count = of->end - of->first;
    for (uint32_t i = 0, noted; i < of->spoilt; i++)
        if (spoilt_entry(store, of, i, &noted) && noted >= of->first && noted < of->end && count > 0) count--;
    return count;
}

// Entries are made in rising order, so each one at or below moves the index up by one.
static uint32_t position_of(const struct ftte_store *store, const struct ftte_store_lap *of, uint32_t index) {
    uint32_t position = of->first + index;
    for (uint32_t i = 0, noted; i < of->spoilt; i++)
        if (spoilt_entry(store, of, i, &noted) && noted >= of->first && noted <= position) position++;
    return position;
}

void ftte_samples_count(struct ftte_store *store) {
    store->samples = count_of(store, &store->old_lap) + count_of(store, &store->lap);
}

// ---- finding the laps ----

static bool read_header(const struct ftte_store *store, int which, struct samples_header *header) {
    memcpy(header, store->flash->map + ftte_samples_header_at(store, which), sizeof *header);
    return (header->magic == SAMPLES_MAGIC_NEW || header->magic == SAMPLES_MAGIC_LAP) &&
           header->check == ftte_crc32(0, header, offsetof(struct samples_header, check)) && header->record_bytes > 0 &&
           header->record_bytes <= store->samples_bytes;
}

static struct ftte_store_lap lap_behind(const struct ftte_store *store, int which,
                                        const struct samples_header *header) {
    struct ftte_store_lap found = {.generation = header->generation, .header = (uint8_t)which};
    uint32_t step = ftte_samples_spoilt_stride(store), at = ftte_samples_header_at(store, which) + SAMPLES_SPOILT_AT;
    for (uint32_t i = 0; i < ftte_samples_spoilt_entries(store); i++)
        if (!ftte_flash_blank(store, at + i * step, step)) found.spoilt = i + 1;
    return found;
}

static bool recorded(const struct ftte_store *store, const struct ftte_store_lap *of, uint32_t position) {
    const uint8_t *record = store->flash->map + ftte_samples_position_at(store, position);
    uint32_t mark;
    memcpy(&mark, record + ftte_samples_mark_at(store), sizeof mark);
    return mark == ftte_samples_mark(store, of->generation, position, record);
}

// The end of the records that begin at `position`.
static uint32_t end_of(const struct ftte_store *store, const struct ftte_store_lap *of, uint32_t position) {
    while (position < ftte_samples_positions(store) &&
           (is_spoilt(store, of, position) || recorded(store, of, position)))
        position++;
    return position;
}

// The first position that begins at or behind `at` in flash.
static uint32_t position_behind(const struct ftte_store *store, uint32_t at) {
    uint32_t first = ftte_samples_position_at(store, 0), positions = ftte_samples_positions(store);
    uint32_t position = (at - first + ftte_samples_stride(store) - 1) / ftte_samples_stride(store);
    return position < positions ? position : positions;
}

// Where the old lap's records begin that the present one has not reached. The present lap's next record may begin in a
// page of its own; of the pages that it reaches, a cut may have left some bytes while they were being erased: if a
// record in them is damaged, none of theirs counts.
static uint32_t old_first(const struct ftte_store *store) {
    const struct ftte_store_lap *old = &store->old_lap;
    uint32_t begin = ftte_samples_position_at(store, store->lap.end), page = store->flash->page_bytes;
    uint32_t first = position_behind(store, round_up(begin, page));
    uint32_t end = position_behind(store, round_up(begin + ftte_samples_stride(store), page));
    for (uint32_t position = first; position < end; position++)
        if (!is_spoilt(store, old, position) && !recorded(store, old, position)) return end;
    return first;
}

void ftte_samples_read(struct ftte_store *store) {
    struct samples_header header[2];
    store->record_bytes = store->samples = 0;
    store->lap = store->old_lap = (struct ftte_store_lap){0};
    if (store->samples_bytes < 3 * store->flash->page_bytes) return;
    bool valid[2] = {read_header(store, 0, &header[0]), read_header(store, 1, &header[1])};
    if (!valid[0] && !valid[1]) return;
    int which = valid[1] && (!valid[0] || (int32_t)(header[1].generation - header[0].generation) > 0);
    const struct samples_header *present = &header[which], *other = &header[1 - which];
    store->record_bytes = present->record_bytes;
    store->lap = lap_behind(store, which, present);
    store->lap.end = end_of(store, &store->lap, 0);
    if (present->magic == SAMPLES_MAGIC_LAP && valid[1 - which] && other->record_bytes == present->record_bytes &&
        other->generation == present->generation - 1) {
        store->old_lap = lap_behind(store, 1 - which, other);
        store->old_lap.first = old_first(store);
        store->old_lap.end = end_of(store, &store->old_lap, store->old_lap.first);
    }
    ftte_samples_count(store);
}

// ---- what others ask ----

uint32_t ftte_samples_free(const struct ftte_store *store) {
    uint32_t headers = 2 * store->flash->page_bytes;
    if (store->record_bytes == 0) return store->samples_bytes > headers ? store->samples_bytes - headers : 0;
    if (store->old_lap.first < store->old_lap.end) return 0;
    return (ftte_samples_positions(store) - store->lap.end) * ftte_samples_stride(store);
}

uint32_t ftte_store_samples(const struct ftte_store *store) { return store->samples; }

const uint8_t *ftte_store_sample(const struct ftte_store *store, uint32_t index) {
    if (index >= store->samples) return NULL;
    uint32_t old = count_of(store, &store->old_lap);
    const struct ftte_store_lap *of = index < old ? &store->old_lap : &store->lap;
    uint32_t position = position_of(store, of, index < old ? index : index - old);
    return position < of->end ? store->flash->map + ftte_samples_position_at(store, position) : NULL;
}
