// What a fault's record must say of the function that was to fault, on chips' ports.
#ifndef PANIC_TRIAL_H
#define PANIC_TRIAL_H

#include <stdbool.h>

#include "ftte_port.h"

// NOTHING: there is no record. INSIDE: the fault was in the function. CALLED: in what it called. STACK: the stack had
// left RAM, and with it where the fault was.
enum panic_trial { NOTHING, INSIDE, CALLED, STACK };
enum { PANIC_TRIAL_CODE_BYTES = 96 }; // of a function that is to fault, at most

// True when the record says so; forgets it. `ram` is the first byte of RAM, where the stack begins.
static inline bool panic_is(enum panic_trial expected, void (*act)(void), uint32_t ram) {
    struct ftte_panic_record *record = ftte_port_panic();
    const struct ftte_panic *panic = &record->panic;
    uint32_t at = (uint32_t)(uintptr_t)act & ~1u;
    bool sealed = ftte_panic_sealed(record);
    ftte_panic_forget(record);
    if (expected == NOTHING || !sealed) return sealed == (expected != NOTHING);
    if (expected == STACK) return panic->sp < ram;
    return (expected == INSIDE ? panic->pc : panic->lr) - at < PANIC_TRIAL_CODE_BYTES;
}

#endif
