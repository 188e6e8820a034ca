// The engine ahead of time: the kernels are part of the firmware, translated to C, and call the BLAS's leaves as C
// functions. The plan is still data from outside: kernels_translated.c checks every access to linear memory, the gate
// every operand. Nothing is loaded, so the bytes given to ftte_guest_open are not read.
//
// A failed check or a passed deadline leaves the call by longjmp. The translated code owns nothing that would have to
// be given back, so the guest can be called again.
#include <setjmp.h>

#define FTTE_WASM_RT_KERNELS
#include "guest/gate.h"
#include "guest/guest.h"
#include "kernels.h"

#include "blas_boundary.h"

// One block of the pool: this, and linear memory behind it.
struct engine {
    jmp_buf caller;
    int error;
    w2c_kernels kernels;
};
_Static_assert(offsetof(w2c_kernels, w2c_memory) + sizeof(wasm_rt_memory_t) == sizeof(w2c_kernels), "memory is last");
_Static_assert(offsetof(struct engine, kernels) + sizeof(w2c_kernels) == sizeof(struct engine), "memory is last");

// The translated code's traps carry no context, and there is one guest at a time.
static struct ftte_guest *running;

__attribute__((noreturn)) static void end_call(int error, const char *trap) {
    struct engine *engine = running->engine;
    running->trap = trap;
    engine->error = error;
    longjmp(engine->caller, 1);
}

__attribute__((noreturn, noinline)) static void refuse(int error) {
    end_call(error, error == FTTE_ERR_GUEST_TIME ? "[trap] the deadline passed"
                                                 : "[trap] an operand lies outside the guest's memory");
}

void wasm_rt_trap(wasm_rt_trap_t trap) {
    end_call(FTTE_ERR_GUEST_TRAP,
             trap == WASM_RT_TRAP_OOB ? "[trap] out of bounds memory access" : "[trap] arithmetic");
}

// Linear memory is there before the kernels are instantiated over it (ftte_guest_open).
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, u64 initial, u64 max, bool is64, u32 page_size) {
    (void)memory, (void)initial, (void)max, (void)is64, (void)page_size;
}

#include "blas_aot.h"

static void run(w2c_kernels *kernels, enum ftte_guest_function function, const union ftte_value *a,
                union ftte_value *result) {
    switch (function) {
    case FTTE_GUEST_ABI: result->u32 = w2c_kernels_abi(kernels); break;
    case FTTE_GUEST_PLAN_AT: result->u32 = w2c_kernels_planAt(kernels); break;
    case FTTE_GUEST_BIND: result->u32 = w2c_kernels_bind(kernels, a[0].u32, a[1].u32, a[2].u32); break;
    case FTTE_GUEST_OPEN: result->u32 = w2c_kernels_open(kernels, a[0].u32); break;
    case FTTE_GUEST_START: result->u32 = w2c_kernels_start(kernels, a[0].u32); break;
    case FTTE_GUEST_STEP: result->f32 = w2c_kernels_step(kernels, a[0].u32, a[1].u32, a[2].f32); break;
    case FTTE_GUEST_INFER: result->u32 = w2c_kernels_infer(kernels, a[0].u32); break;
    case FTTE_GUEST_SCORE: result->f32 = w2c_kernels_score(kernels, a[0].u32, a[1].u32); break;
    case FTTE_GUEST_ENCODE_ROW: result->u32 = w2c_kernels_encodeRow(kernels, a[0].u32, a[1].u32, a[2].u32); break;
    case FTTE_GUEST_DECODE_ROW: result->u32 = w2c_kernels_decodeRow(kernels, a[0].u32, a[1].u32); break;
    case FTTE_GUEST_SELF_TEST: result->u32 = w2c_kernels_selfTest(kernels); break;
    default: end_call(FTTE_ERR_ARGUMENT, "no such export");
    }
}

int ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result) {
    struct engine *engine = guest->engine;
    if (!engine) return FTTE_ERR_STATE;
    running = guest;
    guest->trap = NULL;
    if (setjmp(engine->caller) != 0) return engine->error;
    run(&engine->kernels, function, args, result);
    return FTTE_OK;
}

// The kernels' globals and data as at their start. Data that does not fit into linear memory traps.
static int instantiate(struct ftte_guest *guest) {
    struct engine *engine = guest->engine;
    running = guest;
    if (setjmp(engine->caller) != 0) return FTTE_ERR_GUEST_LOAD;
    wasm2c_kernels_instantiate(&engine->kernels, (struct w2c_blas *)guest);
    return FTTE_OK;
}

int ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *pool, const uint8_t *wasm, uint32_t wasm_bytes,
                    uint32_t memory_bytes) {
    (void)wasm, (void)wasm_bytes;
    *guest = (struct ftte_guest){.pool = pool, .expired = guest->expired, .expired_context = guest->expired_context};
    if (memory_bytes > FTTE_GUEST_MEMORY_MAX) return FTTE_ERR_MEMORY;
    struct engine *engine = guest->engine = ftte_pool_alloc(pool, (uint32_t)sizeof *engine + memory_bytes);
    if (!engine) return FTTE_ERR_MEMORY;
    engine->kernels.w2c_memory.size = memory_bytes;
    engine->kernels.w2c_memory.pages = (memory_bytes + 65535) / 65536;
    guest->memory = engine->kernels.w2c_memory.data;
    guest->memory_bytes = memory_bytes;
    int error = instantiate(guest);
    if (error < 0) ftte_guest_close(guest);
    return error;
}

void ftte_guest_close(struct ftte_guest *guest) {
    if (!guest->engine) return;
    ftte_pool_free(guest->pool, guest->engine);
    guest->engine = NULL;
    guest->memory = NULL;
    guest->memory_bytes = 0;
}
