// Any bytes as a plan: the guest refuses them, or runs them without leaving its memory and the bound regions, or traps.
// Everything around the pool and the regions is poisoned, so that one wrong byte ends the run. The input: plan, and in
// its last four bytes which calls are made. plan_aot_fuzz.c is the same for the other engine.
//
// sources: firmware/core/guest/pool.c firmware/core/guest/gate.c firmware/core/guest/wasm3.c
// sources: firmware/core/guest/check_module.c firmware/core/guest/check_body.c firmware/core/guest/native.c
// sources: firmware/core/guest/layers_translated.c
// sources: firmware/core/guest/blas_translated.c node_modules/wasm3/cpp/m3_bind.c node_modules/wasm3/cpp/m3_code.c
// sources: node_modules/wasm3/cpp/m3_compile.c node_modules/wasm3/cpp/m3_core.c node_modules/wasm3/cpp/m3_env.c node_modules/wasm3/cpp/m3_exec.c
// sources: node_modules/wasm3/cpp/m3_function.c node_modules/wasm3/cpp/m3_info.c node_modules/wasm3/cpp/m3_module.c node_modules/wasm3/cpp/m3_parse.c
// flags: -std=gnu11 -w -O2 -fno-strict-aliasing -fno-sanitize=undefined -DNDEBUG
// flags: -Dd_m3MaxFunctionStackHeight=80 -Dd_m3CodePageAlignSize=512 -Dd_m3MaxConstantTableSize=64
// flags: -Dd_m3VerboseErrorMessages=0 -Dd_m3MaxDuplicateFunctionImpl=1 -Dd_m3CascadedOpcodes=0 -DFTTE_WASM3_STACK_BYTES=1024
// flags: -Ibuild/guest -Ifirmware/core/guest -Inode_modules/wasm3/cpp
// flags: -include firmware/core/guest/wasm3_alloc.h
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

enum { POOL = 1 << 17, REGION = 4096, GAP = 256, KERNELS = 1 << 16, CALLS = 4, DEADLINE = 2 };

static uint8_t arena[POOL + 3 * (REGION + GAP)] __attribute__((aligned(64)));
static uint8_t kernels[KERNELS];
static uint32_t kernels_bytes, looks;

// A plan may ask for more work than a fuzzer has time for: between two looks at the clock lies a leaf of
// FTTE_LEAF_TURNS_MAX turns at most.
static bool expired(void *context) {
    (void)context;
    return ++looks > DEADLINE;
}

static uint8_t *region(int i) { return arena + POOL + GAP + i * (REGION + GAP); }

int LLVMFuzzerInitialize(int *count, char ***args) {
    (void)count, (void)args;
    FILE *file = fopen("build/guest/kernels.wasm", "rb");
    if (!file) abort();
    kernels_bytes = (uint32_t)fread(kernels, 1, sizeof kernels, file);
    fclose(file);
    return 0;
}

static void call(struct ftte_guest *guest, enum ftte_guest_function function, uint32_t a, uint32_t b, uint32_t c) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.u32 = c}}, result;
    looks = 0;
    ftte_guest_call(guest, function, args, &result);
}

static void run(struct ftte_guest *guest, const uint8_t *choice) {
    static const uint32_t forms[] = {FTTE_ROW_ENCODING_INT8, FTTE_ROW_ENCODING_INT4, FTTE_ROW_ENCODING_F32};
    const uint32_t sample = (uint32_t)FTTE_REGION_SAMPLES << 28;
    call(guest, FTTE_GUEST_START, 0, 0, 0);
    for (int i = 0; i < CALLS; i++) {
        switch (choice[i] % 5) {
        case 0: call(guest, FTTE_GUEST_STEP, sample, choice[i] / 5, 0x3c23d70a /* 0.01 */); break;
        case 1: call(guest, FTTE_GUEST_INFER, sample, 0, 0); break;
        case 2: call(guest, FTTE_GUEST_SCORE, sample, 1, 0); break;
        case 3: call(guest, FTTE_GUEST_ENCODE_ROW, choice[i] / 15, forms[choice[i] / 5 % 3], choice[i] & 1); break;
        default: call(guest, FTTE_GUEST_DECODE_ROW, choice[i] / 10, forms[choice[i] / 5 % 2], 0); break;
        }
    }
}

// Good kernels in enough memory open. Where the engine takes one block with linear memory at its end, the pool is as
// large as that and ends where the poison begins.
static void open_guest(struct ftte_guest *guest, struct ftte_pool *pool, uint32_t memory) {
    looks = 0;
    ftte_pool_open(pool, arena, POOL);
    if (ftte_guest_open(guest, pool, kernels, kernels_bytes, memory) < 0) abort();
#ifdef ONE_BLOCK
    uint32_t block = pool->used;
    ftte_guest_close(guest);
    ftte_pool_open(pool, arena + POOL - block, block);
    if (ftte_guest_open(guest, pool, kernels, kernels_bytes, memory) < 0) abort();
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ftte_guest guest = {.expired = expired};
    struct ftte_pool pool;
    union ftte_value at = {0}, checked = {.i32 = -1}, bytes[2];
    if (size <= CALLS || size > 16384) return 0;
    uint32_t plan_bytes = (uint32_t)size - CALLS, memory = 0;
    if (size >= 16) memcpy(&memory, data + offsetof(struct ftte_plan_header, memory_bytes), 4);
    memory = 1024 + memory % 32768;
    __asan_unpoison_memory_region(arena, sizeof arena);
    memset(arena, 0, sizeof arena);
    for (int i = 0; i < 4; i++) __asan_poison_memory_region(arena + POOL + i * (REGION + GAP), i < 3 ? GAP : 0);
    open_guest(&guest, &pool, memory);
    if (ftte_guest_call(&guest, FTTE_GUEST_PLAN_AT, NULL, &at) < 0) abort();
    uint8_t *place = ftte_guest_memory(&guest, at.u32, plan_bytes);
    if (place) {
        memcpy(place, data, plan_bytes);
        bytes[0].u32 = plan_bytes;
        bytes[1].u32 = memory;
        if (ftte_guest_call(&guest, FTTE_GUEST_CHECK, bytes, &checked) >= 0 && checked.i32 >= 0) {
            const int kinds[3] = {FTTE_REGION_FROZEN, FTTE_REGION_SLICE, FTTE_REGION_SAMPLES};
            for (int i = 0; i < 3; i++) ftte_guest_bind(&guest, kinds[i], region(i), REGION);
            run(&guest, data + plan_bytes);
        }
    }
    ftte_guest_close(&guest);
    if (pool.used != 0) abort();
    return 0;
}
