// A case on an engine of the firmware, exactly as the firmware has it: guest, gate, BLAS, pool.
#include <string.h>

#include "guest/guest.h"
#include "harness.h"

enum { PAINT = 0xa5 };

static struct ftte_guest guest;
static struct ftte_pool pool;
static struct ftte_plan_header plan;
static uint32_t plan_at;

static int call(enum ftte_guest_function function, uint32_t a, uint32_t b, float c, union ftte_value *result) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.f32 = c}};
    int error = ftte_guest_call(&guest, function, args, result);
    if (error < 0) bench_fail(guest.trap ? guest.trap : "the engine refuses a call");
    return error;
}

static void bind(int region, const uint8_t *bytes, uint32_t length) {
    if (length > 0 && ftte_guest_bind(&guest, region, bytes, length) < 0) bench_fail("bind");
}

static void open_over_plan(const struct bench_parts *parts) {
    union ftte_value at, checked;
    const struct bench_case *head = parts->head;
    memcpy(&plan, parts->plan, sizeof plan);
    // With little memory, to learn where the plan goes and to check it, as the session does.
    if (ftte_guest_open(&guest, &pool, parts->kernels, head->kernels_bytes, 4096) < 0) bench_fail("probe");
    call(FTTE_GUEST_PLAN_AT, 0, 0, 0, &at);
    plan_at = at.u32;
    ftte_guest_close(&guest);
    pool.peak = pool.used;
    if (ftte_guest_open(&guest, &pool, parts->kernels, head->kernels_bytes, plan_at + head->plan_bytes) < 0)
        bench_fail("check");
    memcpy(ftte_guest_memory(&guest, plan_at, head->plan_bytes), parts->plan, head->plan_bytes);
    call(FTTE_GUEST_CHECK, head->plan_bytes, plan.memory_bytes, 0, &checked);
    if (checked.i32 < 0) bench_fail("the guest refuses the plan");
    ftte_guest_close(&guest);
    if (ftte_guest_open(&guest, &pool, parts->kernels, head->kernels_bytes, plan_at + plan.memory_bytes) < 0)
        bench_fail("open");
    uint8_t *arena = ftte_guest_memory(&guest, plan_at, plan.memory_bytes);
    if (!arena) bench_fail("no arena");
    memset(arena, PAINT, plan.memory_bytes);
    memcpy(arena, parts->plan, head->plan_bytes);
}

void bench_open(void) {
    const struct bench_parts *parts = bench_parts();
    uint32_t *stack, pool_bytes;
    uint8_t *bytes;
    union ftte_value result;
    board_memory_parts(&stack, &bytes, &pool_bytes);
    ftte_pool_open(&pool, bytes, pool_bytes);
    open_over_plan(parts);
    bind(FTTE_REGION_FROZEN, parts->frozen, plan.frozen_bytes);
    bind(FTTE_REGION_SLICE, parts->slice, 4 * plan.slice_count);
    bind(FTTE_REGION_SAMPLES, parts->samples, parts->head->samples * parts->head->sample_bytes);
    bench_tell1("opened", pool.used - plan.memory_bytes);
    call(FTTE_GUEST_START, 0, 0, 0, &result);
}

static uint32_t sample_at(uint32_t index, int *label) {
    return (uint32_t)FTTE_REGION_SAMPLES << 28 | (uint32_t)(bench_sample(index, label) - bench_parts()->samples);
}

float bench_step(uint32_t sample) {
    union ftte_value loss;
    int label;
    uint32_t at = sample_at(sample, &label);
    call(FTTE_GUEST_STEP, at, (uint32_t)label, bench_parts()->head->learning_rate, &loss);
    return loss.f32;
}

void bench_infer(uint32_t sample) {
    union ftte_value result;
    int label;
    uint32_t at = sample_at(sample, &label);
    call(plan.model_kind == FTTE_MODEL_KIND_AUTOENCODER ? FTTE_GUEST_SCORE : FTTE_GUEST_INFER, at, 0, 0, &result);
}

void bench_close(void) {
    bench_tell1("arena", plan.memory_bytes);
    bench_tell1("engine", pool.peak - plan.memory_bytes);
    bench_tell_values("trained", ftte_guest_memory(&guest, plan_at + plan.state_at, 4 * plan.slice_count),
                      plan.slice_count);
    bench_tell_values("output", ftte_guest_memory(&guest, plan_at + plan.output_at, 4 * plan.output_elements),
                      plan.output_elements);
}
