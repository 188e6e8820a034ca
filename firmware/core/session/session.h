// The board: one state machine (idle → receiving → training → reporting) over port, link, store and guest. A port's
// main calls ftte_session_open once and ftte_session_poll for ever. All of its memory is the pool that the port gives:
// this struct, the frame buffers, the engine, the guest's linear memory.
#ifndef FTTE_SESSION_H
#define FTTE_SESSION_H

#include "ftte_port.h"

struct ftte_session;

// Takes `bytes` of RAM at `pool` (16-aligned, the board's whole allowance apart from the native stack), opens the store
// and picks up where the last power cut left: an unfinished task goes on from its checkpoint, a finished one reports
// its update. `stack` is painted by the port with FTTE_STACK_PAINT before the call and measured for stats; null when
// the port cannot. Returns the session, inside the pool, or null when the pool is too small even for that.
struct ftte_session *ftte_session_open(void *pool, uint32_t bytes, const uint32_t *stack, uint32_t stack_bytes);

// Reads the link, answers commands, sends what is due and, when training, runs one step. Returns how many milliseconds
// the port may sleep before the next call (0: call again at once).
uint32_t ftte_session_poll(struct ftte_session *session);

#define FTTE_STACK_PAINT 0xa5a5a5a5u

#endif
