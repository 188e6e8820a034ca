// The gate: every operand that the guest hands to the BLAS is checked here, once, and turned into what the translated
// BLAS takes: the absolute address on 32-bit chips, else an offset from the linear memory's first byte. Private to
// guest/.
#ifndef FTTE_GATE_H
#define FTTE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/guest.h"

// Checks that `bytes` bytes at the guest address `*at` lie in linear memory or, where the operand is only read, in a
// bound region, aligned as `kind` says: the alignment (1, 2, 4) less one, plus FTTE_GATE_READS where it is only read.
// Replaces `*at` with what the translated BLAS takes. Zero bytes are allowed anywhere inside. Its arguments fit the
// registers of every chip.
enum { FTTE_GATE_READS = 4 };
bool ftte_gate_pass(struct ftte_guest *guest, uint32_t *at, uint32_t bytes, uint32_t kind);

// The same for extents that are worked out in 64 bits.
static inline bool ftte_gate_pass_wide(struct ftte_guest *guest, uint32_t *at, uint64_t bytes, uint32_t kind) {
    return ftte_gate_pass(guest, at, bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes, kind); // more than any memory
}

// Fuel. Work is counted in turns of the leaves' innermost loops (each leaf's extents say how many), and whoever does
// some pays first. When the tank is empty `expired` is asked, and the tank is full again. A leaf cannot be interrupted,
// so none may take more than FTTE_LEAF_TURNS_MAX turns: a second or two on the slowest chip. Every call of the guest
// costs FTTE_GUEST_CALL_TURNS, so that what lies between two of them cannot be repeated for ever.
enum { FTTE_GUEST_FUEL = 1 << 16, FTTE_GUEST_CALL_TURNS = 32 };

// Fills the tank unless the call must end. Returns whether `turns` more may be done.
bool ftte_guest_refuel(struct ftte_guest *guest, uint64_t turns);

// Returns whether `turns` (below 2^63) may be done; if not, the call has to end with FTTE_ERR_GUEST_TIME.
static inline bool ftte_guest_spend(struct ftte_guest *guest, uint64_t turns) {
    turns += FTTE_GUEST_CALL_TURNS;
    if (turns > guest->fuel) return ftte_guest_refuel(guest, turns);
    guest->fuel -= (uint32_t)turns;
    return true;
}

#endif
