// See contract.h. Every part opens a guest of its own; what one leaves behind would show in the next.
#include "contract.h"

#include <string.h>

#include "guest/gate.h"
#include "record.h"
#include "report.h"

enum { GUARD = 64, GUARD_BYTE = 0x5a, SMALL = 4096, LIMIT = 1 << 28 };

static const struct guest_subject *subject;
static struct ftte_pool pool;
static struct replay replay;

// ---- the pool, with what belongs to somebody else in it and a guard behind it ----

static uint8_t *foreign;

static void pool_of(uint32_t bytes) {
    uint32_t whole = bytes & ~7u;
    memset(subject->pool + whole, GUARD_BYTE, GUARD);
    ftte_pool_open(&pool, subject->pool, bytes);
    foreign = ftte_pool_alloc(&pool, 100);
    if (foreign) memset(foreign, 0x77, 100);
}

static void whole_pool(void) { pool_of(subject->pool_bytes - GUARD); }

// True when nothing but the foreign block is in the pool, unchanged, and nothing was written behind it.
static bool pool_is_clean(void) {
    for (uint32_t i = 0; i < GUARD; i++)
        if (subject->pool[pool.bytes + i] != GUARD_BYTE) return false;
    for (uint32_t i = 0; foreign && i < 100; i++)
        if (foreign[i] != 0x77) return false;
    ftte_pool_free(&pool, foreign);
    foreign = NULL;
    return pool.used == 0;
}

static int open_replay(void) {
    return replay_open(&replay, subject->record, &pool, subject->kernels, subject->kernels_bytes, false);
}

static int open_small(struct ftte_guest *guest, uint32_t memory_bytes) {
    return ftte_guest_open(guest, &pool, subject->kernels, subject->kernels_bytes, memory_bytes);
}

static int call(struct ftte_guest *guest, enum ftte_guest_function function, uint32_t a, uint32_t b, uint32_t c) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.u32 = c}}, result = {0};
    int error = ftte_guest_call(guest, function, args, &result);
    return error < 0 ? error : result.i32;
}

static int step(void) {
    const union ftte_value rate = {.f32 = 0.05f};
    union ftte_value loss;
    return replay_call(&replay, FTTE_GUEST_STEP, replay_sample_at(&replay, 0), 1, rate.u32, &loss);
}

// ---- opening and closing ----

static void opens(void) {
    struct ftte_guest guest = {0};
    whole_pool();
    bool closed = ftte_guest_memory(&guest, 0, 0) == NULL;
    ftte_guest_close(&guest);
    report(closed && call(&guest, FTTE_GUEST_ABI, 0, 0, 0) == FTTE_ERR_STATE,
           "a guest that was never opened has no memory, refuses calls and can be closed");
    int error = open_small(&guest, SMALL + 12);
    report(error == FTTE_OK && guest.memory_bytes == SMALL + 12 && (uintptr_t)guest.memory % 4 == 0,
           "open gives linear memory to the byte");
    bool inside = ftte_guest_memory(&guest, 0, SMALL + 12) && ftte_guest_memory(&guest, SMALL + 12, 0) &&
                  ftte_guest_memory(&guest, SMALL + 8, 4) == guest.memory + SMALL + 8;
    bool outside = ftte_guest_memory(&guest, 0, SMALL + 13) || ftte_guest_memory(&guest, SMALL + 13, 0) ||
                   ftte_guest_memory(&guest, 4, UINT32_MAX) || ftte_guest_memory(&guest, UINT32_MAX, 2);
    report(inside && !outside, "memory() gives what lies inside, and null for the rest and for sums that overflow");
    report(call(&guest, FTTE_GUEST_ABI, 0, 0, 0) == FTTE_ABI_VERSION, "abi");
    int at = call(&guest, FTTE_GUEST_PLAN_AT, 0, 0, 0);
    report(at > 0 && at % 16 == 0 && at < SMALL, "planAt: 16-aligned, above the guest's own data");
    report(call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0) == FTTE_OK && guest.trap == NULL, "selfTest needs no plan");
    ftte_guest_close(&guest);
    bool refuses = call(&guest, FTTE_GUEST_ABI, 0, 0, 0) == FTTE_ERR_STATE && !ftte_guest_memory(&guest, 0, 0);
    ftte_guest_close(&guest);
    report(refuses && pool_is_clean(), "closed, it refuses calls, can be closed again, and has given everything back");
}

static void repeats(void) {
    const char *problem = NULL;
    bool clean = true;
    for (int i = 0; i < 3 && !problem; i++) {
        whole_pool();
        problem = open_replay() < 0 ? replay.problem : replay_run(&replay);
        if (!problem) problem = replay_run(&replay); // START begins anew
        ftte_guest_close(&replay.guest);
        clean &= pool_is_clean();
    }
    report(!problem, "every export answers as in Node, again after START and after check: %s",
           problem ? problem : "same");
    report(clean, "nothing stays in the pool");
}

static void measures(void) {
    whole_pool();
    int error = open_replay();
    uint32_t before = replay.guest.touched;
    const char *problem = error < 0 ? replay.problem : replay_run(&replay);
    uint32_t end = replay.plan_at + replay.record.header.memory_bytes;
    report(!problem && before == 0 && replay.guest.touched > replay.plan_at && replay.guest.touched <= end,
           "touched is 0 after open and never beyond the plan's memory");
    report(!problem && replay_measured(&replay) == replay.record.header.memory_bytes,
           "planned = measured, to the byte");
    ftte_guest_close(&replay.guest);
}

// ---- too little memory ----

static void small_memories(void) {
    struct ftte_guest guest = {0};
    whole_pool();
    open_small(&guest, SMALL);
    uint32_t plan_at = (uint32_t)call(&guest, FTTE_GUEST_PLAN_AT, 0, 0, 0);
    ftte_guest_close(&guest);
    bool fits = true, known = true;
    for (uint32_t bytes = 0; bytes < SMALL; bytes += bytes < 8 ? 1 : 12) {
        int error = open_small(&guest, bytes);
        known &= error == FTTE_OK || error == FTTE_ERR_GUEST_LOAD;
        fits &= bytes < plan_at + FTTE_GUEST_SELF_TEST_BYTES ||
                (error == FTTE_OK && call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0) == FTTE_OK);
        known &= error == FTTE_OK || (!guest.memory && !guest.engine);
        ftte_guest_close(&guest);
    }
    report(known, "linear memory of any size: open, or guest-load and closed");
    report(fits, "linear memory a little beyond planAt is enough for the self-test");
    bool large = open_small(&guest, LIMIT) == FTTE_ERR_MEMORY && open_small(&guest, UINT32_MAX) == FTTE_ERR_MEMORY;
    report(large && open_small(&guest, LIMIT - 1) == FTTE_ERR_MEMORY && pool_is_clean(),
           "linear memory that the pool or an address cannot hold: memory, and nothing stays in the pool");
}

// Opens and trains in a pool of `bytes`. Returns what came of it; `clean` is cleared if anything stays behind.
static int live_in(uint32_t bytes, bool *clean) {
    pool_of(bytes);
    int error = open_replay();
    union ftte_value value;
    if (error >= 0) error = replay_call(&replay, FTTE_GUEST_START, 0, 0, 0, &value);
    if (error >= 0) error = step();
    if (error >= 0) error = replay_call(&replay, FTTE_GUEST_ENCODE_ROW, 0, FTTE_ROW_ENCODING_INT8, 0, &value);
    bool dead = error != FTTE_ERR_MEMORY || !replay.guest.engine || step() == FTTE_ERR_STATE;
    ftte_guest_close(&replay.guest);
    *clean &= dead && pool_is_clean();
    return error;
}

static void small_pools(void) {
    uint32_t enough = 0, lacking = 0;
    bool clean = true, known = true, monotone = true;
    for (uint32_t bytes = 0; bytes < subject->pool_bytes - GUARD; bytes += 472) {
        int error = live_in(bytes, &clean);
        known &= error == FTTE_OK || error == FTTE_ERR_MEMORY;
        if (error == FTTE_OK && !enough) enough = bytes;
        if (error == FTTE_ERR_MEMORY) lacking++;
        monotone &= !enough || error == FTTE_OK;
        if (enough && bytes > enough + 8192) break;
    }
    report(known && enough > 0 && lacking > 0, "a pool that is too small, by any amount: memory");
    report(monotone, "once a pool is large enough, larger ones are");
    report(clean, "after memory the guest only closes; nothing leaks and nothing is written behind the pool");
}

// ---- binding ----

static void binds(void) {
    struct ftte_guest guest = {0};
    whole_pool();
    const uint8_t *bytes = subject->record;
    bool closed = ftte_guest_bind(&guest, FTTE_REGION_FROZEN, bytes, 16) < 0;
    open_small(&guest, SMALL);
    bool bound = true, refused = true;
    for (int region = FTTE_REGION_FROZEN; region <= FTTE_REGION_SAMPLES; region++)
        bound &= ftte_guest_bind(&guest, region, bytes, 16) == FTTE_OK && guest.region[region].bytes == bytes;
    const int others[] = {-1, 0, 7, 13, 15, 16, 1 << 20};
    for (int i = 0; i < 7; i++) refused &= ftte_guest_bind(&guest, others[i], bytes, 16) == FTTE_ERR_ARGUMENT;
    refused &= ftte_guest_bind(&guest, FTTE_REGION_FROZEN, bytes, LIMIT) == FTTE_ERR_ARGUMENT;
    if (sizeof(void *) > 4) refused &= ftte_guest_bind(&guest, FTTE_REGION_FROZEN, bytes - (1ull << 33), 16) < 0;
    report(bound, "bind takes the five regions, and takes them anew");
    report(closed && refused, "bind refuses other regions, lengths and places, and a closed guest");
    ftte_guest_close(&guest);
    open_small(&guest, SMALL);
    bool none = true;
    for (int region = 0; region < 16; region++) none &= guest.region[region].bytes == NULL;
    report(none, "open forgets the regions");
    ftte_guest_close(&guest);
    report(pool_is_clean(), "binding leaves the pool as it was");
}

// ---- plans ----

// A repeat in place of the forward list's first op, which is a few words longer.
static void wrong_repeats(const struct ftte_plan_header *header) {
    uint32_t at = replay.plan_at + replay.record.header.forward_at, ops = replay.record.header.forward_ops;
    uint32_t *list = (uint32_t *)(void *)ftte_guest_memory(&replay.guest, at, 32), good[8];
    const struct {
        const char *what;
        uint32_t ops, times, inner;
        int error;
    } repeats[] = {
        {"all that follows", 1, 3, 2, FTTE_OK},
        {"more than follows", 2, 3, 2, FTTE_ERR_PLAN},
        {"as much as there is", UINT32_MAX, 3, 2, FTTE_ERR_PLAN},
        {"no time", 1, 0, 2, FTTE_ERR_PLAN},
        {"a repeat", 1, 3, 8, FTTE_ERR_PLAN},
    };
    memcpy(good, list, sizeof good);
    struct ftte_plan_header *plan =
        (struct ftte_plan_header *)(void *)ftte_guest_memory(&replay.guest, replay.plan_at, sizeof *plan);
    plan->forward_ops = 2;
    for (size_t i = 0; i < sizeof repeats / sizeof *repeats; i++) {
        uint32_t words = repeats[i].inner == 8 ? 2 : 4; // of a repeat, or of rows
        const uint32_t wrong[8] = {8 | 2u << 16, repeats[i].ops, repeats[i].times, repeats[i].inner | words << 16};
        memcpy(list, wrong, sizeof wrong);
        int error = call(&replay.guest, FTTE_GUEST_CHECK, header->plan_bytes, header->memory_bytes, 0);
        report(error == repeats[i].error, "check of a plan that repeats %s: %d", repeats[i].what, error);
    }
    memcpy(list, good, sizeof good);
    plan->forward_ops = ops;
}

static const uint32_t encodings[] = {FTTE_ROW_ENCODING_INT8, FTTE_ROW_ENCODING_INT4, FTTE_ROW_ENCODING_F32,
                                     FTTE_KEPT_MAX << 16 | FTTE_ROW_ENCODING_TOP_K};

static int encode(uint32_t row, uint32_t encoding) {
    return call(&replay.guest, FTTE_GUEST_ENCODE_ROW, row, encoding, 0);
}

// None, top-k that keeps nothing or too much, and others that keep a share.
static bool refuses_encodings(void) {
    const uint32_t kept[] = {0, 1, FTTE_KEPT_MAX, FTTE_KEPT_MAX + 1, 256, UINT16_MAX};
    bool refused = true;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        for (uint32_t encoding = 0; encoding <= FTTE_ROW_ENCODING_INT4 + 1; encoding++) {
            bool top_k = encoding == FTTE_ROW_ENCODING_TOP_K;
            bool is_one = encoding - 1 < FTTE_ROW_ENCODING_INT4 && (top_k ? kept[i] - 1 < FTTE_KEPT_MAX : kept[i] == 0);
            if (!is_one) refused &= encode(0, kept[i] << 16 | encoding) == FTTE_ERR_ARGUMENT;
        }
    return refused;
}

// A delta is int8 or int4.
static bool refuses_deltas(void) {
    const uint32_t none[] = {0,
                             FTTE_ROW_ENCODING_F32,
                             FTTE_ROW_ENCODING_TOP_K,
                             FTTE_ROW_ENCODING_INT4 + 1,
                             FTTE_KEPT_MAX << 16 | FTTE_ROW_ENCODING_TOP_K,
                             1u << 16 | FTTE_ROW_ENCODING_INT8,
                             UINT32_MAX};
    bool refused = true;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        refused &= call(&replay.guest, FTTE_GUEST_DECODE_ROW, 0, none[i], 0) == FTTE_ERR_ARGUMENT;
    return refused;
}

static void plans(void) {
    whole_pool();
    open_replay();
    struct ftte_plan_header *plan =
        (struct ftte_plan_header *)(void *)ftte_guest_memory(&replay.guest, replay.plan_at, sizeof *plan);
    const struct ftte_plan_header good = *plan;
    const struct {
        const char *name;
        int error;
        uint32_t ftte_off, value;
    } wrong[] = {
        {"magic", FTTE_ERR_PLAN, offsetof(struct ftte_plan_header, magic), 1},
        {"abi", FTTE_ERR_PLAN_ABI, offsetof(struct ftte_plan_header, abi), 999},
        {"length", FTTE_ERR_PLAN, offsetof(struct ftte_plan_header, plan_bytes), 100},
        {"memory", FTTE_ERR_PLAN_MEMORY, offsetof(struct ftte_plan_header, memory_bytes), 1u << 27},
        {"state", FTTE_ERR_PLAN_RANGE, offsetof(struct ftte_plan_header, state_at), UINT32_MAX - 3},
        {"op list", FTTE_ERR_PLAN, offsetof(struct ftte_plan_header, train_at), UINT32_MAX - 3},
        {"forward list", FTTE_ERR_PLAN, offsetof(struct ftte_plan_header, forward_at), UINT32_MAX - 3},
        {"op", FTTE_ERR_PLAN_OP, offsetof(struct ftte_plan_header, train_at), 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memcpy((uint8_t *)plan + wrong[i].ftte_off, &wrong[i].value, 4);
        int error = call(&replay.guest, FTTE_GUEST_CHECK, good.plan_bytes, good.memory_bytes, 0);
        report(error == wrong[i].error, "check refuses a plan with a wrong %s: %d", wrong[i].name, error);
        *plan = good;
    }
    wrong_repeats(&good);
    bool lengths = call(&replay.guest, FTTE_GUEST_CHECK, 0, good.memory_bytes, 0) == FTTE_ERR_PLAN &&
                   call(&replay.guest, FTTE_GUEST_CHECK, UINT32_MAX, good.memory_bytes, 0) == FTTE_ERR_PLAN;
    report(lengths && call(&replay.guest, FTTE_GUEST_CHECK, good.plan_bytes, good.memory_bytes, 0) == FTTE_OK,
           "check refuses lengths that are none, and takes the good plan again");
    const uint32_t past = replay.record.rows;
    bool rows = call(&replay.guest, FTTE_GUEST_DECODE_ROW, past, FTTE_ROW_ENCODING_INT8, 0) == FTTE_ERR_ARGUMENT &&
                call(&replay.guest, FTTE_GUEST_DECODE_ROW, past, FTTE_ROW_ENCODING_INT4, 0) == FTTE_ERR_ARGUMENT;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        rows &= encode(UINT32_MAX, encodings[i]) == FTTE_ERR_ARGUMENT &&
                encode(replay.record.rows, encodings[i]) == FTTE_ERR_ARGUMENT;
    report(rows, "encodeRow and decodeRow refuse rows that the slice does not have");
    report(refuses_encodings(), "encodeRow refuses encodings that are none, and shares that none keeps");
    report(refuses_deltas(), "decodeRow refuses encodings that a delta does not have");
    ftte_guest_close(&replay.guest);
}

// ---- operands, traps ----

// The first op of the forward list: input, with words y n c scale offset first step.
static uint32_t *input_words(void) {
    uint32_t at = replay.plan_at + replay.record.header.forward_at;
    return (uint32_t *)(void *)ftte_guest_memory(&replay.guest, at, 32) + 1;
}

static int infer(uint32_t sample_at) { return call(&replay.guest, FTTE_GUEST_INFER, sample_at, 0, 0); }

static void bad_operands(void) {
    whole_pool();
    int opened = open_replay();
    uint32_t *words = input_words(), good[7];
    if (opened < 0 || (words[-1] & 0xffff) != 1) report(false, "the record's plan begins with its input");
    memcpy(good, words, sizeof good);
    uint32_t memory = replay.guest.memory_bytes - replay.plan_at, scale = good[3] & 0x0fffffff;
    const struct {
        const char *what;
        uint32_t word, value;
    } wrong[] = {
        {"a result in a read-only region", 0, (uint32_t)FTTE_REGION_FROZEN << 28},
        {"a result past the end by four", 0, memory - 4 * good[1] + 4},
        {"a result at the end", 0, memory},
        {"a result whose end overflows", 0, 0x0ffffffc},
        {"a result that is not aligned", 0, good[0] + 1},
        {"a region that is not bound", 3, (uint32_t)FTTE_REGION_RESIDUAL << 28},
        {"a region that does not exist", 3, 13u << 28},
        {"a word between memory and the regions", 3, 7u << 28},
        {"a region's end", 3, (uint32_t)FTTE_REGION_FROZEN << 28 | replay.record.frozen_bytes},
        {"a region's end by one", 3, (uint32_t)FTTE_REGION_FROZEN << 28 | (replay.record.frozen_bytes - 3)},
        {"a region's last address", 3, (uint32_t)FTTE_REGION_FROZEN << 28 | 0x0fffffff},
        {"a part of a region that is not aligned", 3, (uint32_t)FTTE_REGION_FROZEN << 28 | (scale + 2)},
        {"a part of a sample past the samples", 5, replay.record.samples * replay.record.sample_bytes / 4},
        {"a part of a sample before the first", 5, (uint32_t)-1},
        {"a result that moves past the end", 0, (uint32_t)FTTE_REGION_MOVING << 28 | memory / 4},
        {"a dimension of 2^15", 2, 1u << 15},
        {"a negative dimension", 2, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        words[wrong[i].word] = wrong[i].value;
        if (wrong[i].word == 2) words[1] = wrong[i].value; // n / c = 1
        int error = infer(replay_sample_at(&replay, 0));
        bool told = error == FTTE_ERR_GUEST_BOUNDS && replay.guest.trap;
        memcpy(words, good, sizeof good);
        report(told, "%s: guest-bounds (%d)", wrong[i].what, error);
    }
    const uint32_t samples = (uint32_t)FTTE_REGION_SAMPLES << 28, whole = replay.record.sample_bytes;
    bool bounds = infer(samples + (replay.record.samples - 1) * whole + 4) == FTTE_ERR_GUEST_BOUNDS &&
                  infer(samples + 1) == FTTE_ERR_GUEST_BOUNDS && infer(0x0ffffffc) == FTTE_ERR_GUEST_BOUNDS &&
                  infer(UINT32_MAX) == FTTE_ERR_GUEST_BOUNDS;
    report(bounds, "samples past their region, unaligned or nowhere: guest-bounds");
    const char *problem = replay_run(&replay);
    report(!problem, "after all of these the guest works as before: %s", problem ? problem : "same");
    ftte_guest_close(&replay.guest);
    report(pool_is_clean(), "and leaves nothing behind");
}

static void traps(void) {
    whole_pool();
    open_replay();
    struct ftte_plan_header *plan =
        (struct ftte_plan_header *)(void *)ftte_guest_memory(&replay.guest, replay.plan_at, sizeof *plan);
    const struct ftte_plan_header good = *plan;
    plan->forward_at = replay.guest.memory_bytes - replay.plan_at; // an op list behind linear memory
    int past = infer(replay_sample_at(&replay, 0));
    const char *said = replay.guest.trap;
    plan->forward_at = UINT32_MAX - 2 * replay.plan_at;
    int far = infer(replay_sample_at(&replay, 0));
    *plan = good;
    report(past == FTTE_ERR_GUEST_TRAP && far == FTTE_ERR_GUEST_TRAP && said,
           "an access outside linear memory: guest-trap, and the engine says what");
    const char *problem = replay_run(&replay);
    report(!problem && !replay.guest.trap, "after a trap the guest works as before, and trap is null");
    ftte_guest_close(&replay.guest);
    report(pool_is_clean(), "a trap leaves nothing behind");
}

// ---- time ----

static uint32_t asked, patience;
static void *asked_with;

static bool expired(void *context) {
    asked_with = context;
    return ++asked > patience;
}

static void deadlines(void) {
    whole_pool();
    static int context;
    replay.guest.expired = expired;
    replay.guest.expired_context = &context;
    patience = UINT32_MAX;
    open_replay();
    union ftte_value value;
    replay_call(&replay, FTTE_GUEST_START, 0, 0, 0, &value);
    asked = 0;
    int error = step();
    uint32_t whole = asked, in_time = 0;
    report(error == FTTE_OK && whole > 1 && asked_with == &context, "a long call asks about the deadline (%u times)",
           (unsigned)whole);
    for (patience = 0; patience < whole + 2; patience++) {
        asked = 0;
        error = step();
        if (error == FTTE_OK) break;
        if (error == FTTE_ERR_GUEST_TIME && asked == patience + 1 && replay.guest.trap) in_time++;
    }
    report(error == FTTE_OK && in_time == patience && in_time + 2 >= whole,
           "a deadline that passes at any of them ends the call at once: guest-time");
    patience = UINT32_MAX;
    const char *problem = replay_run(&replay);
    report(!problem, "after a missed deadline the guest works as before: %s", problem ? problem : "same");
    ftte_guest_close(&replay.guest);
    report(pool_is_clean(), "a missed deadline leaves nothing behind");
    replay.guest.expired = NULL;
}

// Everything as large as the words allow: more work than a deadline has room for, asked of one leaf.
static void endless_work(void) {
    whole_pool();
    open_replay();
    const uint32_t ops[] = {32, 33, 34, 35, 36, 48, 49, 50, 51, 52, 96, 97, 98, 99}; // convolutions and poolings
    uint32_t at = replay.plan_at + replay.record.header.forward_at, refused = 0;
    uint32_t *list = (uint32_t *)(void *)ftte_guest_memory(&replay.guest, at, 4 * 17);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (uint32_t zero = 3; zero < 9; zero++) {
            list[0] = ops[i] | 16u << 16;
            for (uint32_t word = 1; word <= 16; word++) list[word] = word <= 3 ? 0 : FTTE_LEAF_DIMENSION_MAX;
            list[zero + 1] = 0; // channels among them: then no operand has a byte
            int error = infer(replay_sample_at(&replay, 0));
            refused += error == FTTE_ERR_GUEST_TIME;
            if (error != FTTE_ERR_GUEST_TIME && error != FTTE_ERR_GUEST_BOUNDS && error != FTTE_ERR_GUEST_TRAP)
                report(false, "op %u with a zero in word %u: %d", (unsigned)ops[i], (unsigned)zero, error);
        }
    report(refused > 0, "loops over 2^30 empty positions are refused (%u of them)", (unsigned)refused);
    ftte_guest_close(&replay.guest);
    report(pool_is_clean(), "refused work leaves nothing behind");
}

static void misfits(void) {
    for (uint32_t i = 0; i < subject->misfit_count; i++) {
        const struct guest_misfit *misfit = &subject->misfits[i];
        struct ftte_guest guest = {0};
        whole_pool();
        int error = ftte_guest_open(&guest, &pool, misfit->bytes, misfit->length, SMALL);
        if (error >= 0) error = call(&guest, FTTE_GUEST_SELF_TEST, 0, 0, 0);
        ftte_guest_close(&guest);
        bool clean = pool_is_clean();
        report(error == misfit->error && clean, "%s: %d", misfit->name, error);
    }
}

void guest_contract(const struct guest_subject *of) {
    subject = of;
    opens();
    repeats();
    measures();
    small_memories();
    small_pools();
    binds();
    plans();
    bad_operands();
    traps();
    deadlines();
    endless_work();
    misfits();
}
