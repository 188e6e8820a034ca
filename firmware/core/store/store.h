// Power-cut-safe storage of blobs and samples in NOR flash. Each kind of blob (enum ftte_blob_kind) has two slots: one
// holds the committed blob, the next is received into the other, and a single programmed word at the end makes it the
// valid one. After a cut at any byte the store holds the old blob or the new one, never a mixture. Reads are in place.
// No RAM beyond this struct.
#ifndef FTTE_STORE_H
#define FTTE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "digest/sha256.h"
#include "ftte_port.h"

struct ftte_blob {
    const uint8_t *bytes; // in flash; null when absent
    uint32_t length;
    uint32_t crc; // CRC-32 of the bytes
    uint32_t tag; // the writer's word for it (a task, a version)
    uint8_t sha256[32];
};

struct ftte_store; // definition below, so that callers can hold one

// Reads the state of every slot and of the sample log. Returns FTTE_OK or an error of the flash; never fails on damaged
// contents.
int ftte_store_open(struct ftte_store *store);

// The committed blob of `kind`, newest first; `bytes` is null when there is none.
struct ftte_blob ftte_store_get(const struct ftte_store *store, int kind);
// The committed blob of `kind` that is not the newest (the one an interrupted replacement falls back to).
struct ftte_blob ftte_store_previous(const struct ftte_store *store, int kind);

// Begins or goes on with receiving a blob. When an unfinished blob with the same kind, total and hash is there, `*have`
// is how many bytes of it need not be sent again (after a power cut: whole pages), else 0. Pages are erased when they
// are reached. The previous blob of `kind` is gone after this. Returns FTTE_OK, FTTE_ERR_BLOB_KIND, FTTE_ERR_BLOB_LONG
// or an error of the flash.
int ftte_store_begin(struct ftte_store *store, int kind, uint32_t total, const uint8_t sha256[32], uint32_t *have);
// Like begin, for blobs made on the board whose hash is not known yet; never resumes.
int ftte_store_create(struct ftte_store *store, int kind, uint32_t total);
// CRC-32 of the first `have` bytes of the blob being received.
uint32_t ftte_store_prefix_crc(const struct ftte_store *store, int kind, uint32_t have);
// Appends bytes at `offset`, which must be where the last append ended. Returns FTTE_OK, FTTE_ERR_STATE (not begun),
// FTTE_ERR_ARGUMENT (another offset, or more than the total) or an error of the flash: then begin again.
int ftte_store_append(struct ftte_store *store, int kind, uint32_t offset, const void *bytes, uint32_t count);
// Checks length, SHA-256 (for begun blobs) and read-back, then commits with `tag`. Returns FTTE_OK, FTTE_ERR_STATE (not
// begun, or not all there yet: go on), FTTE_ERR_BLOB_HASH (forgotten: begin again at 0) or FTTE_ERR_FLASH.
int ftte_store_commit(struct ftte_store *store, int kind, uint32_t tag);
// Forgets the blob being received, so that the next begin starts at 0 (a prefix that the sender does not recognise).
int ftte_store_abandon(struct ftte_store *store, int kind);
// Makes the committed blob of `kind` absent. Idempotent, power-safe.
int ftte_store_drop(struct ftte_store *store, int kind);
// Makes the newest blob of `kind` invalid so that the previous one is the committed one again (kernels whose self-test
// failed). FTTE_ERR_BLOB_ABSENT when there is none.
int ftte_store_revert(struct ftte_store *store, int kind);

// ---- samples: a log of records of one size, oldest first
// ---------------------------------------------------------------

// Records are `record_bytes` long; a log of another size is emptied. Returns how many fit (0 when the flash left for
// samples has fewer than three pages), or an error.
int ftte_store_samples_open(struct ftte_store *store, uint32_t record_bytes);
// Appends one record; a cut leaves it in or out, never half. Returns FTTE_OK, FTTE_ERR_SAMPLES_FULL (also while
// records are there that only replacing would let go) or an error of the flash.
int ftte_store_sample_append(struct ftte_store *store, const void *record);
// Appends one record, in the place of the oldest ones when the log is full: a page's records go at a time, and each
// page is erased once in a lap. A cut leaves the new one in or out, and the oldest ones in or out. Returns FTTE_OK or
// an error of the flash.
int ftte_store_sample_replace(struct ftte_store *store, const void *record);
uint32_t ftte_store_samples(const struct ftte_store *store);
// The record in place, 4-aligned, or null if index is out of range.
const uint8_t *ftte_store_sample(const struct ftte_store *store, uint32_t index);
// Empties the log. A cut may leave its newest records.
int ftte_store_samples_clear(struct ftte_store *store);

// Free bytes for samples, page erases and programs since the store was opened.
struct ftte_store_counters {
    uint32_t free_bytes, erases, programs;
};
struct ftte_store_counters ftte_store_counters(const struct ftte_store *store);

#define FTTE_STORE_KINDS 11
#define FTTE_STORE_PROGRAM_MAX 32
#define FTTE_STORE_SLOT_HEADER 128 // taken from each slot; pages are no smaller
enum { FTTE_STORE_RECEIVED = 1, FTTE_STORE_MADE_HERE = 2 };

struct ftte_store {
    const struct ftte_flash_geometry *flash;
    struct ftte_store_slot {
        uint32_t offset; // of slot 0; slot 1 follows
        uint32_t sequence[2];
        bool committed[2];
        int8_t newest;        // 0, 1 or -1
        uint8_t writing;      // 0, FTTE_STORE_RECEIVED or FTTE_STORE_MADE_HERE: a blob is being written
        uint8_t target;       // into this slot
        uint8_t tail_count;   // bytes waiting for a full program unit
        uint32_t total, have; // of the blob being received
        uint8_t sha256[32];
        uint8_t tail[FTTE_STORE_PROGRAM_MAX];
    } slot[FTTE_STORE_KINDS];
    uint32_t samples_offset, samples_bytes, record_bytes, samples;
    struct ftte_store_lap { // of the sample log (samples.h): its records lie at the positions from first on, before end
        uint32_t generation, first, end;
        uint32_t spoilt; // entries behind the header
        uint8_t header;  // 0 or 1: the page that it lies in
    } lap, old_lap;      // the present one begins at 0; nothing is left of the old one when its first is its end
    struct ftte_store_counters counters;
};

#endif
