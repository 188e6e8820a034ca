// Any bytes as kernels, on wasm3: refused, or run to an error code. The input's first byte says what follows it: 0, a
// module; else changes of the good kernels, four bytes each: where (little endian), how (an even number replaces, an
// odd one flips bits) and with what. Every block of the engine lies on the heap, where the sanitizer sees its ends.
//
// sources: firmware/core/guest/gate.c firmware/core/guest/wasm3.c
// sources: firmware/core/guest/check_module.c firmware/core/guest/check_body.c firmware/core/guest/native.c
// sources: firmware/core/guest/layers_translated.c
// sources: firmware/core/guest/blas_translated.c node_modules/wasm3/cpp/m3_bind.c node_modules/wasm3/cpp/m3_code.c
// sources: node_modules/wasm3/cpp/m3_compile.c node_modules/wasm3/cpp/m3_core.c node_modules/wasm3/cpp/m3_env.c
// sources: node_modules/wasm3/cpp/m3_exec.c node_modules/wasm3/cpp/m3_function.c node_modules/wasm3/cpp/m3_info.c
// sources: node_modules/wasm3/cpp/m3_module.c node_modules/wasm3/cpp/m3_parse.c
// flags: -std=gnu11 -w -O2 -fno-strict-aliasing -fno-sanitize=undefined -DNDEBUG
// flags: -Dd_m3MaxFunctionStackHeight=80 -Dd_m3CodePageAlignSize=512 -Dd_m3MaxConstantTableSize=64
// flags: -Dd_m3VerboseErrorMessages=0 -Dd_m3MaxDuplicateFunctionImpl=1 -Dd_m3CascadedOpcodes=0 -DFTTE_WASM3_STACK_BYTES=1024
// flags: -Ibuild/guest -Ifirmware/core/guest -Inode_modules/wasm3/cpp
// flags: -include firmware/core/guest/wasm3_alloc.h
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

// The flags are the same for all sources, and wasm3's allocations are the pool's; the pool's own are not.
#undef malloc
#undef calloc
#undef realloc
#undef free
#include "../heap_pool.c"

enum { POOL = 1 << 16, MEMORY = 4096, KERNELS = 1 << 16, DEADLINE = 2 };

static uint8_t kernels[KERNELS];
static uint32_t kernels_bytes, looks;

static bool expired(void *context) {
    (void)context;
    return ++looks > DEADLINE;
}

int LLVMFuzzerInitialize(int *count, char ***args) {
    (void)count, (void)args;
    FILE *file = fopen("build/guest/kernels.wasm", "rb");
    if (!file) abort();
    kernels_bytes = (uint32_t)fread(kernels, 1, sizeof kernels, file);
    fclose(file);
    return 0;
}

// The module on the heap, exactly as long as it is.
static uint8_t *module_of(const uint8_t *data, size_t size, uint32_t *bytes) {
    bool whole = data[0] == 0;
    *bytes = whole ? (uint32_t)size - 1 : kernels_bytes;
    uint8_t *module = malloc(*bytes ? *bytes : 1);
    if (!module) abort();
    memcpy(module, whole ? data + 1 : kernels, *bytes);
    for (size_t i = 1; !whole && i + 4 <= size; i += 4) {
        uint32_t at = (data[i] | (uint32_t)data[i + 1] << 8) % kernels_bytes;
        module[at] = data[i + 2] % 2 ? module[at] ^ data[i + 3] : data[i + 3];
    }
    return module;
}

static void exercise(struct ftte_guest *guest, uint32_t word) {
    static const enum ftte_guest_function functions[] = {
        FTTE_GUEST_SELF_TEST, FTTE_GUEST_PLAN_AT, FTTE_GUEST_BIND,  FTTE_GUEST_CHECK,      FTTE_GUEST_START,
        FTTE_GUEST_STEP,      FTTE_GUEST_INFER,   FTTE_GUEST_SCORE, FTTE_GUEST_ENCODE_ROW, FTTE_GUEST_DECODE_ROW};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        union ftte_value args[3] = {{.u32 = word}, {.u32 = word >> 4}, {.u32 = word}}, result;
        looks = 0;
        int error = ftte_guest_call(guest, functions[i], args, &result);
        if (error > 0 || (error < 0 && !guest->trap && error != FTTE_ERR_STATE)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ftte_guest guest = {.expired = expired};
    struct ftte_pool pool;
    uint32_t bytes, word = 0;
    if (size < 2) return 0;
    uint8_t *module = module_of(data, size, &bytes);
    memcpy(&word, data + size - 2, 2);
    looks = 0;
    ftte_pool_open(&pool, NULL, POOL);
    if (ftte_guest_open(&guest, &pool, module, bytes, MEMORY) == FTTE_OK) exercise(&guest, word);
    ftte_guest_close(&guest);
    if (pool.used != 0) abort();
    free(module);
    return 0;
}
