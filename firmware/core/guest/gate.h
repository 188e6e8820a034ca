// The gate: every operand that the guest hands to the BLAS is checked here, once, and turned into what the translated
// BLAS takes: the absolute address on 32-bit chips, else an offset from the linear memory's first byte. Private to
// guest/.
#ifndef FTTE_GATE_H
#define FTTE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/guest.h"

// Checks that `bytes` bytes at the guest address `*at`, aligned to `align`, lie in linear memory or, where the operand
// is `read_only`, in a bound region; replaces `*at` with what the translated BLAS takes. Zero bytes are allowed
// anywhere inside.
bool ftte_blas_operand(struct ftte_guest *guest, uint32_t *at, uint64_t bytes, uint32_t align, bool read_only);

// True when the session wants the running call to end.
bool ftte_guest_expired(struct ftte_guest *guest);

#endif
