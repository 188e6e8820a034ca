// The default engine: wasm3 interprets the kernels, the BLAS is linked as imports of module "blas". wasm3's sources are
// compiled unedited with the small-RAM flags of guest.mk and take their memory from the pool (wasm3_alloc.h). Functions
// are translated when they are first called, so what a plan does not use costs no RAM.
//
// A deadline ends a call at the next function call of the guest or BLAS operand check. Loops that call nothing are not
// interrupted; our kernels have none of them that a plan could make long.
#include "wasm3.h"

#include "guest/gate.h"
#include "guest/guest.h"
#include "m3_env.h"
#include "wasm-rt.h"

#include "blas_boundary.h"

static const char ftte_trap_bounds[] = "[trap] an operand lies outside the guest's memory";
static const char ftte_trap_time[] = "[trap] the deadline passed";

static M3Result ftte_trap_of(int error) { return error == FTTE_ERR_GUEST_TIME ? ftte_trap_time : ftte_trap_bounds; }

#include "blas_wasm3.h"

enum { STACK_BYTES = 2048 };

struct engine {
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Function function[FTTE_GUEST_FUNCTIONS];
};

// wasm3's allocation and yield hooks carry no context, and there is one guest at a time.
static struct ftte_guest *running;

void *ftte_wasm3_calloc(size_t count, size_t bytes);
void *ftte_wasm3_realloc(void *block, size_t bytes);
void ftte_wasm3_free(void *block);

void *ftte_wasm3_calloc(size_t count, size_t bytes) {
    if (bytes && count > UINT32_MAX / bytes) return NULL;
    return ftte_pool_alloc(running->pool, (uint32_t)(count * bytes));
}
void *ftte_wasm3_realloc(void *block, size_t bytes) {
    return bytes > UINT32_MAX ? NULL : ftte_pool_resize(running->pool, block, (uint32_t)bytes);
}
void ftte_wasm3_free(void *block) { ftte_pool_free(running->pool, block); }

M3Result m3_Yield(void) { return ftte_guest_expired(running) ? ftte_trap_time : m3Err_none; }

void wasm_rt_trap(wasm_rt_trap_t trap) {
    (void)trap;
    __builtin_trap(); // the translated BLAS has no trapping instruction left
}
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, u64 initial, u64 max, bool is64, u32 page_size) {
    (void)memory, (void)initial, (void)max, (void)is64, (void)page_size;
}

static const struct signature {
    const char *name;
    uint8_t arguments;
    const char *types; // of the arguments, then of the result: i or f
} signatures[FTTE_GUEST_FUNCTIONS] = {
    [FTTE_GUEST_ABI] = {"abi", 0, "i"},
    [FTTE_GUEST_PLAN_AT] = {"planAt", 0, "i"},
    [FTTE_GUEST_BIND] = {"bind", 3, "iiii"},
    [FTTE_GUEST_OPEN] = {"open", 1, "ii"},
    [FTTE_GUEST_START] = {"start", 1, "ii"},
    [FTTE_GUEST_STEP] = {"step", 3, "iiff"},
    [FTTE_GUEST_INFER] = {"infer", 1, "ii"},
    [FTTE_GUEST_SCORE] = {"score", 2, "iif"},
    [FTTE_GUEST_ENCODE_ROW] = {"encodeRow", 3, "iiii"},
    [FTTE_GUEST_DECODE_ROW] = {"decodeRow", 2, "iii"},
    [FTTE_GUEST_SELF_TEST] = {"selfTest", 0, "i"},
};

static int translate(struct ftte_guest *guest, M3Result result, int otherwise) {
    guest->trap = result;
    if (result == m3Err_none) return FTTE_OK;
    if (result == ftte_trap_bounds) return FTTE_ERR_GUEST_BOUNDS;
    if (result == ftte_trap_time) return FTTE_ERR_GUEST_TIME;
    if (result == m3Err_mallocFailed || result == m3Err_mallocFailedCodePage) return FTTE_ERR_MEMORY;
    return otherwise;
}

static M3Result link_blas(struct ftte_guest *guest, IM3Module module) {
    for (size_t i = 0; i < sizeof blas_link / sizeof *blas_link; i++) {
        M3Result result =
            m3_LinkRawFunctionEx(module, "blas", blas_link[i].name, blas_link[i].signature, blas_link[i].call, guest);
        if (result && result != m3Err_functionLookupFailed) return result;
    }
    return m3Err_none;
}

static M3Result load(struct ftte_guest *guest, const uint8_t *wasm, uint32_t wasm_bytes, uint32_t memory_bytes) {
    struct engine *engine = guest->engine;
    IM3Module module = NULL;
    engine->environment = m3_NewEnvironment();
    if (!engine->environment) return m3Err_mallocFailed;
    engine->runtime = m3_NewRuntime(engine->environment, STACK_BYTES, NULL);
    if (!engine->runtime) return m3Err_mallocFailed;
    M3Result result = m3_ParseModule(engine->environment, &module, wasm, wasm_bytes);
    if (result) return result;
    // Whatever the module asks for, it gets the memory that the plan needs: whole pages in name, cut to the byte by the
    // limit.
    module->memoryInfo.initPages = module->memoryInfo.maxPages = (memory_bytes + 65535) / 65536;
    engine->runtime->memoryLimit = memory_bytes;
    result = m3_LoadModule(engine->runtime, module);
    if (result) {
        m3_FreeModule(module);
        return result;
    }
    uint32_t length = 0;
    guest->memory = m3_GetMemory(engine->runtime, &length, 0);
    guest->memory_bytes = length;
    if (!guest->memory || length != memory_bytes) return m3Err_wasmMemoryOverflow;
    return link_blas(guest, module);
}

static bool matches(IM3Function function, const struct signature *signature) {
    if (m3_GetArgCount(function) != signature->arguments || m3_GetRetCount(function) != 1) return false;
    for (uint32_t i = 0; i <= signature->arguments; i++) {
        M3ValueType type = i < signature->arguments ? m3_GetArgType(function, i) : m3_GetRetType(function, 0);
        if (type != (signature->types[i] == 'i' ? c_m3Type_i32 : c_m3Type_f32)) return false;
    }
    return true;
}

int ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result) {
    struct engine *engine = guest->engine;
    const struct signature *signature = &signatures[function];
    const void *pointers[3] = {0};
    running = guest;
    if (!engine || !engine->runtime) return FTTE_ERR_STATE;
    if (!engine->function[function]) {
        M3Result found = m3_FindFunction(&engine->function[function], engine->runtime, signature->name);
        if (found) engine->function[function] = NULL;
        if (found) return translate(guest, found, FTTE_ERR_GUEST_ABI);
        if (!matches(engine->function[function], signature)) return FTTE_ERR_GUEST_ABI;
    }
    for (int i = 0; i < signature->arguments; i++) pointers[i] = &args[i];
    M3Result called = m3_Call(engine->function[function], signature->arguments, pointers);
    if (called) return translate(guest, called, FTTE_ERR_GUEST_TRAP);
    const void *out[1] = {result};
    return translate(guest, m3_GetResults(engine->function[function], 1, out), FTTE_ERR_GUEST_TRAP);
}

int ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *pool, const uint8_t *wasm, uint32_t wasm_bytes,
                    uint32_t memory_bytes) {
    union ftte_value abi = {0};
    bool (*expired)(void *) = guest->expired;
    *guest = (struct ftte_guest){.pool = pool, .expired = expired, .expired_context = guest->expired_context};
    running = guest;
    if (memory_bytes > FTTE_GUEST_MEMORY_MAX) return FTTE_ERR_MEMORY;
    guest->engine = ftte_pool_alloc(pool, sizeof(struct engine));
    if (!guest->engine) return FTTE_ERR_MEMORY;
    int error = translate(guest, load(guest, wasm, wasm_bytes, memory_bytes), FTTE_ERR_GUEST_LOAD);
    if (error >= 0) error = ftte_guest_call(guest, FTTE_GUEST_ABI, NULL, &abi);
    if (error >= 0 && abi.u32 != FTTE_ABI_VERSION) error = FTTE_ERR_GUEST_ABI;
    if (error < 0) ftte_guest_close(guest);
    return error;
}

void ftte_guest_close(struct ftte_guest *guest) {
    struct engine *engine = guest->engine;
    if (!engine) return;
    running = guest;
    if (engine->runtime) m3_FreeRuntime(engine->runtime);
    if (engine->environment) m3_FreeEnvironment(engine->environment);
    ftte_pool_free(guest->pool, engine);
    guest->engine = NULL;
    guest->memory = NULL;
    guest->memory_bytes = 0;
}
