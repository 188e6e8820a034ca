// What both engines have natively of the guest: the layers, translated to C (layers_translated.c), over the guest's
// linear memory. Private to guest/.
//
// What fails (an operand that the gate refuses, a passed deadline, an access outside linear memory) leaves by longjmp
// to `caller`, which the engine set when the guest was called; `error` and `trap` then say why. Translated code owns
// nothing that would have to be given back, nor does wasm3 while it runs, so the guest can be called again.
#ifndef FTTE_NATIVE_H
#define FTTE_NATIVE_H

#include <setjmp.h>

#define FTTE_WASM_RT_KERNELS
#include "guest/guest.h"
#include "layers.h"

struct ftte_native {
    jmp_buf caller;
    int error;
    const char *trap; // a constant string
    w2c_layers layers;
};

// Makes `native` that of `guest`, over the linear memory that the guest has by now. Calls of translated code are its
// until the next ftte_native_enter.
void ftte_native_open(struct ftte_guest *guest, struct ftte_native *native);
// Leaves the call.
void ftte_native_leave(struct ftte_guest *guest, int error, const char *trap) __attribute__((noreturn));
// Before every call of the guest: traps carry no context, and there is one guest at a time.
void ftte_native_enter(struct ftte_guest *guest);

// What an error of the boundary is called: a constant string.
const char *ftte_trap_of(int error);
extern const char ftte_trap_bounds[], ftte_trap_time[];

#endif
