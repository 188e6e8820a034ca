// The guest suites on this machine. Argument: a bundle.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "file_buffer.h"
#include "report.h"
#include "suite.h"
#include "wrapped.h"

enum { BUFFER = 1 << 23, POOL = 1 << 18, SCRATCH = 1 << 15 };
// Of a board's 8 KiB, what the session leaves to the engine; a 64-bit host's frames are twice as large.
enum { PAINT = 0x3c, NATIVE_STACK = 1536 * sizeof(void *) };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));

// ---- the engine, and nothing but the engine, on a stack as small as a board's ----

static uint8_t *stack;
static struct {
    bool opens;
    struct ftte_guest *guest;
    struct ftte_pool *pool;
    const uint8_t *wasm;
    uint32_t wasm_bytes, memory_bytes;
    enum ftte_guest_function function;
    const union ftte_value *args;
    union ftte_value *result;
    int error;
} job;

static void work(void) {
    job.error = job.opens ? __real_ftte_guest_open(job.guest, job.pool, job.wasm, job.wasm_bytes, job.memory_bytes)
                          : __real_ftte_guest_call(job.guest, job.function, job.args, job.result);
}

#if defined(__SANITIZE_ADDRESS__)
static void run_on_small_stack(void) { work(); } // the sanitizer's frames are larger, and it knows one stack
#else
static void run_on_small_stack(void) {
    static ucontext_t main_context, small_context;
    getcontext(&small_context);
    small_context.uc_stack.ss_sp = stack;
    small_context.uc_stack.ss_size = NATIVE_STACK;
    small_context.uc_link = &main_context;
    makecontext(&small_context, work, 0);
    swapcontext(&main_context, &small_context);
}
#endif

int __wrap_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes) {
    job.opens = true;
    job.guest = guest, job.pool = in, job.wasm = wasm, job.wasm_bytes = wasm_bytes, job.memory_bytes = memory_bytes;
    run_on_small_stack();
    return job.error;
}

int __wrap_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result) {
    job.opens = false;
    job.guest = guest, job.function = function, job.args = args, job.result = result;
    run_on_small_stack();
    return job.error;
}

// Painted, with an unmapped page below: an overflow ends the process.
static void map_stack(void) {
    uint8_t *all = mmap(NULL, 4096 + NATIVE_STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack = all + 4096;
    if (all == MAP_FAILED || mprotect(stack, NATIVE_STACK, PROT_READ | PROT_WRITE) != 0) exit(1);
    memset(stack, PAINT, NATIVE_STACK);
}

uint32_t suite_engine_stack(void) {
    uint32_t unused = 0;
    while (unused < NATIVE_STACK && stack[unused] == PAINT) unused++;
    if (unused < NATIVE_STACK)
        report(unused > 0, "all on %u of %u bytes of native stack", NATIVE_STACK - unused, (unsigned)NATIVE_STACK);
    return NATIVE_STACK - unused;
}

int main(int count, char **args) {
    if (count != 2) return 1;
    struct file_buffer files = {.bytes = buffer, .capacity = BUFFER, .used = POOL + SUITE_GUARD};
    uint32_t bytes;
    const uint8_t *bundle = file_read(&files, args[1], &bytes);
    struct suite_room room = {.pool = buffer, .pool_bytes = POOL, .scratch_bytes = SCRATCH};
    room.scratch = malloc(SCRATCH); // the sanitizer watches its end
    map_stack();
    suite_run(&room, bundle);
    free(room.scratch);
    return 0;
}
