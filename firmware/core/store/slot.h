// How a slot lies in flash. Private to store/.
//
//     0    slot_begin   programmed when the blob is begun
//     64   slot_commit  programmed when it is whole; overwritten with zeros when it is dropped
//     128  the blob's bytes
//
// Every program unit is written once between erases, except slot_commit, which may be overwritten with zeros.
//
// Pages are erased when they are reached, and one page ahead: before the last unit of a page is programmed, the next
// page is blank. So the first page whose last unit is blank is where an interrupted transfer stopped, whatever older
// data lies behind it. That page is received again, as its last unit may be half programmed.
#ifndef FTTE_SLOT_H
#define FTTE_SLOT_H

#include "store/store.h"

struct slot_begin {
    uint32_t magic, kind, total, sequence;
    uint8_t sha256[32]; // zero for blobs made on the board
    uint32_t made_here, reserved[2];
    uint32_t check; // CRC-32 of what precedes
};
_Static_assert(sizeof(struct slot_begin) == 64, "slot_begin");

struct slot_commit {
    uint32_t crc, tag, length, reserved;
    uint8_t sha256[32];
    uint32_t reserved2[3];
    uint32_t check; // CRC-32 of slot_begin and what precedes
};
_Static_assert(sizeof(struct slot_commit) == 64, "slot_commit");

enum { SLOT_COMMIT_AT = 64, SLOT_DATA_AT = FTTE_STORE_SLOT_HEADER };

// True when the board has slots for `kind`.
bool ftte_slot_known(const struct ftte_store *store, int kind);
// Compares sequence numbers, which wrap.
bool ftte_slot_newer(uint32_t a, uint32_t b);
// Sets `newest` from what is committed.
void ftte_slot_settle(struct ftte_store_slot *slot);
// Offset in flash of slot `which` (0 or 1) of `kind`.
uint32_t ftte_slot_at(const struct ftte_store *store, int kind, int which);
// Reads slot_begin. False when it is not one of `kind` that fits the slot.
bool ftte_slot_begun(const struct ftte_store *store, int kind, int which, struct slot_begin *begin);
// Reads slot_commit. False unless the blob is committed, not dropped, and its bytes still have their CRC.
bool ftte_slot_committed(const struct ftte_store *store, int kind, int which, struct slot_commit *commit);
// Programs slot_begin of the blob being received in a slot whose first page is blank.
int ftte_slot_write_begin(struct ftte_store *store, int kind, uint32_t sequence);
// Programs slot_commit of the blob being received.
int ftte_slot_write_commit(struct ftte_store *store, int kind, struct slot_commit *commit);
// Overwrites slot_commit with zeros: the slot is neither committed nor resumable any more.
int ftte_slot_forget(struct ftte_store *store, int kind, int which);
// Bytes of the unfinished blob in the slot that need not be sent again: zero, or up to a page's end, or all.
uint32_t ftte_slot_received(const struct ftte_store *store, int kind, int which, uint32_t total);

#endif
