// Which blobs are there, and making them absent (store.h promises, slot.h lays out). Writing a blob is receive.c, the
// sample log is samples.c and samples_write.c. Knows nothing of what a blob means.
#include "store/store.h"

#include <string.h>

#include "store/samples.h"
#include "store/slot.h"

static void read_slots(struct ftte_store *store, int kind) {
    struct ftte_store_slot *slot = &store->slot[kind];
    for (int which = 0; which < 2; which++) {
        struct slot_begin begin;
        struct slot_commit commit;
        slot->sequence[which] = ftte_slot_begun(store, kind, which, &begin) ? begin.sequence : 0;
        slot->committed[which] = ftte_slot_committed(store, kind, which, &commit);
    }
    ftte_slot_settle(slot);
}

static bool usable(const struct ftte_flash_geometry *flash) {
    uint32_t page = flash->page_bytes, unit = flash->program_bytes;
    if (unit == 0 || unit > FTTE_STORE_PROGRAM_MAX || (unit & (unit - 1)) != 0) return false;
    return page >= FTTE_STORE_SLOT_HEADER && page % FTTE_STORE_PROGRAM_MAX == 0 && flash->bytes % page == 0;
}

int ftte_store_open(struct ftte_store *store) {
    memset(store, 0, sizeof *store);
    const struct ftte_flash_geometry *flash = store->flash = ftte_port_flash_geometry();
    uint32_t at = 0;
    if (!usable(flash)) return FTTE_ERR_FLASH_RANGE;
    for (int kind = 1; kind < FTTE_STORE_KINDS; kind++) {
        uint32_t bytes = flash->partition_bytes[kind];
        if (bytes % flash->page_bytes != 0 || bytes > (flash->bytes - at) / 2) return FTTE_ERR_FLASH_RANGE;
        store->slot[kind].offset = at;
        at += 2 * bytes;
        read_slots(store, kind);
    }
    store->samples_offset = at;
    store->samples_bytes = flash->bytes - at;
    ftte_samples_read(store);
    return FTTE_OK;
}

static struct ftte_blob blob_in(const struct ftte_store *store, int kind, int which) {
    struct ftte_blob blob = {0};
    struct slot_commit commit;
    const uint8_t *slot = store->flash->map + ftte_slot_at(store, kind, which);
    memcpy(&commit, slot + SLOT_COMMIT_AT, sizeof commit);
    blob.bytes = slot + SLOT_DATA_AT;
    blob.length = commit.length;
    blob.crc = commit.crc;
    blob.tag = commit.tag;
    memcpy(blob.sha256, commit.sha256, sizeof blob.sha256);
    return blob;
}

struct ftte_blob ftte_store_get(const struct ftte_store *store, int kind) {
    if (!ftte_slot_known(store, kind) || store->slot[kind].newest < 0) return (struct ftte_blob){0};
    return blob_in(store, kind, store->slot[kind].newest);
}

struct ftte_blob ftte_store_previous(const struct ftte_store *store, int kind) {
    if (!ftte_slot_known(store, kind) || store->slot[kind].newest < 0) return (struct ftte_blob){0};
    int which = 1 - store->slot[kind].newest;
    return store->slot[kind].committed[which] ? blob_in(store, kind, which) : (struct ftte_blob){0};
}

int ftte_store_drop(struct ftte_store *store, int kind) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    struct ftte_store_slot *slot = &store->slot[kind];
    if (slot->newest < 0) return FTTE_OK;
    // The older one first: a cut in between must not bring it back.
    int newest = slot->newest, result = FTTE_OK;
    if (slot->committed[1 - newest]) result = ftte_slot_forget(store, kind, 1 - newest);
    return result < 0 ? result : ftte_slot_forget(store, kind, newest);
}

int ftte_store_revert(struct ftte_store *store, int kind) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    if (store->slot[kind].newest < 0) return FTTE_ERR_BLOB_ABSENT;
    return ftte_slot_forget(store, kind, store->slot[kind].newest);
}

int ftte_store_abandon(struct ftte_store *store, int kind) {
    if (!ftte_slot_known(store, kind)) return FTTE_ERR_BLOB_KIND;
    if (!store->slot[kind].writing) return FTTE_OK;
    store->slot[kind].writing = 0;
    return ftte_slot_forget(store, kind, store->slot[kind].target);
}

struct ftte_store_counters ftte_store_counters(const struct ftte_store *store) {
    struct ftte_store_counters counters = store->counters;
    counters.free_bytes = ftte_samples_free(store);
    return counters;
}
