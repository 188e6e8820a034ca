// See record.h.
#include "record.h"

#include <string.h>

enum { ENGINE_OWN = 4096 }; // of linear memory, at most, below the plan

static uint32_t padded(uint32_t bytes) { return (bytes + 15) & ~15u; }

struct record record_read(const uint8_t *bytes) {
    struct record r;
    uint32_t head[8];
    memcpy(head, bytes, sizeof head);
    r.plan_bytes = head[0], r.frozen_bytes = head[1], r.slice_bytes = head[2];
    r.sample_bytes = head[3], r.samples = head[4], r.steps = head[5], r.rows = head[6];
    r.plan = bytes + sizeof head;
    r.frozen = r.plan + padded(r.plan_bytes);
    r.slice = r.frozen + padded(r.frozen_bytes);
    r.sample = r.slice + padded(r.slice_bytes);
    r.wanted = r.sample + padded(r.sample_bytes * r.samples);
    memcpy(&r.header, r.plan, sizeof r.header);
    return r;
}

int replay_call(struct replay *replay, enum ftte_guest_function function, uint32_t a, uint32_t b, uint32_t c,
                union ftte_value *result) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.u32 = c}};
    int error = ftte_guest_call(&replay->guest, function, args, result);
    if (error < 0 && !replay->problem) replay->problem = replay->guest.trap ? replay->guest.trap : "the guest refuses";
    return error;
}

// ---- opening ----

static int bind_copy(struct replay *replay, int region, uint32_t at, const uint8_t *bytes, uint32_t length) {
    union ftte_value bound;
    uint8_t *place = ftte_guest_memory(&replay->guest, at, length);
    if (!place) return FTTE_ERR_PLAN_MEMORY;
    memcpy(place, bytes, length);
    return replay_call(replay, FTTE_GUEST_BIND, (uint32_t)region, at, length, &bound);
}

static int bind_regions(struct replay *replay) {
    const struct record *r = &replay->record;
    const int regions[3] = {FTTE_REGION_FROZEN, FTTE_REGION_SLICE, FTTE_REGION_SAMPLES};
    const uint8_t *bytes[3] = {r->frozen, r->slice, r->sample};
    const uint32_t length[3] = {r->frozen_bytes, r->slice_bytes, r->sample_bytes * r->samples};
    uint32_t behind = replay->plan_at + r->header.memory_bytes;
    int error = FTTE_OK;
    for (int i = 0; i < 3 && error >= 0; i++) {
        replay->region_at[i] = behind;
        error = replay->inside ? bind_copy(replay, regions[i], behind, bytes[i], length[i])
                               : ftte_guest_bind(&replay->guest, regions[i], bytes[i], length[i]);
        behind += padded(length[i]);
    }
    return error;
}

static int open_plan(struct replay *replay) {
    const struct record *r = &replay->record;
    union ftte_value checked;
    uint8_t *arena = ftte_guest_memory(&replay->guest, replay->plan_at, r->header.memory_bytes);
    if (!arena) return FTTE_ERR_PLAN_MEMORY;
    memset(arena, RECORD_PAINT, r->header.memory_bytes);
    memcpy(arena, r->plan, r->plan_bytes);
    int error = replay_call(replay, FTTE_GUEST_CHECK, r->plan_bytes, r->header.memory_bytes, 0, &checked);
    return error < 0 ? error : checked.i32 < 0 ? FTTE_ERR_PLAN : FTTE_OK;
}

static int load(struct replay *replay, const uint8_t *wasm, uint32_t wasm_bytes, uint32_t memory_bytes) {
    union ftte_value at;
    int error = ftte_guest_open(&replay->guest, replay->pool, wasm, wasm_bytes, memory_bytes);
    if (error >= 0) error = replay_call(replay, FTTE_GUEST_PLAN_AT, 0, 0, 0, &at);
    if (error >= 0) replay->plan_at = at.u32;
    return error;
}

int replay_open(struct replay *replay, const uint8_t *record, struct ftte_pool *pool, const uint8_t *wasm,
                uint32_t wasm_bytes, bool inside) {
    struct ftte_guest asked = {.expired = replay->guest.expired, .expired_context = replay->guest.expired_context};
    *replay = (struct replay){.record = record_read(record), .guest = asked, .pool = pool, .inside = inside};
    const struct record *r = &replay->record;
    uint32_t regions = inside ? padded(r->frozen_bytes) + padded(r->slice_bytes) + r->sample_bytes * r->samples : 0;
    int error = load(replay, wasm, wasm_bytes, ENGINE_OWN);
    ftte_guest_close(&replay->guest);
    if (error >= 0) error = load(replay, wasm, wasm_bytes, replay->plan_at + r->header.memory_bytes + regions);
    if (error >= 0) error = open_plan(replay);
    return error < 0 ? error : bind_regions(replay);
}

// ---- running ----

uint32_t replay_sample_at(const struct replay *replay, uint32_t index) {
    uint32_t first = replay->inside ? replay->region_at[2] : (uint32_t)FTTE_REGION_SAMPLES << 28;
    return first + index % replay->record.samples * replay->record.sample_bytes;
}

// Compares `bytes` bytes with what comes next in the record.
static void expect(struct replay *replay, const uint8_t **wanted, const void *got, uint32_t bytes, const char *what) {
    if (!replay->problem && (!got || memcmp(got, *wanted, bytes) != 0)) replay->problem = what;
    *wanted += (bytes + 3) & ~3u;
}

static void answers(struct replay *replay, const uint8_t **wanted) {
    const struct record *r = &replay->record;
    union ftte_value result = {0};
    bool scores = r->header.model_kind == FTTE_MODEL_KIND_AUTOENCODER;
    for (uint32_t i = 0; i < r->samples; i++) {
        replay_call(replay, scores ? FTTE_GUEST_SCORE : FTTE_GUEST_INFER, replay_sample_at(replay, i), 0, 0, &result);
        expect(replay, wanted, &result, 4, "an answer differs");
    }
    const union ftte_value rate = {.f32 = 0.05f};
    for (uint32_t i = 0; i < r->steps; i++) {
        replay_call(replay, FTTE_GUEST_STEP, replay_sample_at(replay, i), i % 2, rate.u32, &result);
        expect(replay, wanted, &result, 4, "a loss differs");
    }
}

static void encoded_row(struct replay *replay, uint32_t row, uint32_t encoding, const uint8_t **wanted) {
    union ftte_value count = {0};
    replay_call(replay, FTTE_GUEST_ENCODE_ROW, row, encoding, 0, &count);
    expect(replay, wanted, &count, 4, "a row has another length");
    uint32_t at = replay->plan_at + replay->record.header.scratch_at;
    expect(replay, wanted, ftte_guest_memory(&replay->guest, at, count.u32), count.u32, "a row differs");
}

static void encoded_rows(struct replay *replay, const uint8_t **wanted) {
    static const uint32_t kept[3] = {1, 32, 192};
    for (uint32_t row = 0; row < replay->record.rows && !replay->problem; row++) {
        encoded_row(replay, row, FTTE_ROW_ENCODING_INT8, wanted);
        encoded_row(replay, row, FTTE_ROW_ENCODING_INT4, wanted);
        for (int i = 0; i < 3; i++) encoded_row(replay, row, kept[i] << 16 | FTTE_ROW_ENCODING_TOP_K, wanted);
        encoded_row(replay, row, FTTE_ROW_ENCODING_F32, wanted);
    }
}

const char *replay_run(struct replay *replay) {
    const struct record *r = &replay->record;
    const uint8_t *wanted = r->wanted;
    union ftte_value started;
    replay->problem = NULL;
    if (replay_call(replay, FTTE_GUEST_START, 0, 0, 0, &started) >= 0 && started.i32 < 0)
        replay->problem = "the guest does not start";
    answers(replay, &wanted);
    uint32_t at = replay->plan_at + r->header.state_at;
    expect(replay, &wanted, ftte_guest_memory(&replay->guest, at, r->slice_bytes), r->slice_bytes,
           "the trained values differ");
    encoded_rows(replay, &wanted);
    return replay->problem;
}

uint32_t replay_measured(struct replay *replay) {
    const struct ftte_plan_header *header = &replay->record.header;
    const uint8_t *arena = ftte_guest_memory(&replay->guest, replay->plan_at, header->memory_bytes);
    uint32_t peak = arena ? header->memory_bytes : 0;
    while (peak > 0 && arena[peak - 1] == RECORD_PAINT) peak--;
    if (replay->guest.touched > replay->plan_at + peak) peak = replay->guest.touched - replay->plan_at;
    return (peak + 3) & ~3u;
}
