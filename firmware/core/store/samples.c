// The sample log (store.h promises, samples.h lays out). Knows nothing of what a record means.
#include "store/samples.h"

#include <stddef.h>
#include <string.h>

#include "digest/crc32.h"
#include "store/flash.h"

#define MAGIC 0x53455446u // "FTES"
enum { SPOILT_AT = 64 };  // of the header page: the positions of spoilt records follow

struct log_header {
    uint32_t magic, record_bytes, generation;
    uint32_t check; // CRC-32 of what precedes
};

// A spoilt record's position; torn entries do not match their complement.
struct spoilt {
    uint32_t position, complement;
};

static uint32_t round_up(uint32_t count, uint32_t unit) { return (count + unit - 1) / unit * unit; }

// Smallest stride of things that are programmed one by one and read as words.
static uint32_t unit_of(const struct ftte_store *store) {
    return store->flash->program_bytes > 4 ? store->flash->program_bytes : 4;
}

static uint32_t mark_at(const struct ftte_store *store) { return round_up(store->record_bytes, unit_of(store)); }
static uint32_t stride(const struct ftte_store *store) { return mark_at(store) + unit_of(store); }

static uint32_t position_at(const struct ftte_store *store, uint32_t position) {
    return store->samples_offset + 2 * store->flash->page_bytes + position * stride(store);
}

static uint32_t positions(const struct ftte_store *store) {
    uint32_t headers = 2 * store->flash->page_bytes;
    if (store->record_bytes == 0 || store->samples_bytes <= headers) return 0;
    return (store->samples_bytes - headers) / stride(store);
}

static uint32_t header_at(const struct ftte_store *store, int which) {
    return store->samples_offset + (uint32_t)which * store->flash->page_bytes;
}

static uint32_t mark_of(const struct ftte_store *store, uint32_t position, const void *record) {
    uint32_t place[2] = {store->samples_generation, position};
    return ftte_crc32(ftte_crc32(0, place, sizeof place), record, store->record_bytes);
}

// ---- spoilt positions ----

static uint32_t spoilt_stride(const struct ftte_store *store) {
    return round_up(sizeof(struct spoilt), store->flash->program_bytes);
}

static uint32_t spoilt_entries(const struct ftte_store *store) {
    return (store->flash->page_bytes - SPOILT_AT) / spoilt_stride(store);
}

// Reads entry `i`; false when it is blank or torn.
static bool spoilt_entry(const struct ftte_store *store, uint32_t i, uint32_t *position) {
    struct spoilt entry;
    uint32_t at = header_at(store, store->samples_header) + SPOILT_AT + i * spoilt_stride(store);
    memcpy(&entry, store->flash->map + at, sizeof entry);
    *position = entry.position;
    return entry.position == ~entry.complement;
}

static bool is_spoilt(const struct ftte_store *store, uint32_t position) {
    for (uint32_t i = 0, noted; i < store->spoilt_used; i++)
        if (spoilt_entry(store, i, &noted) && noted == position) return true;
    return false;
}

// Entries are made in rising order, so each one at or below moves the index up by one.
static uint32_t position_of(const struct ftte_store *store, uint32_t index) {
    for (uint32_t i = 0, noted; i < store->spoilt_used; i++)
        if (spoilt_entry(store, i, &noted) && noted <= index) index++;
    return index;
}

static int note_spoilt(struct ftte_store *store, uint32_t position) {
    struct spoilt entry = {position, ~position};
    if (store->spoilt_used >= spoilt_entries(store)) return FTTE_ERR_SAMPLES_FULL;
    uint32_t at = header_at(store, store->samples_header) + SPOILT_AT + store->spoilt_used * spoilt_stride(store);
    store->spoilt_used++;
    return ftte_flash_write_padded(store, at, &entry, sizeof entry);
}

// ---- reading ----

static bool read_header(const struct ftte_store *store, int which, struct log_header *header) {
    memcpy(header, store->flash->map + header_at(store, which), sizeof *header);
    return header->magic == MAGIC && header->check == ftte_crc32(0, header, offsetof(struct log_header, check)) &&
           header->record_bytes > 0 && header->record_bytes <= store->samples_bytes;
}

static void count_spoilt(struct ftte_store *store) {
    uint32_t at = header_at(store, store->samples_header) + SPOILT_AT, step = spoilt_stride(store);
    store->spoilt_used = 0;
    for (uint32_t i = 0; i < spoilt_entries(store); i++)
        if (!ftte_flash_blank(store, at + i * step, step)) store->spoilt_used = i + 1;
}

static bool recorded(const struct ftte_store *store, uint32_t position) {
    const uint8_t *record = store->flash->map + position_at(store, position);
    uint32_t mark;
    memcpy(&mark, record + mark_at(store), sizeof mark);
    return mark == mark_of(store, position, record);
}

static void count_records(struct ftte_store *store) {
    store->samples = store->samples_next = 0;
    for (; store->samples_next < positions(store); store->samples_next++) {
        if (is_spoilt(store, store->samples_next)) continue;
        if (!recorded(store, store->samples_next)) return;
        store->samples++;
    }
}

void ftte_samples_read(struct ftte_store *store) {
    struct log_header header[2];
    store->record_bytes = store->samples = store->samples_next = 0;
    if (store->samples_bytes < 3 * store->flash->page_bytes) return;
    bool valid[2] = {read_header(store, 0, &header[0]), read_header(store, 1, &header[1])};
    if (!valid[0] && !valid[1]) return;
    int which = valid[1] && (!valid[0] || (int32_t)(header[1].generation - header[0].generation) > 0);
    store->samples_header = (uint8_t)which;
    store->samples_generation = header[which].generation;
    store->record_bytes = header[which].record_bytes;
    count_spoilt(store);
    count_records(store);
}

uint32_t ftte_samples_free(const struct ftte_store *store) {
    uint32_t headers = 2 * store->flash->page_bytes;
    if (store->record_bytes > 0) return (positions(store) - store->samples_next) * stride(store);
    return store->samples_bytes > headers ? store->samples_bytes - headers : 0;
}

uint32_t ftte_store_samples(const struct ftte_store *store) { return store->samples; }

const uint8_t *ftte_store_sample(const struct ftte_store *store, uint32_t index) {
    if (index >= store->samples) return NULL;
    uint32_t position = position_of(store, index);
    return position < store->samples_next ? store->flash->map + position_at(store, position) : NULL;
}

// ---- writing ----

// Starts an empty log: one program makes the other header the valid one.
static int new_log(struct ftte_store *store, uint32_t record_bytes) {
    struct log_header header = {MAGIC, record_bytes, store->samples_generation + 1, 0};
    int which = 1 - store->samples_header;
    header.check = ftte_crc32(0, &header, offsetof(struct log_header, check));
    int result = ftte_flash_prepare(store, header_at(store, which));
    if (result >= 0) result = ftte_flash_write_padded(store, header_at(store, which), &header, sizeof header);
    if (result >= 0) ftte_samples_read(store);
    return result;
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
    return result < 0 ? result : (int)positions(store);
}

int ftte_store_samples_clear(struct ftte_store *store) {
    if (store->record_bytes == 0 || (store->samples_next == 0 && store->spoilt_used == 0)) return FTTE_OK;
    return new_log(store, store->record_bytes);
}

// Makes the next position writable. Records start in the middle of a page only behind others of this log, so that page
// was erased for them; what is dirty there is a record cut short, which is passed over.
static int make_room(struct ftte_store *store) {
    uint32_t page = store->flash->page_bytes;
    for (;; store->samples_next++) {
        if (store->samples_next >= positions(store)) return FTTE_ERR_SAMPLES_FULL;
        uint32_t at = position_at(store, store->samples_next), end = at + stride(store);
        uint32_t page_end = round_up(at + 1, page);
        if (at % page == 0) return FTTE_OK;
        if (ftte_flash_blank(store, at, (end < page_end ? end : page_end) - at)) return FTTE_OK;
        // The next position may start in a page that only this record reached.
        int result = FTTE_OK;
        for (; page_end < end && result >= 0; page_end += page) result = ftte_flash_prepare(store, page_end);
        if (result >= 0) result = note_spoilt(store, store->samples_next);
        if (result < 0) return result;
    }
}

// Programs whole units, erasing each page when its first byte is reached.
static int program_units(struct ftte_store *store, uint32_t at, const uint8_t *bytes, uint32_t count) {
    uint32_t page = store->flash->page_bytes;
    while (count > 0) {
        uint32_t left = page - at % page, take = count < left ? count : left;
        int result = at % page == 0 ? ftte_flash_prepare(store, at) : FTTE_OK;
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
    uint32_t unit = unit_of(store), whole = count & ~(unit - 1);
    int result = program_units(store, at, bytes, whole);
    if (result < 0 || whole == count) return result;
    memset(last, 0xff, sizeof last);
    memcpy(last, bytes + whole, count - whole);
    return program_units(store, at + whole, last, unit);
}

int ftte_store_sample_append(struct ftte_store *store, const void *record) {
    if (store->record_bytes == 0) return FTTE_ERR_STATE;
    int result = make_room(store);
    if (result < 0) return result;
    uint32_t position = store->samples_next, at = position_at(store, position);
    uint32_t mark = mark_of(store, position, record);
    result = program_padded(store, at, record, store->record_bytes);
    if (result >= 0) result = program_padded(store, at + mark_at(store), (const uint8_t *)&mark, sizeof mark);
    if (result < 0) return result;
    store->samples_next++;
    store->samples++;
    return FTTE_OK;
}
