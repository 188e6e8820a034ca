// See hostile.h.
#include "hostile.h"

#include <string.h>

#include "guest/guest.h"
#include "record.h"
#include "report.h"

enum { MEMORY = 4108, REGION = 512, WORDS_AT = 1024, PATIENCE = 8, PAINT = 0x5a, ANY = 1 };

static const struct hostile_subject *subject;
static struct ftte_pool pool;

// ---- what must not change ----

static uint8_t *guards(void) { return subject->room.pool + subject->room.pool_bytes; }
static uint8_t *region(int i) { return guards() + 1024 + i * 1024; }

static void guard(void) {
    memset(guards(), PAINT, SUITE_GUARD);
    ftte_pool_open(&pool, subject->room.pool, subject->room.pool_bytes);
}

// The regions and what lies around them.
static bool unharmed(void) {
    for (int i = 0; i < SUITE_GUARD; i++)
        if (guards()[i] != PAINT) return false;
    return true;
}

static bool unharmed_and_empty(void) { return unharmed() && pool.used == 0; }

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
    int error = ftte_guest_open(&guest, &pool, subject->kernels, subject->kernels_bytes, MEMORY);
    union ftte_value passed = {.i32 = -1};
    if (error >= 0) error = ftte_guest_call(&guest, FTTE_GUEST_SELF_TEST, NULL, &passed);
    ftte_guest_close(&guest);
    return error == FTTE_OK && passed.i32 == FTTE_OK && pool.used == 0;
}

static void report_alive(void) { report(alive(), "and good kernels run afterwards"); }

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

static bool known(int error) {
    return error >= 0 || error == FTTE_ERR_ARGUMENT || error == FTTE_ERR_MEMORY || error == FTTE_ERR_STATE ||
           (error <= FTTE_ERR_GUEST_LOAD && error >= FTTE_ERR_GUEST_TIME) ||
           (error <= FTTE_ERR_PLAN && error >= FTTE_ERR_PLAN_RANGE);
}

// ---- modules ----

void hostile_module(const struct hostile_subject *of, const struct suite_entry *module) {
    subject = of;
    struct ftte_guest guest;
    int error = open_hostile(&guest, module->bytes, module->length);
    if (error >= 0) error = call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0);
    const char *trap = guest.trap ? guest.trap : "";
    ftte_guest_close(&guest);
    if (error == module->number && unharmed_and_empty() && alive())
        report(true, "%s: %d", module->name, error);
    else
        report(false, "%s: %d instead of %d %s", module->name, error, (int)module->number, trap);
}

// ---- attacks ----

static uint32_t attack_all(struct ftte_guest *guest, const uint32_t *at, const uint32_t *end, const char *name) {
    uint32_t tried = 0, wrong = 0;
    while (at < end) {
        int wanted = (int32_t)at[0];
        uint8_t *place = ftte_guest_memory(guest, WORDS_AT, 4 * at[2]);
        memcpy(place, at + 3, 4 * at[2]);
        int error = call(guest, FTTE_GUEST_INFER, at[1], 0, 0);
        // Once asked in vain, the board is not asked again.
        bool right = wanted == ANY ? known(error) && asked <= PATIENCE + 1 : error == wanted;
        if (!right && wrong++ < 3)
            report(false, "%s: attack %u: %d instead of %d", name, (unsigned)tried, error, wanted);
        at += 3 + at[2];
        tried++;
    }
    return wrong ? 0 : tried;
}

void hostile_attacks(const struct hostile_subject *of, const struct suite_entry *target,
                     const struct suite_entry *attacks) {
    subject = of;
    struct ftte_guest guest;
    const uint32_t *first = (const uint32_t *)(const void *)attacks->bytes;
    int error = open_hostile(&guest, target->bytes, target->length);
    uint32_t tried = error < 0 ? 0 : attack_all(&guest, first, first + attacks->length / 4, target->name);
    ftte_guest_close(&guest);
    report(tried > 0 && unharmed_and_empty() && alive(), "%s: %u attacks, each with its own answer", target->name,
           (unsigned)tried);
}

// ---- malformed kernels ----

// A copy of the first `bytes` of what lies at `from`, at the end of the scratch: the address sanitizer sees the first
// byte behind it.
static const uint8_t *at_end(const uint8_t *from, uint32_t bytes) {
    uint8_t *place = subject->room.scratch + subject->room.scratch_bytes - bytes;
    return memmove(place, from, bytes);
}

void hostile_truncations(const struct hostile_subject *of, uint32_t step) {
    subject = of;
    bool ok = true;
    uint32_t taken = 0, tried = 0;
    for (uint32_t bytes = 0; bytes < of->kernels_bytes; bytes += step, tried++) {
        struct ftte_guest guest;
        int error = open_hostile(&guest, at_end(of->kernels, bytes), bytes);
        if (error >= 0) taken++, error = call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0);
        ok &= error == FTTE_OK || error == FTTE_ERR_GUEST_LOAD;
        ftte_guest_close(&guest);
        ok &= unharmed_and_empty();
    }
    // What ends behind the code is a module without data, and as harmless as any.
    report(ok && taken <= 1, "%u of %u truncations of %s are refused: guest-load", (unsigned)(tried - taken),
           (unsigned)tried, of->name);
    report_alive();
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

static struct replay replay;

static int open_record(const uint8_t *wasm, uint32_t bytes) {
    guard();
    replay.guest = (struct ftte_guest){.expired = expired};
    asked = 0;
    return replay_open(&replay, subject->record, &pool, wasm, bytes, false);
}

void hostile_mutations(const struct hostile_subject *of, uint32_t count) {
    subject = of;
    uint32_t refused = 0, ran = 0;
    bool ok = true;
    for (uint32_t i = 1; i <= count && ok; i++) {
        seed = i * 2654435761u;
        memcpy(of->room.scratch, of->kernels, of->kernels_bytes);
        uint32_t length = mutate(of->room.scratch, of->kernels_bytes);
        int error = open_record(at_end(of->room.scratch, length), length);
        if (error == FTTE_ERR_GUEST_LOAD) refused++;
        if (error >= 0) ran++, error = exercise(&replay);
        ftte_guest_close(&replay.guest);
        ok = known(error) && unharmed_and_empty();
        if (!ok) report(false, "mutation %u: %d", (unsigned)i, error);
    }
    report(ok && refused > 0 && ran > 0, "%u mutations of %s: %u refused, %u run to an answer", (unsigned)count,
           of->name, (unsigned)refused, (unsigned)ran);
    report_alive();
}

// ---- hostile plans, for good kernels ----

// A word as an attacker would choose it: an address at an edge, a dimension that overflows, or something that passes.
static uint32_t hostile_word(void) {
    static const uint32_t odd[] = {0,      1,       3,          127,        0x7fff,     0x8000,
                                   0xffff, 1 << 28, 0x7fffffff, 0x80000000, UINT32_MAX, UINT32_MAX - 3};
    const uint32_t memory = replay.record.header.memory_bytes;
    switch (random_below(6)) {
    case 0: return odd[random_below(sizeof odd / sizeof *odd)];
    case 1: return random_below(16) << 28 | (random_below(2) ? 4 * random_below(64) : 0x0ffffffcu);
    case 2: return memory - random_below(64);
    case 3: return 4 * random_below(memory / 4);
    default: return random_below(9);
    }
}

// Puts one op of the given kind, with hostile arguments, in the place of the inference list's first, and nothing
// behind.
static void write_op(struct ftte_plan_header *plan, uint32_t head) {
    uint32_t *words = (uint32_t *)(void *)((uint8_t *)plan + plan->infer_at);
    plan->infer_ops = 1;
    words[0] = head;
    for (uint32_t i = 1; i <= head >> 16; i++) words[i] = hostile_word();
}

static void change_words(uint32_t *plan, uint32_t count) {
    for (uint32_t left = 1 + random_below(4); left > 0; left--) plan[random_below(count)] = hostile_word();
}

// Runs a plan that was changed behind the guest's back, then offers it to the guest. Returns the last error.
static int run_plan(uint32_t plan_bytes) {
    int error = exercise(&replay);
    if (known(error) && error != FTTE_ERR_MEMORY)
        error = call(&replay.guest, FTTE_GUEST_CHECK, plan_bytes, replay.record.header.memory_bytes, 0);
    return known(error) && error != FTTE_ERR_MEMORY ? exercise(&replay) : error;
}

void hostile_plans(const struct hostile_subject *of, const struct suite_entry *ops) {
    subject = of;
    const uint32_t *heads = (const uint32_t *)(const void *)ops->bytes;
    uint32_t count = (uint32_t)ops->number;
    int error = open_record(of->kernels, of->kernels_bytes);
    bool ok = error >= 0;
    for (uint32_t i = 1; i <= count && ok; i++) {
        seed = i * 2654435761u;
        uint32_t bytes = replay.record.plan_bytes;
        uint8_t *plan = ftte_guest_memory(&replay.guest, replay.plan_at, bytes);
        memcpy(plan, replay.record.plan, bytes);
        if (i % 2)
            write_op((struct ftte_plan_header *)(void *)plan, heads[i / 2 % (ops->length / 4)]);
        else
            change_words((uint32_t *)(void *)plan, bytes / 4);
        error = run_plan(bytes);
        ok = known(error) && unharmed();
        if (error != FTTE_ERR_MEMORY) continue;
        ftte_guest_close(&replay.guest);
        ok &= open_record(of->kernels, of->kernels_bytes) >= 0;
    }
    ftte_guest_close(&replay.guest);
    report(ok && unharmed_and_empty(), "%u hostile plans run to an answer (the last to %d)", (unsigned)count, error);
    report_alive();
}
