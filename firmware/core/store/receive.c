// Writing a blob into the slot that does not hold the newest one, until the commit (store.h promises, slot.h lays out).
// Knows nothing of frames and windows: bytes come in order.
#include <string.h>

#include "digest/crc32.h"
#include "store/flash.h"
#include "store/slot.h"

static uint32_t capacity(const struct ftte_store *store, int kind) {
    return store->flash->partition_bytes[kind] - FTTE_STORE_SLOT_HEADER;
}

// Takes the slot that does not hold the newest blob and erases its first page.
static int start(struct ftte_store *store, int kind) {
    struct ftte_store_slot *slot = &store->slot[kind];
    int latest = slot->newest >= 0 ? slot->newest : ftte_slot_newer(slot->sequence[1], slot->sequence[0]);
    uint32_t sequence = slot->sequence[latest] + 1;
    slot->target = (uint8_t)(1 - latest);
    uint32_t at = ftte_slot_at(store, kind, slot->target);
    int result = FTTE_OK;
    // An erase that is cut short must not leave a valid header over damaged bytes.
    if (!ftte_flash_blank(store, at, SLOT_DATA_AT)) result = ftte_slot_forget(store, kind, slot->target);
    if (result >= 0) result = ftte_flash_prepare(store, at);
    if (result >= 0) result = ftte_slot_write_begin(store, kind, sequence);
    slot->committed[slot->target] = false;
    slot->sequence[slot->target] = sequence;
    if (result < 0) slot->writing = 0;
    return result;
}

static bool resumable(const struct ftte_store *store, int kind, int which) {
    const struct ftte_store_slot *slot = &store->slot[kind];
    struct slot_begin begin;
    if (which == slot->newest || !ftte_slot_begun(store, kind, which, &begin)) return false;
    if (begin.made_here || begin.total != slot->total || memcmp(begin.sha256, slot->sha256, 32) != 0) return false;
    return ftte_flash_blank(store, ftte_slot_at(store, kind, which) + SLOT_COMMIT_AT, sizeof(struct slot_commit));
}

// Goes on with an unfinished blob in flash. Returns 1 when there is one, 0 when not, or an error of the flash.
static int resume(struct ftte_store *store, int kind) {
    struct ftte_store_slot *slot = &store->slot[kind];
    for (int which = 0; which < 2; which++) {
        if (!resumable(store, kind, which)) continue;
        uint32_t have = ftte_slot_received(store, kind, which, slot->total);
        if (have == 0) continue;
        slot->target = (uint8_t)which;
        slot->have = have;
        uint32_t end = ftte_slot_at(store, kind, which) + SLOT_DATA_AT + have;
        int result = have < slot->total ? ftte_flash_prepare(store, end) : FTTE_OK;
        return result < 0 ? result : 1;
    }
    return 0;
}

static int begin_any(struct ftte_store *store, int kind, uint32_t total) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    if (total > capacity(store, kind)) return FTTE_ERR_BLOB_LONG;
    store->slot[kind].total = total;
    store->slot[kind].have = 0;
    store->slot[kind].tail_count = 0;
    return FTTE_OK;
}

int ftte_store_begin(struct ftte_store *store, int kind, uint32_t total, const uint8_t sha256[32], uint32_t *have) {
    struct ftte_store_slot *slot = ftte_slot_known(store, kind) ? &store->slot[kind] : NULL;
    if (slot && slot->writing == FTTE_STORE_RECEIVED && slot->total == total && !memcmp(slot->sha256, sha256, 32)) {
        *have = slot->have;
        return FTTE_OK;
    }
    int result = begin_any(store, kind, total);
    *have = 0;
    if (result < 0) return result;
    slot->writing = FTTE_STORE_RECEIVED;
    memcpy(slot->sha256, sha256, 32);
    result = resume(store, kind);
    if (result == 0) return start(store, kind);
    if (result < 0) slot->writing = 0;
    *have = slot->have;
    return result < 0 ? result : FTTE_OK;
}

int ftte_store_create(struct ftte_store *store, int kind, uint32_t total) {
    int result = begin_any(store, kind, total);
    if (result < 0) return result;
    store->slot[kind].writing = FTTE_STORE_MADE_HERE;
    memset(store->slot[kind].sha256, 0, 32);
    return start(store, kind);
}

uint32_t ftte_store_prefix_crc(const struct ftte_store *store, int kind, uint32_t have) {
    if (!ftte_slot_known(store, kind) || !store->slot[kind].writing) return 0;
    const struct ftte_store_slot *slot = &store->slot[kind];
    uint32_t programmed = slot->have - slot->tail_count;
    if (have > slot->have) have = slot->have;
    const uint8_t *data = store->flash->map + ftte_slot_at(store, kind, slot->target) + SLOT_DATA_AT;
    uint32_t crc = ftte_crc32(0, data, have < programmed ? have : programmed);
    return have > programmed ? ftte_crc32(crc, slot->tail, have - programmed) : crc;
}

// Programs whole units at data offset `at`, no further than the page's end, after seeing to it that the next page is
// blank when this one gets full. Returns how many bytes it took.
static int program_some(struct ftte_store *store, int kind, uint32_t at, const uint8_t *bytes, uint32_t count) {
    const struct ftte_store_slot *slot = &store->slot[kind];
    uint32_t page = store->flash->page_bytes, slot_at = ftte_slot_at(store, kind, slot->target);
    uint32_t in_slot = SLOT_DATA_AT + at, page_end = in_slot - in_slot % page + page;
    if (count > page_end - in_slot) count = page_end - in_slot;
    int result = FTTE_OK;
    if (in_slot + count == page_end && page_end < SLOT_DATA_AT + slot->total)
        result = ftte_flash_prepare(store, slot_at + page_end);
    if (result >= 0) result = ftte_flash_write(store, slot_at + in_slot, bytes, count);
    return result < 0 ? result : (int)count;
}

// Takes what fits next: into the tail, or whole units straight from the caller. Returns the bytes taken or an error.
static int append_some(struct ftte_store *store, int kind, const uint8_t *bytes, uint32_t count) {
    struct ftte_store_slot *slot = &store->slot[kind];
    uint32_t unit = store->flash->program_bytes;
    if (slot->tail_count == 0 && count >= unit)
        return program_some(store, kind, slot->have, bytes, count & ~(unit - 1));
    uint32_t take = unit - slot->tail_count < count ? unit - slot->tail_count : count;
    memcpy(slot->tail + slot->tail_count, bytes, take);
    if (slot->tail_count + take == unit) {
        int result = program_some(store, kind, slot->have - slot->tail_count, slot->tail, unit);
        if (result < 0) return result;
    }
    slot->tail_count = (uint8_t)((slot->tail_count + take) % unit);
    return (int)take;
}

int ftte_store_append(struct ftte_store *store, int kind, uint32_t offset, const void *bytes, uint32_t count) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    struct ftte_store_slot *slot = &store->slot[kind];
    if (!slot->writing) return FTTE_ERR_STATE;
    if (offset != slot->have || count > slot->total - slot->have) return FTTE_ERR_ARGUMENT;
    for (uint32_t done = 0; done < count;) {
        int taken = append_some(store, kind, (const uint8_t *)bytes + done, count - done);
        if (taken < 0) slot->writing = 0; // begin again: what is in flash is found there
        if (taken < 0) return taken;
        done += (uint32_t)taken;
        slot->have += (uint32_t)taken;
    }
    return FTTE_OK;
}

static void digest(const struct ftte_store *store, int kind, struct slot_commit *commit) {
    const struct ftte_store_slot *slot = &store->slot[kind];
    const uint8_t *data = store->flash->map + ftte_slot_at(store, kind, slot->target) + SLOT_DATA_AT;
    struct ftte_sha256 sha;
    ftte_sha256_start(&sha);
    ftte_sha256_add(&sha, data, slot->total);
    ftte_sha256_finish(&sha, commit->sha256);
    commit->crc = ftte_crc32(0, data, slot->total);
    commit->length = slot->total;
}

// Programs what waits for a full unit.
static int flush(struct ftte_store *store, int kind) {
    const struct ftte_store_slot *slot = &store->slot[kind];
    if (slot->tail_count == 0) return FTTE_OK;
    uint32_t at = ftte_slot_at(store, kind, slot->target) + SLOT_DATA_AT + slot->have - slot->tail_count;
    return ftte_flash_write_padded(store, at, slot->tail, slot->tail_count);
}

int ftte_store_commit(struct ftte_store *store, int kind, uint32_t tag) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    struct ftte_store_slot *slot = &store->slot[kind];
    if (!slot->writing || slot->have != slot->total) return FTTE_ERR_STATE;
    struct slot_commit commit = {.tag = tag};
    int result = flush(store, kind);
    digest(store, kind, &commit);
    bool wrong = slot->writing == FTTE_STORE_RECEIVED && memcmp(commit.sha256, slot->sha256, 32) != 0;
    slot->writing = 0;
    if (result < 0) return result;
    if (wrong) {
        result = ftte_slot_forget(store, kind, slot->target);
        return result < 0 ? result : FTTE_ERR_BLOB_HASH;
    }
    result = ftte_slot_write_commit(store, kind, &commit);
    if (result < 0) return result;
    slot->committed[slot->target] = true;
    slot->newest = (int8_t)slot->target;
    return FTTE_OK;
}
