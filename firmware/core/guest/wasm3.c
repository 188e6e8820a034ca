// The default engine: wasm3 interprets the kernels; what the firmware has natively is linked as imports: the layers
// (module "layers", native.h) and the leaves of the BLAS (module "blas"), which kernels that bring layers of their own
// call. wasm3's sources are compiled unedited with the small-RAM flags of guest.mk and take their memory from the pool
// (wasm3_alloc.h). Functions are translated when they are first called, so what is not used costs no RAM.
//
// The kernels come over the air and may be hostile. check.h says what a module must be before wasm3 sees it; this file
// bounds what it does then: time at every call of a function or a leaf, the native stack at every call of a function,
// memory by the pool. wasm3 does not survive every allocation that fails, so one that fails leaves it for good;
// whatever it holds belongs to one owner in the pool and is given back whole.
#include <string.h>

#include "wasm3.h"

#include "guest/check.h"
#include "guest/gate.h"
#include "m3_env.h"

#include "guest/native.h" // after all others: what it includes redefines __asm__

#include "blas_boundary.h"

static const char ftte_other_abi[] = "an export of the guest ABI is missing";
static const char ftte_trap_depth[] = "[trap] the guest's calls nest too deep";

struct ftte_link {
    const char *module, *name, *signature;
    M3RawCall call;
};

#include "blas_wasm3.h"
#include "layers_wasm3.h"

static const struct {
    const struct ftte_link *link;
    size_t count;
} links[] = {
    {layers_link, sizeof layers_link / sizeof *layers_link},
    {blas_link, sizeof blas_link / sizeof *blas_link},
};

#if defined(FTTE_NO_TAIL_CALLS) && defined(__SANITIZE_ADDRESS__)
enum { FRAME_SCALE = 6 }; // both of the following
#elif defined(FTTE_NO_TAIL_CALLS)
enum { FRAME_SCALE = 4 }; // each operation stays on the stack until a loop turns or the function returns (check.h)
#elif defined(__SANITIZE_ADDRESS__)
enum { FRAME_SCALE = 4 }; // its frames are that much larger
#else
enum { FRAME_SCALE = 1 };
#endif

enum {
    OWNER = 1, // of the engine's blocks in the pool
    // wasm3 checks its stack where a function begins, but writes a call's arguments and result before that.
    STACK_SLACK = 8 * (FTTE_CHECK_PARAMETERS + 1),
    // Of native stack that the guest's calls may take: good kernels take half of it, with layers of their own and
    // without tail calls nine tenths. On top come what the innermost function does (check.h) and the translation of
    // one, 3 KiB at most on a 32-bit chip.
    NATIVE_STACK_BYTES = FRAME_SCALE * 384 * sizeof(void *)
};

_Static_assert(FTTE_CHECK_PARAMETERS + FTTE_CHECK_LOCALS + FTTE_CHECK_OPERANDS <= d_m3MaxFunctionStackHeight,
               "what the check lets pass fits wasm3's arrays");
_Static_assert(FTTE_CHECK_CONSTANTS + 2 <= d_m3MaxConstantTableSize,
               "constants that cost nothing lie in wasm3's table");

struct engine {
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Function function[FTTE_GUEST_FUNCTIONS];
    const uint8_t *native_stack; // where the running call began
    struct ftte_native native;
    bool broken; // an allocation failed: wasm3 may not be entered again
};

// wasm3's allocation and yield hooks carry no context, and there is one guest at a time.
static struct ftte_guest *running;

static void *or_leave(void *block) {
    struct engine *engine = running->engine;
    if (block) return block;
    engine->broken = true;
    ftte_native_leave(running, FTTE_ERR_MEMORY, m3Err_mallocFailed);
}

void *ftte_wasm3_calloc(size_t count, size_t bytes) {
    bool fits = bytes == 0 || count <= UINT32_MAX / bytes;
    return or_leave(fits ? ftte_pool_alloc_for(running->pool, OWNER, (uint32_t)(count * bytes)) : NULL);
}
void *ftte_wasm3_realloc(void *block, size_t bytes) {
    if (!block) return ftte_wasm3_calloc(1, bytes);
    return or_leave(bytes > UINT32_MAX ? NULL : ftte_pool_resize(running->pool, block, (uint32_t)bytes));
}
void ftte_wasm3_free(void *block) { ftte_pool_free(running->pool, block); }

// Called by wasm3 at every call of a function of the guest.
M3Result m3_Yield(void) {
    const struct engine *engine = running->engine;
    const uint8_t *here = __builtin_frame_address(0);
    if (engine->native_stack - here > NATIVE_STACK_BYTES) return ftte_trap_depth;
    return ftte_guest_spend(running, 0) ? m3Err_none : ftte_trap_time;
}

static const struct signature {
    const char *name;
    uint8_t arguments;
    const char *types; // of the arguments, then of the result: i or f
} signatures[FTTE_GUEST_FUNCTIONS] = {
    [FTTE_GUEST_ABI] = {"abi", 0, "i"},
    [FTTE_GUEST_PLAN_AT] = {"planAt", 0, "i"},
    [FTTE_GUEST_BIND] = {"bind", 3, "iiii"},
    [FTTE_GUEST_CHECK] = {"check", 2, "iii"},
    [FTTE_GUEST_START] = {"start", 1, "ii"},
    [FTTE_GUEST_STEP] = {"step", 3, "iiff"},
    [FTTE_GUEST_INFER] = {"infer", 1, "ii"},
    [FTTE_GUEST_SCORE] = {"score", 2, "iif"},
    [FTTE_GUEST_ENCODE_ROW] = {"encodeRow", 3, "iiii"},
    [FTTE_GUEST_DECODE_ROW] = {"decodeRow", 3, "iiii"},
    [FTTE_GUEST_SELF_TEST] = {"selfTest", 0, "i"},
};

static int translate(struct ftte_guest *guest, M3Result result, int otherwise) {
    guest->trap = result;
    if (result == m3Err_none) return FTTE_OK;
    if (result == ftte_trap_bounds) return FTTE_ERR_GUEST_BOUNDS;
    if (result == ftte_trap_time) return FTTE_ERR_GUEST_TIME;
    if (result == ftte_other_abi) return FTTE_ERR_GUEST_ABI;
    if (result == m3Err_mallocFailed) return FTTE_ERR_MEMORY;
    return otherwise;
}

// ---- loading ----

static bool is(const char *text, struct ftte_check_name name) {
    return strlen(text) == name.length && memcmp(text, name.text, name.length) == 0;
}

static const char *signature_of(struct ftte_check_name module, struct ftte_check_name name) {
    for (size_t l = 0; l < sizeof links / sizeof *links; l++)
        for (size_t i = 0; i < links[l].count; i++)
            if (is(links[l].link[i].module, module) && is(links[l].link[i].name, name))
                return links[l].link[i].signature;
    return NULL;
}

static M3Result check(const uint8_t *wasm, uint32_t wasm_bytes) {
    struct ftte_check *check = ftte_wasm3_calloc(1, sizeof *check);
    M3Result result = ftte_check_module(check, wasm, wasm_bytes, signature_of);
    ftte_wasm3_free(check);
    return result;
}

static M3Result link_natives(struct ftte_guest *guest, IM3Module module) {
    for (size_t l = 0; l < sizeof links / sizeof *links; l++)
        for (size_t i = 0; i < links[l].count; i++) {
            const struct ftte_link *link = &links[l].link[i];
            M3Result result =
                m3_LinkRawFunctionEx(module, link->module, link->name, link->signature, link->call, guest);
            if (result && result != m3Err_functionLookupFailed) return result;
        }
    return m3Err_none;
}

static bool matches(IM3Function function, const struct signature *signature) {
    if (m3_GetArgCount(function) != signature->arguments || m3_GetRetCount(function) != 1) return false;
    for (uint32_t i = 0; i <= signature->arguments; i++) {
        M3ValueType type = i < signature->arguments ? m3_GetArgType(function, i) : m3_GetRetType(function, 0);
        if (type != (signature->types[i] == 'i' ? c_m3Type_i32 : c_m3Type_f32)) return false;
    }
    return true;
}

static bool exports(IM3Module module, const struct signature *signature) {
    for (uint32_t i = 0; i < module->numFunctions; i++) {
        IM3Function function = &module->functions[i];
        if (function->export_name && strcmp(function->export_name, signature->name) == 0)
            return matches(function, signature);
    }
    return false;
}

// Functions are translated late, so what a module lacks would show in the middle of a task.
static M3Result check_abi(IM3Module module) {
    for (int i = 0; i < FTTE_GUEST_FUNCTIONS; i++)
        if (!exports(module, &signatures[i])) return ftte_other_abi;
    return m3Err_none;
}

// Whatever the module asks for, it gets the memory that the plan needs: whole pages in name, cut to the byte by the
// limit.
static M3Result give_memory(struct ftte_guest *guest, IM3Module module, uint32_t memory_bytes) {
    struct engine *engine = guest->engine;
    uint32_t length = 0;
    module->memoryInfo.initPages = module->memoryInfo.maxPages = (memory_bytes + 65535) / 65536;
    engine->runtime->memoryLimit = memory_bytes;
    M3Result result = m3_LoadModule(engine->runtime, module);
    if (result) return result;
    guest->memory = m3_GetMemory(engine->runtime, &length, 0);
    guest->memory_bytes = length;
    return guest->memory && length == memory_bytes ? m3Err_none : m3Err_wasmMemoryOverflow;
}

static M3Result load(struct ftte_guest *guest, const uint8_t *wasm, uint32_t wasm_bytes, uint32_t memory_bytes) {
    struct engine *engine = guest->engine;
    IM3Module module = NULL;
    guest->native = &engine->native;
    if (setjmp(engine->native.caller) != 0) return engine->native.trap;
    M3Result result = check(wasm, wasm_bytes);
    if (result) return result;
    engine->environment = m3_NewEnvironment();
    engine->runtime = m3_NewRuntime(engine->environment, FTTE_WASM3_STACK_BYTES + STACK_SLACK, NULL);
    engine->runtime->numStackSlots = FTTE_WASM3_STACK_BYTES / sizeof(m3slot_t);
    result = m3_ParseModule(engine->environment, &module, wasm, wasm_bytes);
    if (!result) result = give_memory(guest, module, memory_bytes);
    if (!result) result = link_natives(guest, module);
    if (!result) ftte_native_open(guest, &engine->native);
    return result ? result : check_abi(module);
}

int ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *pool, const uint8_t *wasm, uint32_t wasm_bytes,
                    uint32_t memory_bytes) {
    union ftte_value abi = {0};
    *guest = (struct ftte_guest){.pool = pool, .expired = guest->expired, .expired_context = guest->expired_context};
    running = guest;
    if (memory_bytes > FTTE_GUEST_MEMORY_MAX) return FTTE_ERR_MEMORY;
    guest->engine = ftte_pool_alloc_for(pool, OWNER, sizeof(struct engine));
    if (!guest->engine) return FTTE_ERR_MEMORY;
    int error = translate(guest, load(guest, wasm, wasm_bytes, memory_bytes), FTTE_ERR_GUEST_LOAD);
    if (error >= 0) {
        int called = ftte_guest_call(guest, FTTE_GUEST_ABI, NULL, &abi);
        error = called == FTTE_ERR_MEMORY                   ? FTTE_ERR_MEMORY
                : called < 0 || abi.u32 != FTTE_ABI_VERSION ? FTTE_ERR_GUEST_ABI
                                                            : FTTE_OK;
    }
    if (error < 0) ftte_guest_close(guest);
    return error;
}

void ftte_guest_close(struct ftte_guest *guest) {
    if (!guest->engine) return;
    ftte_pool_free_all(guest->pool, OWNER);
    guest->engine = NULL;
    guest->memory = NULL;
    guest->memory_bytes = 0;
}

// ---- calling ----

static int find(struct ftte_guest *guest, enum ftte_guest_function function) {
    struct engine *engine = guest->engine;
    M3Result found = m3_FindFunction(&engine->function[function], engine->runtime, signatures[function].name);
    if (found) engine->function[function] = NULL;
    return translate(guest, found, FTTE_ERR_GUEST_LOAD);
}

static int call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                union ftte_value *result) {
    struct engine *engine = guest->engine;
    const struct signature *signature = &signatures[function];
    const void *pointers[3] = {0}, *out[1] = {result};
    void *stack = engine->runtime->stack; // which wasm3 moves while it is in an import
    if (setjmp(engine->native.caller) != 0) {
        engine->runtime->stack = stack;
        guest->trap = engine->native.trap;
        return engine->native.error;
    }
    int error = engine->function[function] ? FTTE_OK : find(guest, function);
    if (error < 0) return error;
    for (int i = 0; i < signature->arguments; i++) pointers[i] = &args[i];
    M3Result called = m3_Call(engine->function[function], signature->arguments, pointers);
    if (!called) called = m3_GetResults(engine->function[function], 1, out);
    return translate(guest, called, FTTE_ERR_GUEST_TRAP);
}

int ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result) {
    struct engine *engine = guest->engine;
    if (!engine || engine->broken) return FTTE_ERR_STATE;
    running = guest;
    ftte_native_enter(guest);
    engine->native_stack = __builtin_frame_address(0);
    return call(guest, function, args, result);
}
