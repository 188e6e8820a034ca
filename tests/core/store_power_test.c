// Power cuts at every byte of every program and erase of a script of operations. After each cut the store must hold the
// state of before or after the operation, the operation must be possible again, and a second cut in that attempt must
// do no harm either. Where the oldest samples make room, they may be gone without more having happened. argv: try every
// n-th byte on the flash with small pages, and on the one with large pages.
#include <stdlib.h>
#include <string.h>

#include "digest/crc32.h"
#include "nor_flash.h"
#include "report.h"
#include "store/store.h"

enum { KIND = FTTE_BLOB_KIND_SLICE, NONE = 0 };

enum what { PUT, PUT_PART, CREATE, REVERT, DROP, ABANDON, APPEND, REPLACE, CLEAR };

static const char *const names[] = {
    "putting a blob", "putting part of a blob", "making a blob on the board", "reverting", "dropping",
    "abandoning",     "appending a sample",     "replacing samples",          "clearing"};

// `id` names a blob's contents and is its tag.
static const struct op {
    enum what what;
    uint32_t id;
} script[] = {
    {PUT, 1},     {PUT, 2},     {PUT_PART, 3}, {PUT, 3},     {REVERT, 0},  {PUT, 4},     {DROP, 0},     {CREATE, 5},
    {CREATE, 6},  {DROP, 0},    {PUT_PART, 7}, {PUT, 8},     {DROP, 0},    {PUT, 9},     {PUT_PART, 1}, {ABANDON, 1},
    {PUT, 10},    {APPEND, 0},  {APPEND, 0},   {APPEND, 0},  {APPEND, 0},  {APPEND, 0},  {APPEND, 0},   {CLEAR, 0},
    {APPEND, 0},  {APPEND, 0},  {APPEND, 0},   {CLEAR, 0},   {CLEAR, 0},   {APPEND, 0},  {REPLACE, 0},  {REPLACE, 0},
    {REPLACE, 0}, {REPLACE, 0}, {REPLACE, 0},  {REPLACE, 0}, {REPLACE, 0}, {REPLACE, 0}, {REPLACE, 0},  {REPLACE, 0},
    {REPLACE, 0}, {REPLACE, 0}, {REPLACE, 0},  {REPLACE, 0}, {REPLACE, 0}, {CLEAR, 0},   {APPEND, 0},
};
enum { OPS = sizeof script / sizeof *script };

// Samples are numbered from each clear on: the log holds those from `first` to before `end`.
struct state {
    uint32_t newest, previous, first, end;
};

static struct ftte_flash_geometry flash;
static uint32_t record_bytes, blob_bytes;
static struct ftte_store store;
static uint8_t content[16384], hash[32];
static uint32_t cuts, wrong, resumed;
static uint32_t next_sample, replaced; // the number of the sample to be appended next; how many were let go

static uint32_t length_of(uint32_t id) { return blob_bytes - id * 31; }

static void make(uint32_t id) {
    struct ftte_sha256 sha;
    for (uint32_t i = 0; i < length_of(id); i++) content[i] = (uint8_t)(i % 97 < 30 ? 0xff : (i * (2 * id + 1)) >> 2);
    ftte_sha256_start(&sha);
    ftte_sha256_add(&sha, content, length_of(id));
    ftte_sha256_finish(&sha, hash);
}

// Alike in every log, so that left-over records are as tempting as can be; some are blank flash.
static void make_record(uint32_t index) {
    for (uint32_t i = 0; i < record_bytes; i++) content[i] = (uint8_t)(index % 3 == 1 ? 0xff : index * 7 + i);
}

static int append_all(uint32_t have, uint32_t end) {
    int result = FTTE_OK;
    for (uint32_t piece = 61; have < end && result >= 0; have += piece) {
        if (piece > end - have) piece = end - have;
        result = ftte_store_append(&store, KIND, have, content + have, piece);
    }
    return result;
}

static int put(uint32_t id, bool whole) {
    uint32_t have, total = length_of(id);
    make(id);
    int result = ftte_store_begin(&store, KIND, total, hash, &have);
    if (result >= 0 && have > 0) {
        resumed++;
        // As the host does: what does not have the right CRC is sent again from the start.
        if (ftte_store_prefix_crc(&store, KIND, have) != ftte_crc32(0, content, have)) {
            ftte_store_abandon(&store, KIND);
            result = ftte_store_begin(&store, KIND, total, hash, &have);
        }
    }
    if (result >= 0) result = append_all(have, whole ? total : total * 2 / 3);
    return result < 0 || !whole ? result : ftte_store_commit(&store, KIND, id);
}

static int create(uint32_t id) {
    make(id);
    int result = ftte_store_create(&store, KIND, length_of(id));
    if (result >= 0) result = append_all(0, length_of(id));
    return result < 0 ? result : ftte_store_commit(&store, KIND, id);
}

static int abandon(uint32_t id) {
    uint32_t have;
    make(id);
    int result = ftte_store_begin(&store, KIND, length_of(id), hash, &have);
    return result < 0 ? result : ftte_store_abandon(&store, KIND);
}

static int perform(struct op op) {
    switch (op.what) {
    case PUT: return put(op.id, true);
    case PUT_PART: return put(op.id, false);
    case CREATE: return create(op.id);
    case REVERT: return ftte_store_revert(&store, KIND);
    case DROP: return ftte_store_drop(&store, KIND);
    case ABANDON: return abandon(op.id);
    case APPEND: make_record(next_sample); return ftte_store_sample_append(&store, content);
    case REPLACE: make_record(next_sample); return ftte_store_sample_replace(&store, content);
    case CLEAR: return ftte_store_samples_clear(&store);
    }
    return FTTE_ERR_ARGUMENT;
}

static struct state after(struct state s, struct op op) {
    switch (op.what) {
    case PUT:
    case CREATE: return (struct state){op.id, s.newest, s.first, s.end};
    case PUT_PART:
    case ABANDON: return (struct state){s.newest, NONE, s.first, s.end};
    case REVERT: return (struct state){s.previous, NONE, s.first, s.end};
    case DROP: return (struct state){NONE, NONE, s.first, s.end};
    case APPEND:
    case REPLACE: return (struct state){s.newest, s.previous, s.first, s.end + 1};
    case CLEAR: return (struct state){s.newest, s.previous, 0, 0};
    }
    return s;
}

// The blob's id, NONE when absent, or -1 when it is not what was put under that id.
static uint32_t identify(struct ftte_blob blob) {
    if (!blob.bytes) return NONE;
    if (blob.tag == 0 || blob.tag > 10 || blob.length != length_of(blob.tag)) return UINT32_MAX;
    make(blob.tag);
    bool same = memcmp(blob.bytes, content, blob.length) == 0 && memcmp(blob.sha256, hash, 32) == 0;
    return same && blob.crc == ftte_crc32(0, content, blob.length) ? blob.tag : UINT32_MAX;
}

// True when the log's samples are those before `end`.
static bool ends_at(uint32_t end) {
    uint32_t count = ftte_store_samples(&store);
    if (count > end) return false;
    for (uint32_t i = 0; i < count; i++) {
        make_record(end - count + i);
        if (memcmp(ftte_store_sample(&store, i), content, record_bytes) != 0) return false;
    }
    return !ftte_store_sample(&store, count);
}

// What the store holds now, after `before` and perhaps one sample more.
static struct state reopen(struct state before) {
    struct state s = {-1u, 0, 0, 0};
    if (ftte_store_open(&store) < 0 || ftte_store_samples_open(&store, record_bytes) < 0) return s;
    s.newest = identify(ftte_store_get(&store, KIND));
    s.previous = identify(ftte_store_previous(&store, KIND));
    uint32_t count = ftte_store_samples(&store);
    if (count > 0) s.end = ends_at(before.end) ? before.end : ends_at(before.end + 1) ? before.end + 1 : 1000000;
    s.first = s.end - count;
    next_sample = s.end;
    return s;
}

static bool same(struct state a, struct state b) {
    return a.newest == b.newest && a.previous == b.previous && a.first == b.first && a.end == b.end;
}

// The oldest samples may be gone: those of two pages, as cuts spoil places, or those of a lap that is cleared.
static struct state without_oldest(struct state s, struct state found, struct op op) {
    bool few = found.first <= s.first + 6, goes = (op.what == REPLACE && few) || op.what == CLEAR;
    if (goes && found.first > s.first && found.first < s.end) s.first = found.first;
    return s;
}

// Before, after, or before without the spare blob, which is given up first.
static bool allowed(struct state found, struct state before, struct state done, struct op op) {
    struct state spent = before;
    spent.previous = NONE;
    return same(found, without_oldest(before, found, op)) || same(found, without_oldest(done, found, op)) ||
           same(found, spent);
}

// Runs `op` with power failing after `step` more bytes. Returns true if it failed before the end.
static bool interrupted(struct op op, uint64_t step) {
    nor_flash_cut_at(nor_flash_steps() + step);
    if (setjmp(nor_flash_power) != 0) return true;
    perform(op);
    nor_flash_cut_at(NOR_FLASH_NEVER);
    return false;
}

// Whether `op` is still to be done: revert and append are not repeatable.
static bool unfinished(struct state found, struct state done, struct op op) {
    return op.what == PUT_PART || op.what == ABANDON || !same(found, without_oldest(done, found, op));
}

static bool survives(struct op op, struct state before, uint64_t first, uint64_t second) {
    struct state done = after(before, op), found;
    next_sample = before.end;
    interrupted(op, first);
    found = reopen(before);
    if (!allowed(found, before, done, op)) return false;
    if (unfinished(found, done, op) && interrupted(op, second)) {
        found = reopen(before);
        if (!allowed(found, before, done, op)) return false;
    }
    if (unfinished(found = reopen(before), done, op) && perform(op) < 0) return false;
    found = reopen(before);
    if (op.what != PUT && op.what != CREATE && op.what != REVERT)
        return same(found, without_oldest(done, found, op)) && (op.what != CLEAR || found.end == 0);
    // The spare blob may have been given up by the attempts before.
    return found.newest == done.newest && found.first == done.first && found.end == done.end;
}

static void sweep(struct op op, struct state before, uint32_t every) {
    uint8_t *image = malloc(flash.bytes);
    if (!image) abort();
    memcpy(image, nor_flash_bytes(), flash.bytes);
    uint64_t steps = nor_flash_steps(), n = 0;
    next_sample = before.end;
    perform(op);
    steps = nor_flash_steps() - steps;
    for (; n < steps; n += every, cuts++) {
        memcpy(nor_flash_bytes(), image, flash.bytes);
        ftte_store_open(&store);
        if (survives(op, before, n, (n * 2654435761u) % (steps + 1))) continue;
        if (wrong++ < 5) report(false, "%s (id %u): cut at byte %u", names[op.what], op.id, (uint32_t)n);
    }
    memcpy(nor_flash_bytes(), image, flash.bytes);
    free(image);
}

static void run(uint32_t page_bytes, uint32_t program_bytes, uint32_t every) {
    struct state state = {0};
    bool straight = true;
    flash = (struct ftte_flash_geometry){.page_bytes = page_bytes, .program_bytes = program_bytes};
    flash.partition_bytes[KIND] = 3 * page_bytes;
    flash.bytes = 6 * page_bytes + 6 * page_bytes;
    blob_bytes = 3 * page_bytes - 128;
    record_bytes = page_bytes * 2 / 5 + 3;
    cuts = wrong = resumed = replaced = 0;
    nor_flash_start(&flash);
    reopen(state);
    for (int i = 0; i < OPS; i++) {
        sweep(script[i], state, every);
        reopen(state);
        straight &= perform(script[i]) >= 0;
        struct state found = reopen(state);
        state = without_oldest(after(state, script[i]), found, script[i]);
        straight &= same(found, state);
        replaced = state.first > replaced ? state.first : replaced;
    }
    straight &= replaced > 5; // the second lap comes round
    report(straight, "the script runs on %u-byte pages and %u-byte units", page_bytes, program_bytes);
    report(wrong == 0 && cuts > 0 && resumed > 0,
           "%u power cuts on %u-byte pages and %u-byte units: old or new, never a mixture (%u transfers resumed)", cuts,
           page_bytes, program_bytes, resumed);
}

int main(int argc, char **argv) {
    uint32_t small = argc > 1 ? (uint32_t)atoi(argv[1]) : 1, large = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
    for (uint32_t unit = 1; unit <= 16; unit = unit == 1 ? 4 : unit * 2) {
        run(256, unit, small);
        run(4096, unit, large);
    }
    puts("done");
    return 0;
}
