// The guest's life on the board: opened with exactly plan_at + plan.memoryBytes of linear memory over the plan held,
// measured and closed. The arena is painted before use, so that the peak is measured and not assumed. A sample that is
// scored without being kept lies behind the arena, in a tail that no other use has.
#include <string.h>

#include "session/state.h"

enum {
    DEADLINE_MS = 30000, // of one call
    PAINT = 0xa5,
    PROBE_BYTES = 4096, // linear memory to ask kernels where the plan goes; doubled until they load
    PROBE_MAX = 65536
};

int ftte_plan_read(const struct ftte_session *s, struct ftte_plan_header *plan) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN);
    if (!blob.bytes) return FTTE_ERR_BLOB_ABSENT;
    if (blob.length < sizeof *plan) return FTTE_ERR_PLAN;
    memcpy(plan, blob.bytes, sizeof *plan);
    if (plan->magic != FTTE_PLAN_MAGIC || plan->plan_bytes != blob.length) return FTTE_ERR_PLAN;
    if (plan->memory_bytes < plan->plan_bytes || plan->input_elements == 0) return FTTE_ERR_PLAN;
    if (plan->memory_bytes >= 1u << 28 || plan->input_elements >= 1u << 24) return FTTE_ERR_PLAN;
    return plan->abi == FTTE_ABI_VERSION ? FTTE_OK : FTTE_ERR_PLAN_ABI;
}

uint32_t ftte_plan_record_bytes(const struct ftte_plan_header *plan) {
    uint32_t element = plan->sample_type == FTTE_SAMPLE_TYPE_F32   ? 4
                       : plan->sample_type == FTTE_SAMPLE_TYPE_I16 ? 2
                                                                   : 1;
    return 4 + ((plan->input_elements * element + 3) & ~3u);
}

static bool late(void *context) {
    const struct ftte_session *s = context;
    return ftte_port_clock_ms() - s->deadline_ms > DEADLINE_MS;
}

static bool gives_float(enum ftte_guest_function function) {
    return function == FTTE_GUEST_STEP || function == FTTE_GUEST_SCORE;
}

int ftte_machine_call(struct ftte_session *s, enum ftte_guest_function function, const union ftte_value *args,
                      union ftte_value *result) {
    s->deadline_ms = ftte_port_clock_ms();
    int error = ftte_guest_call(&s->guest, function, args, result);
    if (error >= 0 && !gives_float(function) && result->i32 < 0) error = result->i32;
    if (error < 0) ftte_log(s, FTTE_LOG_GUEST_FAILED, (uint32_t)function, (uint32_t)error, 0);
    return error < 0 ? error : FTTE_OK;
}

uint8_t *ftte_machine_bytes(struct ftte_session *s, uint32_t at, uint32_t bytes) {
    if (at > s->plan.memory_bytes || bytes > s->plan.memory_bytes - at) return NULL;
    return ftte_guest_memory(&s->guest, s->plan_at + at, bytes);
}

uint32_t ftte_machine_sample_at(const struct ftte_session *s, const uint8_t *record) {
    uint32_t offset = (uint32_t)(record + 4 - (s->store.flash->map + s->store.samples_offset));
    return (uint32_t)FTTE_REGION_SAMPLES << 28 | offset;
}

// ---- loading ----

static int load(struct ftte_session *s, uint32_t memory_bytes) {
    struct ftte_blob kernels = ftte_store_get(&s->store, FTTE_BLOB_KIND_KERNELS);
#ifndef FTTE_ENGINE_AOT
    if (!kernels.bytes) return FTTE_ERR_BLOB_ABSENT;
#endif
    s->guest.expired = late;
    s->guest.expired_context = s;
    s->deadline_ms = ftte_port_clock_ms();
    s->pool_base = s->pool.used;
    if (s->pool.peak > s->pool_peak) s->pool_peak = s->pool.peak;
    s->pool.peak = s->pool.used;
    return ftte_guest_open(&s->guest, &s->pool, kernels.bytes, kernels.length, memory_bytes);
}

// Loads the kernels with as little memory as they need by themselves, and learns where the plan goes.
static int probe(struct ftte_session *s) {
    int result = FTTE_ERR_GUEST_LOAD;
    union ftte_value at;
    for (uint32_t bytes = PROBE_BYTES; bytes <= PROBE_MAX; bytes *= 2) {
        int loaded = load(s, bytes);
        // A board that has no more memory to try with says what the kernels lacked with less.
        if (loaded != FTTE_ERR_MEMORY || bytes == PROBE_BYTES) result = loaded;
        if (loaded != FTTE_ERR_GUEST_LOAD) break;
    }
    if (result < 0) return result;
    result = ftte_guest_call(&s->guest, FTTE_GUEST_PLAN_AT, NULL, &at);
    if (result >= 0 && (at.u32 % 16 != 0 || at.u32 == 0 || at.u32 >= 1u << 28)) result = FTTE_ERR_GUEST_ABI;
    if (result >= 0) s->plan_at = at.u32;
    return result;
}

static void unload(struct ftte_session *s) {
    ftte_guest_close(&s->guest);
    if (s->pool.peak > s->pool_peak) s->pool_peak = s->pool.peak;
}

int ftte_machine_self_test(struct ftte_session *s) {
    union ftte_value passed;
    int result = probe(s);
    if (result >= 0) result = ftte_machine_call(s, FTTE_GUEST_SELF_TEST, NULL, &passed);
    unload(s);
    return result;
}

// ---- opening ----

static int bind_all(struct ftte_session *s) {
    struct ftte_blob frozen = ftte_store_get(&s->store, FTTE_BLOB_KIND_FROZEN);
    struct ftte_slice_header slice;
    const uint8_t *values;
    const struct ftte_store *store = &s->store;
    int result = FTTE_OK;
    if (s->plan.frozen_bytes > frozen.length) return FTTE_ERR_FROZEN_MISMATCH;
    if (s->plan.frozen_bytes > 0)
        result = ftte_guest_bind(&s->guest, FTTE_REGION_FROZEN, frozen.bytes, s->plan.frozen_bytes);
    if (result < 0) return result;
    if (!ftte_slice_held(s, &slice, &values)) return FTTE_ERR_SLICE_VERSION;
    if (slice.count != s->plan.slice_count) return FTTE_ERR_SLICE_MISMATCH;
    result = ftte_guest_bind(&s->guest, FTTE_REGION_SLICE, values, 4 * slice.count);
    if (result < 0) return result;
    return ftte_guest_bind(&s->guest, FTTE_REGION_SAMPLES, store->flash->map + store->samples_offset,
                           store->samples_bytes);
}

// Asks the guest, with no memory but for the plan itself: what the engine holds for the check is gone before there is
// an arena.
static int check_plan(struct ftte_session *s) {
    struct ftte_blob plan = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN);
    union ftte_value bytes[2] = {{.u32 = plan.length}, {.u32 = s->plan.memory_bytes}}, checked;
    int result = load(s, s->plan_at + plan.length);
    uint8_t *place = result < 0 ? NULL : ftte_machine_bytes(s, 0, plan.length);
    if (result >= 0 && !place) result = FTTE_ERR_PLAN_MEMORY;
    if (result >= 0) memcpy(place, plan.bytes, plan.length);
    if (result >= 0) result = ftte_machine_call(s, FTTE_GUEST_CHECK, bytes, &checked);
    unload(s);
    return result;
}

static int lay_plan(struct ftte_session *s) {
    struct ftte_blob plan = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN);
    uint8_t *arena = ftte_machine_bytes(s, 0, s->plan.memory_bytes);
    if (!arena || plan.length > s->plan.memory_bytes) return FTTE_ERR_PLAN_MEMORY;
    memset(arena, PAINT, s->plan.memory_bytes);
    memcpy(arena, plan.bytes, plan.length);
    return FTTE_OK;
}

static int open_over_plan(struct ftte_session *s) {
    int result = ftte_plan_read(s, &s->plan);
    // Kernels that are part of the firmware were never installed: they pass their self-test here, at the first plan.
    if (result >= 0 && s->plan_at == 0) result = ftte_machine_self_test(s);
    if (result >= 0) result = check_plan(s);
    if (result >= 0) result = load(s, s->plan_at + s->plan.memory_bytes + s->tail_bytes);
    if (result == FTTE_ERR_MEMORY) return FTTE_ERR_PLAN_MEMORY;
    if (result >= 0) result = lay_plan(s);
    return result < 0 ? result : bind_all(s);
}

// Peaks are those of all that was done over one plan.
static void measure_from_now(struct ftte_session *s) {
    uint32_t plan_crc = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN).crc;
    if (plan_crc == s->measured_plan) return;
    s->measured_plan = plan_crc;
    s->arena_planned = s->plan.memory_bytes;
    s->arena_peak = 0;
    s->engine_peak = 0;
}

int ftte_machine_open(struct ftte_session *s, uint32_t tail_bytes) {
    if (s->machine == FTTE_MACHINE_READY && s->tail_bytes == tail_bytes) return FTTE_OK;
    ftte_machine_close(s);
    s->tail_bytes = tail_bytes;
    int result = open_over_plan(s);
    if (result < 0) unload(s);
    if (result < 0) return result;
    s->machine = FTTE_MACHINE_READY;
    measure_from_now(s);
    return FTTE_OK;
}

int ftte_machine_start(struct ftte_session *s, const uint8_t *state) {
    union ftte_value resume = {.i32 = state != NULL}, started;
    uint8_t *place = ftte_machine_bytes(s, s->plan.state_at, s->plan.state_bytes);
    uint8_t *scores = ftte_machine_bytes(s, s->plan.anomaly_at, sizeof s->watch.scores);
    if (!place) return FTTE_ERR_PLAN_RANGE;
    if (state) memcpy(place, state, s->plan.state_bytes);
    int result = ftte_machine_call(s, FTTE_GUEST_START, &resume, &started);
    if (result >= 0 && scores) memcpy(scores, s->watch.scores, sizeof s->watch.scores);
    s->started = result >= 0;
    return result;
}

// ---- measuring and closing ----

// One past the highest word of the arena that is not as it was painted: the planner gives it out in words.
static uint32_t painted_peak(struct ftte_session *s) {
    const uint8_t *arena = ftte_machine_bytes(s, 0, s->plan.memory_bytes);
    uint32_t peak = arena ? s->plan.memory_bytes : 0;
    while (peak > 0 && arena[peak - 1] == PAINT) peak--;
    return (peak + 3) & ~3u;
}

void ftte_machine_measure(struct ftte_session *s) {
    if (s->machine != FTTE_MACHINE_READY) return;
    uint32_t peak = painted_peak(s), used = s->pool.peak - s->pool_base;
    uint32_t end = s->plan_at + s->plan.memory_bytes, touched = s->guest.touched;
    if (s->tail_bytes > 0 && touched > end) touched = end;
    if (touched > s->plan_at + peak) peak = (touched - s->plan_at + 3) & ~3u;
    if (peak > s->arena_peak) s->arena_peak = peak;
    used = used > s->guest.memory_bytes ? used - s->guest.memory_bytes : 0;
    if (used > s->engine_peak) s->engine_peak = used;
}

void ftte_machine_close(struct ftte_session *s) {
    if (s->machine != FTTE_MACHINE_READY) return;
    ftte_machine_measure(s);
    s->started = false;
    s->machine = FTTE_MACHINE_CLOSED;
    unload(s);
}
