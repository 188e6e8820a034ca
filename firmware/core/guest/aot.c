// The engine ahead of time: the kernels are part of the firmware, translated to C, and call layers and leaves as C
// functions. The plan is still data from outside: every access to linear memory is checked, and every operand. Nothing
// is loaded, so the bytes given to ftte_guest_open are not read.
//
// What fails leaves the call by longjmp (native.h), and the guest can be called again.
#include "guest/native.h"
#include "kernels.h"

// One block of the pool: this, and linear memory behind it.
struct engine {
    struct ftte_native native;
    w2c_kernels kernels;
    _Alignas(void *) uint8_t memory[];
};

static void run(w2c_kernels *kernels, enum ftte_guest_function function, const union ftte_value *a,
                union ftte_value *result) {
    switch (function) {
    case FTTE_GUEST_ABI: result->u32 = w2c_kernels_abi(kernels); break;
    case FTTE_GUEST_PLAN_AT: result->u32 = w2c_kernels_planAt(kernels); break;
    case FTTE_GUEST_BIND: result->u32 = w2c_kernels_bind(kernels, a[0].u32, a[1].u32, a[2].u32); break;
    case FTTE_GUEST_CHECK: result->u32 = w2c_kernels_check(kernels, a[0].u32, a[1].u32); break;
    case FTTE_GUEST_START: result->u32 = w2c_kernels_start(kernels, a[0].u32); break;
    case FTTE_GUEST_STEP: result->f32 = w2c_kernels_step(kernels, a[0].u32, a[1].u32, a[2].f32); break;
    case FTTE_GUEST_INFER: result->u32 = w2c_kernels_infer(kernels, a[0].u32); break;
    case FTTE_GUEST_SCORE: result->f32 = w2c_kernels_score(kernels, a[0].u32, a[1].u32); break;
    case FTTE_GUEST_ENCODE_ROW: result->u32 = w2c_kernels_encodeRow(kernels, a[0].u32, a[1].u32, a[2].u32); break;
    case FTTE_GUEST_DECODE_ROW: result->u32 = w2c_kernels_decodeRow(kernels, a[0].u32, a[1].u32, a[2].u32); break;
    default: result->u32 = w2c_kernels_selfTest(kernels);
    }
}

int ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result) {
    struct engine *engine = guest->engine;
    if (!engine) return FTTE_ERR_STATE;
    if ((unsigned)function >= FTTE_GUEST_FUNCTIONS) return FTTE_ERR_ARGUMENT;
    ftte_native_enter(guest);
    guest->trap = NULL;
    if (setjmp(engine->native.caller) != 0) {
        guest->trap = engine->native.trap;
        return engine->native.error;
    }
    run(&engine->kernels, function, args, result);
    return FTTE_OK;
}

// The kernels' globals and data as at their start. Data that does not fit into linear memory traps.
static int instantiate(struct ftte_guest *guest) {
    struct engine *engine = guest->engine;
    ftte_native_open(guest, &engine->native);
    if (setjmp(engine->native.caller) != 0) return FTTE_ERR_GUEST_LOAD;
    engine->kernels.w2c_memory = engine->native.layers.w2c_memory;
    wasm2c_kernels_instantiate(&engine->kernels, (struct w2c_blas *)guest, &engine->native.layers);
    return FTTE_OK;
}

int ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *pool, const uint8_t *wasm, uint32_t wasm_bytes,
                    uint32_t memory_bytes) {
    (void)wasm, (void)wasm_bytes;
    *guest = (struct ftte_guest){.pool = pool, .expired = guest->expired, .expired_context = guest->expired_context};
    if (memory_bytes > FTTE_GUEST_MEMORY_MAX) return FTTE_ERR_MEMORY;
    struct engine *engine = guest->engine = ftte_pool_alloc(pool, (uint32_t)sizeof *engine + memory_bytes);
    if (!engine) return FTTE_ERR_MEMORY;
    guest->memory = engine->memory;
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
