// Modules that try to break out of the interpreter. Whatever they do, an error code comes out: nothing outside their
// memory changes, nothing stays in the pool, the native stack is not exceeded, and good kernels run afterwards.
//
//     hostile modules KERNELS (MODULE ERROR)...      each is opened and its selfTest called; ERROR is what came of it
//     hostile attacks KERNELS (MODULE ATTACKS)...    each is opened and its infer called with every attack of a file:
//                                                    i32 error, u32 argument, u32 words, words[]; the words are put
//                                                    into linear memory at WORDS_AT
//     hostile truncations KERNELS                    every prefix of the kernels
//     hostile mutations KERNELS RECORD SEED COUNT    the kernels with a few bytes changed, put in or left out, opened
//                                                    over the record and run
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "file_buffer.h"
#include "guest/guest.h"
#include "record.h"
#include "report.h"

enum { BUFFER = 1 << 22, POOL = 1 << 18, MEMORY = 4108, REGION = 512, WORDS_AT = 1024, PATIENCE = 8 };
// Of a board's 8 KiB, what the session leaves to the engine; a 64-bit host's frames are twice as large.
enum { PAINT = 0x5a, STACK_WORD = 0x3c, NATIVE_STACK = 1536 * sizeof(void *) };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static struct file_buffer files = {.bytes = buffer, .capacity = BUFFER, .used = POOL + 4096};
static struct ftte_pool pool;
static const uint8_t *kernels, *record;
static uint32_t kernels_bytes;

// ---- what must not change ----

static uint8_t *region(int i) { return buffer + POOL + 1024 + i * 1024; }

static void guard(void) {
    memset(buffer + POOL, PAINT, 4096);
    ftte_pool_open(&pool, buffer, POOL);
}

// The regions and what lies around them, and the pool, are as they were.
static bool unharmed(void) {
    for (int i = 0; i < 4096; i++)
        if (buffer[POOL + i] != PAINT) return false;
    return pool.used == 0;
}

static uint32_t asked;

static bool expired(void *context) {
    (void)context;
    return ++asked > PATIENCE;
}

static int call(struct ftte_guest *guest, enum ftte_guest_function function, uint32_t a, uint32_t b, uint32_t c) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.u32 = c}}, result = {0};
    asked = 0;
    return ftte_guest_call(guest, function, args, &result);
}

// Good kernels in the same place.
static bool alive(void) {
    struct ftte_guest guest = {.expired = expired};
    asked = 0;
    int error = ftte_guest_open(&guest, &pool, kernels, kernels_bytes, MEMORY);
    union ftte_value passed = {.i32 = -1};
    if (error >= 0) error = ftte_guest_call(&guest, FTTE_GUEST_SELF_TEST, NULL, &passed);
    ftte_guest_close(&guest);
    return error == FTTE_OK && passed.i32 == FTTE_OK && pool.used == 0;
}

static int open_hostile(struct ftte_guest *guest, const uint8_t *wasm, uint32_t bytes) {
    guard();
    *guest = (struct ftte_guest){.expired = expired};
    asked = 0;
    int error = ftte_guest_open(guest, &pool, wasm, bytes, MEMORY);
    const int kinds[2] = {FTTE_REGION_FROZEN, FTTE_REGION_SAMPLES};
    for (int i = 0; i < 2 && error >= 0; i++) {
        error = ftte_guest_bind(guest, kinds[i], region(i), REGION);
    }
    return error;
}

// ---- modules ----

static void modules(int count, char **args) {
    for (int i = 0; i + 1 < count; i += 2) {
        uint32_t bytes, keep = files.used;
        const uint8_t *wasm = file_read(&files, args[i], &bytes);
        struct ftte_guest guest;
        int error = open_hostile(&guest, wasm, bytes), wanted = atoi(args[i + 1]);
        if (error >= 0) error = call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0);
        const char *trap = guest.trap ? guest.trap : "";
        ftte_guest_close(&guest);
        bool ok = error == wanted && unharmed() && alive();
        if (ok)
            report(true, "%s: %d", strrchr(args[i], '/') + 1, error);
        else
            report(false, "%s: %d instead of %d %s", strrchr(args[i], '/') + 1, error, wanted, trap);
        files.used = keep;
    }
}

// ---- attacks ----

static uint32_t attack_all(struct ftte_guest *guest, const uint32_t *at, const uint32_t *end, const char *name) {
    uint32_t tried = 0, wrong = 0;
    while (at < end) {
        int wanted = (int32_t)at[0];
        uint8_t *place = ftte_guest_memory(guest, WORDS_AT, 4 * at[2]);
        memcpy(place, at + 3, 4 * at[2]);
        int error = call(guest, FTTE_GUEST_INFER, at[1], 0, 0);
        if (error != wanted && wrong++ < 3)
            report(false, "%s: attack %u: %d instead of %d", name, tried, error, wanted);
        at += 3 + at[2];
        tried++;
    }
    return wrong ? 0 : tried;
}

static void attacks(int count, char **args) {
    for (int i = 0; i + 1 < count; i += 2) {
        uint32_t bytes, file_bytes, keep = files.used;
        const char *name = strrchr(args[i], '/') + 1;
        const uint8_t *wasm = file_read(&files, args[i], &bytes);
        const uint32_t *file = (const uint32_t *)(const void *)file_read(&files, args[i + 1], &file_bytes);
        struct ftte_guest guest;
        int error = open_hostile(&guest, wasm, bytes);
        uint32_t tried = error < 0 ? 0 : attack_all(&guest, file, file + file_bytes / 4, name);
        ftte_guest_close(&guest);
        report(tried > 0 && unharmed() && alive(), "%s: %u attacks, each with its own answer", name, tried);
        files.used = keep;
    }
}

// ---- malformed kernels ----

static void truncations(void) {
    bool ok = true;
    uint32_t taken = 0;
    uint8_t *copy = malloc(kernels_bytes); // each prefix at the end of its block, for the sanitizer
    for (uint32_t bytes = 0; bytes < kernels_bytes && copy; bytes++) {
        struct ftte_guest guest;
        uint8_t *start = copy + (kernels_bytes - bytes);
        memcpy(start, kernels, bytes);
        int error = open_hostile(&guest, start, bytes);
        if (error >= 0) taken++, error = call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0);
        ok &= error == FTTE_OK || error == FTTE_ERR_GUEST_LOAD;
        ftte_guest_close(&guest);
        ok &= unharmed();
    }
    // What ends behind the code is a module without data, and as harmless as any.
    report(ok && copy && taken <= 1, "%u of %u truncations of the kernels are refused: guest-load",
           kernels_bytes - taken, kernels_bytes);
    report(alive(), "and good kernels run afterwards");
    free(copy);
}

static uint32_t seed;
static uint32_t random_below(uint32_t limit) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(seed ^ seed >> 15) * limit >> 32);
}

// One byte changed, or up to four; 1 in 8 of them put in and 1 in 8 left out; half of the changes flip one bit.
static uint32_t mutate(uint8_t *bytes, uint32_t length) {
    for (uint32_t left = 1 + random_below(2) * random_below(4); left > 0; left--) {
        uint32_t at = 8 + random_below(length - 8), how = random_below(8);
        if (how == 0) memmove(bytes + at + 1, bytes + at, length++ - at);
        if (how == 1) memmove(bytes + at, bytes + at + 1, --length - at);
        if (how != 1) bytes[at] = (uint8_t)(how < 4 ? bytes[at] ^ 1u << random_below(8) : random_below(256));
    }
    return length;
}

// Every export, on a guest that may be anything. Returns the last error.
static int exercise(struct replay *r) {
    union ftte_value value;
    const union ftte_value rate = {.f32 = 0.05f};
    const enum ftte_guest_function functions[] = {FTTE_GUEST_SELF_TEST, FTTE_GUEST_START, FTTE_GUEST_STEP,
                                                  FTTE_GUEST_INFER,     FTTE_GUEST_SCORE, FTTE_GUEST_ENCODE_ROW,
                                                  FTTE_GUEST_DECODE_ROW};
    int last = FTTE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        uint32_t first = i < 2 || i > 4 ? 0 : replay_sample_at(r, 0), third = i == 2 ? rate.u32 : 0;
        asked = 0;
        last = replay_call(r, functions[i], first, 1, third, &value);
        if (last == FTTE_ERR_MEMORY || last == FTTE_ERR_STATE) break;
    }
    return last;
}

static bool known(int error) {
    return error >= 0 || error == FTTE_ERR_ARGUMENT || error == FTTE_ERR_MEMORY || error == FTTE_ERR_STATE ||
           (error <= FTTE_ERR_GUEST_LOAD && error >= FTTE_ERR_GUEST_TIME) ||
           (error <= FTTE_ERR_PLAN && error >= FTTE_ERR_PLAN_RANGE);
}

static void mutations(uint32_t first, uint32_t count) {
    static struct replay r;
    uint32_t refused = 0, ran = 0;
    bool ok = true;
    for (uint32_t i = 0; i < count && ok; i++) {
        seed = (first + i) * 2654435761u;
        uint8_t *copy = malloc(kernels_bytes + 8);
        memcpy(copy, kernels, kernels_bytes);
        uint32_t length = mutate(copy, kernels_bytes);
        uint8_t *exact = malloc(length); // the sanitizer sees the first byte behind it
        memcpy(exact, copy, length);
        guard();
        r.guest = (struct ftte_guest){.expired = expired};
        asked = 0;
        int error = replay_open(&r, record, &pool, exact, length, false);
        if (error == FTTE_ERR_GUEST_LOAD) refused++;
        if (error >= 0) ran++, error = exercise(&r);
        ftte_guest_close(&r.guest);
        ok = known(error) && unharmed();
        if (!ok) report(false, "mutation %u: %d", first + i, error);
        free(exact);
        free(copy);
    }
    report(ok && refused > 0 && ran > 0, "%u mutations of the kernels: %u refused, %u run to an answer", count, refused,
           ran);
    report(alive(), "and good kernels run afterwards");
}

// ---- on a stack as small as a board's ----

// Linked with --wrap, so that the engine, and nothing but the engine, runs on it.
int __wrap_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes);
int __real_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes);
int __wrap_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result);
int __real_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result);

static ucontext_t main_context, small_context;
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
    memset(stack, STACK_WORD, NATIVE_STACK);
}

static void measure_stack(void) {
    uint32_t unused = 0;
    while (unused < NATIVE_STACK && stack[unused] == STACK_WORD) unused++;
    if (unused < NATIVE_STACK)
        report(unused > 0, "all on %u of %u bytes of native stack", NATIVE_STACK - unused, NATIVE_STACK);
}

int main(int count, char **args) {
    uint32_t ignored;
    const char *mode = args[1];
    bool replays = strcmp(mode, "mutations") == 0;
    map_stack();
    kernels = file_read(&files, args[2], &kernels_bytes);
    if (replays) record = file_read(&files, args[3], &ignored);
    if (strcmp(mode, "modules") == 0) modules(count - 3, args + 3);
    if (strcmp(mode, "attacks") == 0) attacks(count - 3, args + 3);
    if (strcmp(mode, "truncations") == 0) truncations();
    if (replays) mutations((uint32_t)atoi(args[4]), (uint32_t)atoi(args[5]));
    measure_stack();
    puts("done");
    return 0;
}
