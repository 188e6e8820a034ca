// The newest log entries until they are sent: a ring of fixed size. When it is full the oldest goes, sent or not, so
// that writing never waits. Entries are numbered from the start on; who receives them knows by a gap how many were
// lost. Neither levels nor frames: session/log.c.
#ifndef FTTE_LOG_RING_H
#define FTTE_LOG_RING_H

#include <stdint.h>

#include "spec.gen.h"

enum { FTTE_LOG_RING_ENTRIES = 16, FTTE_LOG_FRAME_ENTRIES = FTTE_FRAME_BODY_MAX / sizeof(struct ftte_log_entry) };

// All zeros: an empty ring.
struct ftte_log_ring {
    struct ftte_log_entry entries[FTTE_LOG_RING_ENTRIES];
    uint32_t written; // so many since the start: the number of the next one
    uint32_t next;    // number of the next one to be sent
};

void ftte_log_ring_write(struct ftte_log_ring *ring, const struct ftte_log_entry *entry);

// Goes on sending at entry number `from`, or at the oldest one that is left behind it. A number that was not given yet
// (the other side counts another start's entries) means the oldest one.
void ftte_log_ring_rewind(struct ftte_log_ring *ring, uint32_t from);

// Entries that can be sent now, in order, as many as lie in a row and go into a frame; `*entries` points at the first,
// whose number is ring->next. 0 when there is none.
uint32_t ftte_log_ring_ready(const struct ftte_log_ring *ring, const struct ftte_log_entry **entries);

// `count` of them were sent.
void ftte_log_ring_sent(struct ftte_log_ring *ring, uint32_t count);

#endif
