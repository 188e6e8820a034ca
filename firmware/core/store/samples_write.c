// Writing the sample log: opening, clearing, appending, replacing (store.h promises, samples.h lays out).
#include <stddef.h>
#include <string.h>

#include "digest/crc32.h"
#include "store/flash.h"
#include "store/samples.h"

// ---- headers ----

// Starts a log or a lap: one program makes the other header the valid one.
static int new_header(struct ftte_store *store, uint32_t magic, uint32_t record_bytes) {
    struct samples_header header = {magic, record_bytes, store->lap.generation + 1, 0};
    uint32_t at = ftte_samples_header_at(store, 1 - store->lap.header);
    header.check = ftte_crc32(0, &header, offsetof(struct samples_header, check));
    int result = ftte_flash_prepare(store, at);
    return result < 0 ? result : ftte_flash_write_padded(store, at, &header, sizeof header);
}

static int new_log(struct ftte_store *store, uint32_t record_bytes) {
    int result = new_header(store, SAMPLES_MAGIC_NEW, record_bytes);
    if (result >= 0) ftte_samples_read(store);
    return result;
}

// The present lap, which is full, becomes the old one.
static int new_lap(struct ftte_store *store) {
    store->old_lap.first = store->old_lap.end; // its header goes
    int result = new_header(store, SAMPLES_MAGIC_LAP, store->record_bytes);
    if (result < 0) return result;
    store->old_lap = store->lap;
    store->lap = (struct ftte_store_lap){.generation = store->old_lap.generation + 1,
                                         .header = (uint8_t)(1 - store->old_lap.header)};
    ftte_samples_count(store);
    return FTTE_OK;
}

// Without a header nobody knows which generations were used, so records that were left behind must go.
static int erase_records(struct ftte_store *store) {
    uint32_t page = store->flash->page_bytes;
    int result = FTTE_OK;
    for (uint32_t at = 2 * page; at < store->samples_bytes && result >= 0; at += page)
        result = ftte_flash_prepare(store, store->samples_offset + at);
    return result;
}

int ftte_store_samples_open(struct ftte_store *store, uint32_t record_bytes) {
    if (record_bytes == 0) return FTTE_ERR_ARGUMENT;
    if (store->samples_bytes < 3 * store->flash->page_bytes || record_bytes > store->samples_bytes) return 0;
    int result = FTTE_OK;
    if (store->record_bytes == 0) result = erase_records(store);
    if (result >= 0 && store->record_bytes != record_bytes) result = new_log(store, record_bytes);
    return result < 0 ? result : (int)ftte_samples_positions(store);
}

int ftte_store_samples_clear(struct ftte_store *store) {
    bool untouched = store->lap.end == 0 && store->lap.spoilt == 0 && store->samples == 0;
    if (store->record_bytes == 0 || untouched) return FTTE_OK;
    return new_log(store, store->record_bytes);
}

// ---- records ----

// Makes the page at `at` blank; records of the old lap that begin in it are gone then.
static int prepare(struct ftte_store *store, uint32_t at) {
    struct ftte_store_lap *old = &store->old_lap;
    uint32_t end = at + store->flash->page_bytes;
    while (old->first < old->end && ftte_samples_position_at(store, old->first) < end) old->first++;
    return ftte_flash_prepare(store, at);
}

static int note_spoilt(struct ftte_store *store, uint32_t position) {
    struct samples_spoilt entry = {position, ~position};
    if (store->lap.spoilt >= ftte_samples_spoilt_entries(store)) return FTTE_ERR_SAMPLES_FULL;
    uint32_t at = ftte_samples_header_at(store, store->lap.header) + SAMPLES_SPOILT_AT +
                  store->lap.spoilt * ftte_samples_spoilt_stride(store);
    store->lap.spoilt++;
    return ftte_flash_write_padded(store, at, &entry, sizeof entry);
}

// Passes a record over that was cut short. The next position may start in a page that only this record reached.
static int pass_spoilt(struct ftte_store *store, uint32_t page_end, uint32_t end) {
    int result = FTTE_OK;
    for (; page_end < end && result >= 0; page_end += store->flash->page_bytes) result = prepare(store, page_end);
    if (result >= 0) result = note_spoilt(store, store->lap.end);
    if (result >= 0) store->lap.end++;
    return result;
}

// Makes the lap's next position writable. Records start in the middle of a page only behind others of this lap, so that
// page was erased for them; what is dirty there is a record cut short.
static int make_room(struct ftte_store *store) {
    uint32_t page = store->flash->page_bytes;
    for (;;) {
        if (store->lap.end >= ftte_samples_positions(store)) return FTTE_ERR_SAMPLES_FULL;
        uint32_t at = ftte_samples_position_at(store, store->lap.end), end = at + ftte_samples_stride(store);
        uint32_t page_end = (at / page + 1) * page;
        if (at % page == 0) return FTTE_OK;
        if (ftte_flash_blank(store, at, (end < page_end ? end : page_end) - at)) return FTTE_OK;
        int result = pass_spoilt(store, page_end, end);
        if (result < 0) return result;
    }
}

// Programs whole units, erasing each page when its first byte is reached.
static int program_units(struct ftte_store *store, uint32_t at, const uint8_t *bytes, uint32_t count) {
    uint32_t page = store->flash->page_bytes;
    while (count > 0) {
        uint32_t left = page - at % page, take = count < left ? count : left;
        int result = at % page == 0 ? prepare(store, at) : FTTE_OK;
        if (result >= 0) result = ftte_flash_write(store, at, bytes, take);
        if (result < 0) return result;
        at += take;
        bytes += take;
        count -= take;
    }
    return FTTE_OK;
}

// Programs `count` bytes and fills up with 0xff to a whole unit, which may be longer than the program unit.
static int program_padded(struct ftte_store *store, uint32_t at, const uint8_t *bytes, uint32_t count) {
    uint8_t last[FTTE_STORE_PROGRAM_MAX];
    uint32_t unit = ftte_samples_unit(store), whole = count & ~(unit - 1);
    int result = program_units(store, at, bytes, whole);
    if (result < 0 || whole == count) return result;
    memset(last, 0xff, sizeof last);
    memcpy(last, bytes + whole, count - whole);
    return program_units(store, at + whole, last, unit);
}

static int append(struct ftte_store *store, const void *record) {
    int result = make_room(store);
    if (result >= 0) {
        uint32_t position = store->lap.end, at = ftte_samples_position_at(store, position);
        uint32_t mark = ftte_samples_mark(store, store->lap.generation, position, record);
        result = program_padded(store, at, record, store->record_bytes);
        at += ftte_samples_mark_at(store);
        if (result >= 0) result = program_padded(store, at, (const uint8_t *)&mark, sizeof mark);
    }
    store->lap.end += result >= 0;
    ftte_samples_count(store);
    return result;
}

int ftte_store_sample_append(struct ftte_store *store, const void *record) {
    if (store->record_bytes == 0) return FTTE_ERR_STATE;
    return store->old_lap.first < store->old_lap.end ? FTTE_ERR_SAMPLES_FULL : append(store, record);
}

int ftte_store_sample_replace(struct ftte_store *store, const void *record) {
    if (store->record_bytes == 0) return FTTE_ERR_STATE;
    int result = append(store, record);
    if (result != FTTE_ERR_SAMPLES_FULL || ftte_samples_positions(store) == 0) return result;
    result = new_lap(store);
    return result < 0 ? result : append(store, record);
}
