// The native part of the guest (native.h): what translated code calls. The gate checks every operand of a leaf,
// the translated layers themselves every access to the plan, which is data from outside.
#include "guest/native.h"

#include "guest/gate.h"

#include "blas_boundary.h"

const char ftte_trap_bounds[] = "[trap] an operand lies outside the guest's memory";
const char ftte_trap_time[] = "[trap] the deadline passed";

const char *ftte_trap_of(int error) { return error == FTTE_ERR_GUEST_TIME ? ftte_trap_time : ftte_trap_bounds; }

static struct ftte_guest *running;

void ftte_native_leave(struct ftte_guest *guest, int error, const char *trap) {
    struct ftte_native *native = guest->native;
    native->error = error;
    native->trap = trap;
    longjmp(native->caller, 1);
}

__attribute__((noreturn, noinline)) static void ftte_native_refuse(struct ftte_guest *guest, int error) {
    ftte_native_leave(guest, error, ftte_trap_of(error));
}

// Of the translated layers and kernels. The leaves have none: tests/core/leaves shows that where the gate lets an
// operand pass, no leaf traps.
void wasm_rt_trap(wasm_rt_trap_t trap) {
    ftte_native_leave(running, FTTE_ERR_GUEST_TRAP,
                      trap == WASM_RT_TRAP_OOB ? "[trap] out of bounds memory access" : "[trap] arithmetic");
}

// Linear memory is there before a module is instantiated over it.
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, u64 initial, u64 max, bool is64, u32 page_size) {
    (void)memory, (void)initial, (void)max, (void)is64, (void)page_size;
}

#include "blas_native.h"

void ftte_native_open(struct ftte_guest *guest, struct ftte_native *native) {
    guest->native = native;
    native->layers.w2c_memory = (wasm_rt_memory_t){
        .data = guest->memory, .size = guest->memory_bytes, .pages = (guest->memory_bytes + 65535) / 65536};
    wasm2c_layers_instantiate(&native->layers, (struct w2c_blas *)guest);
    ftte_native_enter(guest);
}

void ftte_native_enter(struct ftte_guest *guest) { running = guest; }
