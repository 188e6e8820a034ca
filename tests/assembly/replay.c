// Replays cases that Node recorded on an engine of the firmware, and compares every byte. Arguments: "imports" for
// kernels whose BLAS is linked in, which reads regions where they lie, or "interpreted" for kernels that hold their
// BLAS, which get the regions copied behind the arena; a kernels module; case files.
//
//     case  u32 plan bytes, frozen bytes, slice bytes, sample bytes (of one), samples, steps, rows, reserved
//           plan, frozen, slice, samples, each padded to 16
//           for every sample: f32 score or u32 class; then for every step: f32 loss; the state; for every row: u32
//           bytes, bytes padded to 4
//
// One buffer holds the pool and the read-only regions behind it, as RAM and mapped flash lie on a 64-bit host.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

enum { BUFFER = 1 << 24, POOL = 1 << 20, PAINT = 0xa5 };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static uint32_t used;

static uint8_t *read_file(const char *path, uint32_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *at = buffer + used;
    if (!file) return NULL;
    *length = (uint32_t)fread(at, 1, BUFFER - used, file);
    fclose(file);
    used += (*length + 15) & ~15u;
    return used < BUFFER ? at : NULL;
}

struct replay {
    uint32_t head[8];
    const uint8_t *plan, *frozen, *slice, *samples, *wanted;
    struct ftte_plan_header header;
    struct ftte_guest guest;
    struct ftte_pool pool;
    uint32_t plan_at;
    bool inside;           // regions are copies in linear memory
    uint32_t region_at[3]; // then: where
};

static const char *problem;

static int call(struct replay *r, enum ftte_guest_function function, uint32_t a, uint32_t b, float c,
                union ftte_value *result) {
    union ftte_value args[3] = {{.u32 = a}, {.u32 = b}, {.f32 = c}};
    if (function == FTTE_GUEST_ENCODE_ROW) args[2].u32 = 0;
    int error = ftte_guest_call(&r->guest, function, args, result);
    if (error < 0 && !problem) problem = r->guest.trap ? r->guest.trap : "the guest refuses";
    return error;
}

// Compares `bytes` bytes with what comes next in the record.
static void expect(struct replay *r, const void *got, uint32_t bytes, const char *what) {
    if (memcmp(got, r->wanted, bytes) != 0 && !problem) problem = what;
    r->wanted += (bytes + 3) & ~3u;
}

static void lay_out(struct replay *r, const uint8_t *bytes) {
    memcpy(r->head, bytes, sizeof r->head);
    const uint8_t **part[4] = {&r->plan, &r->frozen, &r->slice, &r->samples};
    uint32_t length[4] = {r->head[0], r->head[1], r->head[2], r->head[3] * r->head[4]};
    bytes += sizeof r->head;
    for (int i = 0; i < 4; i++) {
        *part[i] = bytes;
        bytes += (length[i] + 15) & ~15u;
    }
    r->wanted = bytes;
    memcpy(&r->header, r->plan, sizeof r->header);
}

static const int regions_of_case[3] = {FTTE_REGION_FROZEN, FTTE_REGION_SLICE, FTTE_REGION_SAMPLES};

static int bind_copy(struct replay *r, int region, const uint8_t *bytes, uint32_t length) {
    uint32_t at = r->region_at[region == FTTE_REGION_FROZEN ? 0 : region == FTTE_REGION_SLICE ? 1 : 2];
    union ftte_value args[3] = {{.i32 = region}, {.u32 = at}, {.u32 = length}}, bound;
    uint8_t *place = ftte_guest_memory(&r->guest, at, length);
    if (!place) return FTTE_ERR_PLAN_MEMORY;
    memcpy(place, bytes, length);
    return ftte_guest_call(&r->guest, FTTE_GUEST_BIND, args, &bound);
}

static int open_guest(struct replay *r, const uint8_t *wasm, uint32_t wasm_bytes) {
    union ftte_value at, opened;
    uint32_t regions = r->inside ? r->head[1] + r->head[2] + r->head[3] * r->head[4] + 64 : 0;
    ftte_pool_open(&r->pool, buffer, POOL);
    int error = ftte_guest_open(&r->guest, &r->pool, wasm, wasm_bytes, 4096 + r->header.memory_bytes + regions);
    if (error >= 0) error = call(r, FTTE_GUEST_PLAN_AT, 0, 0, 0, &at);
    if (error < 0) return error;
    r->plan_at = at.u32;
    uint8_t *arena = ftte_guest_memory(&r->guest, r->plan_at, r->header.memory_bytes);
    if (!arena) return FTTE_ERR_PLAN_MEMORY;
    memset(arena, PAINT, r->header.memory_bytes);
    memcpy(arena, r->plan, r->head[0]);
    error = call(r, FTTE_GUEST_OPEN, r->head[0], 0, 0, &opened);
    if (error >= 0) error = opened.i32;
    if (error < 0) return error;
    const uint8_t *bytes[3] = {r->frozen, r->slice, r->samples};
    const uint32_t length[3] = {r->head[1], r->head[2], r->head[3] * r->head[4]};
    uint32_t behind = r->plan_at + r->header.memory_bytes;
    for (int i = 0; i < 3 && error >= 0; i++) {
        if (length[i] == 0) continue;
        r->region_at[i] = behind;
        error = r->inside ? bind_copy(r, regions_of_case[i], bytes[i], length[i])
                          : ftte_guest_bind(&r->guest, regions_of_case[i], bytes[i], length[i]);
        behind += (length[i] + 15) & ~15u;
    }
    return error;
}

static uint32_t sample_at(const struct replay *r, uint32_t index) {
    uint32_t first = r->inside ? r->region_at[2] : (uint32_t)FTTE_REGION_SAMPLES << 28;
    return first + index % r->head[4] * r->head[3];
}

static void rows(struct replay *r) {
    union ftte_value count;
    for (uint32_t row = 0; row < r->head[6]; row++) {
        if (call(r, FTTE_GUEST_ENCODE_ROW, row, 0, 0, &count) < 0) return;
        expect(r, &count, 4, "a row has another length");
        const uint8_t *bytes = ftte_guest_memory(&r->guest, r->plan_at + r->header.scratch_at, count.u32);
        if (!bytes) problem = "a row lies outside memory";
        if (!bytes) return;
        expect(r, bytes, count.u32, "a row differs");
    }
}

static void run(struct replay *r) {
    union ftte_value result;
    int autoencoder = r->header.model_kind == FTTE_MODEL_KIND_AUTOENCODER;
    if (call(r, FTTE_GUEST_START, 0, 0, 0, &result) < 0) return;
    for (uint32_t i = 0; i < r->head[4]; i++) {
        if (call(r, autoencoder ? FTTE_GUEST_SCORE : FTTE_GUEST_INFER, sample_at(r, i), 0, 0, &result) < 0) return;
        expect(r, &result, 4, "an answer differs");
    }
    for (uint32_t i = 0; i < r->head[5]; i++) {
        if (call(r, FTTE_GUEST_STEP, sample_at(r, i), i % 2, 0.05f, &result) < 0) return;
        expect(r, &result, 4, "a loss differs");
    }
    const uint8_t *state = ftte_guest_memory(&r->guest, r->plan_at + r->header.state_at, r->head[2]);
    if (!state) problem = "the state lies outside memory";
    if (!state) return;
    expect(r, state, r->head[2], "the trained values differ");
    rows(r);
}

// One past the highest word of the arena that was used, as the board measures it.
static uint32_t measured(struct replay *r) {
    const uint8_t *arena = ftte_guest_memory(&r->guest, r->plan_at, r->header.memory_bytes);
    uint32_t peak = r->header.memory_bytes;
    while (peak > 0 && arena[peak - 1] == PAINT) peak--;
    if (r->guest.touched > r->plan_at + peak) peak = r->guest.touched - r->plan_at;
    return (peak + 3) & ~3u;
}

int main(int count, char **args) {
    uint32_t wasm_bytes = 0, case_bytes = 0;
    used = POOL;
    const uint8_t *wasm = read_file(args[2], &wasm_bytes);
    uint32_t first = used;
    for (int i = 3; i < count; i++) {
        static struct replay replay;
        used = first;
        const uint8_t *bytes = read_file(args[i], &case_bytes);
        if (!wasm || !bytes) return 1;
        problem = NULL;
        memset(&replay, 0, sizeof replay);
        lay_out(&replay, bytes);
        replay.inside = strcmp(args[1], "interpreted") == 0;
        int error = open_guest(&replay, wasm, wasm_bytes);
        if (error >= 0) run(&replay);
        const char *name = strrchr(args[i], '/') + 1;
        if (error < 0 || problem)
            printf("not ok - %s: %d %s\n", name, error, problem ? problem : "");
        else if (!replay.inside && measured(&replay) != replay.header.memory_bytes)
            printf("not ok - %s: %u bytes planned, %u measured\n", name, replay.header.memory_bytes, measured(&replay));
        else
            printf("ok - %s\n", name);
        ftte_guest_close(&replay.guest);
        if (replay.pool.used != 0) printf("not ok - %s: the engine keeps %u bytes\n", name, replay.pool.used);
    }
    puts("done");
    return 0;
}
