// Reading and programming a slot's headers (slot.h). Nothing read from flash is trusted before its check matched and
// its lengths fit the slot.
#include "store/slot.h"

#include <stddef.h>
#include <string.h>

#include "digest/crc32.h"
#include "store/flash.h"

#define MAGIC 0x42455446u // "FTEB"

bool ftte_slot_known(const struct ftte_store *store, int kind) {
    return kind > 0 && kind < FTTE_STORE_KINDS && store->flash->partition_bytes[kind] != 0;
}

// Sequence numbers wrap, so the difference decides.
bool ftte_slot_newer(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0; }

void ftte_slot_settle(struct ftte_store_slot *slot) {
    bool second = slot->committed[1] && (!slot->committed[0] || ftte_slot_newer(slot->sequence[1], slot->sequence[0]));
    slot->newest = (int8_t)(second ? 1 : slot->committed[0] ? 0 : -1);
}

uint32_t ftte_slot_at(const struct ftte_store *store, int kind, int which) {
    return store->slot[kind].offset + (uint32_t)which * store->flash->partition_bytes[kind];
}

static uint32_t begin_check(const struct slot_begin *begin) {
    return ftte_crc32(0, begin, offsetof(struct slot_begin, check));
}

static uint32_t commit_check(const struct slot_begin *begin, const struct slot_commit *commit) {
    uint32_t crc = ftte_crc32(0, begin, sizeof *begin);
    return ftte_crc32(crc, commit, offsetof(struct slot_commit, check));
}

bool ftte_slot_begun(const struct ftte_store *store, int kind, int which, struct slot_begin *begin) {
    uint32_t slot_bytes = store->flash->partition_bytes[kind];
    if (slot_bytes == 0) return false;
    memcpy(begin, store->flash->map + ftte_slot_at(store, kind, which), sizeof *begin);
    return begin->magic == MAGIC && begin->check == begin_check(begin) && begin->kind == (uint32_t)kind &&
           begin->total <= slot_bytes - SLOT_DATA_AT;
}

bool ftte_slot_committed(const struct ftte_store *store, int kind, int which, struct slot_commit *commit) {
    struct slot_begin begin;
    if (!ftte_slot_begun(store, kind, which, &begin)) return false;
    const uint8_t *slot = store->flash->map + ftte_slot_at(store, kind, which);
    memcpy(commit, slot + SLOT_COMMIT_AT, sizeof *commit);
    if (commit->check != commit_check(&begin, commit) || commit->length != begin.total) return false;
    return ftte_crc32(0, slot + SLOT_DATA_AT, commit->length) == commit->crc;
}

int ftte_slot_write_begin(struct ftte_store *store, int kind, uint32_t sequence) {
    const struct ftte_store_slot *slot = &store->slot[kind];
    struct slot_begin begin = {.magic = MAGIC, .kind = (uint32_t)kind, .total = slot->total, .sequence = sequence};
    begin.made_here = slot->writing == FTTE_STORE_MADE_HERE;
    memcpy(begin.sha256, slot->sha256, sizeof begin.sha256);
    begin.check = begin_check(&begin);
    return ftte_flash_write(store, ftte_slot_at(store, kind, slot->target), &begin, sizeof begin);
}

int ftte_slot_write_commit(struct ftte_store *store, int kind, struct slot_commit *commit) {
    struct slot_begin begin;
    int target = store->slot[kind].target;
    if (!ftte_slot_begun(store, kind, target, &begin)) return FTTE_ERR_FLASH;
    commit->check = commit_check(&begin, commit);
    return ftte_flash_write(store, ftte_slot_at(store, kind, target) + SLOT_COMMIT_AT, commit, sizeof *commit);
}

static int zero_commit(struct ftte_store *store, int kind, int which) {
    static const uint8_t zeros[sizeof(struct slot_commit)];
    uint32_t at = ftte_slot_at(store, kind, which) + SLOT_COMMIT_AT;
    if (memcmp(store->flash->map + at, zeros, sizeof zeros) == 0) return FTTE_OK;
    return ftte_flash_write(store, at, zeros, sizeof zeros);
}

int ftte_slot_forget(struct ftte_store *store, int kind, int which) {
    struct ftte_store_slot *slot = &store->slot[kind];
    int result = zero_commit(store, kind, which);
    if (result < 0) return result;
    slot->committed[which] = false;
    ftte_slot_settle(slot);
    return FTTE_OK;
}

uint32_t ftte_slot_received(const struct ftte_store *store, int kind, int which, uint32_t total) {
    uint32_t at = ftte_slot_at(store, kind, which), unit = store->flash->program_bytes;
    uint32_t page = store->flash->page_bytes, full = 0;
    while (full + page <= SLOT_DATA_AT + total && !ftte_flash_blank(store, at + full + page - unit, unit)) full += page;
    return full > SLOT_DATA_AT ? full - SLOT_DATA_AT : 0;
}
