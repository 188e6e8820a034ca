// A case that Node recorded: a plan with its data, and what the kernels answered. An engine that replays it must give
// every byte again.
//
//     case  u32 plan bytes, frozen bytes, slice bytes, sample bytes (of one), samples, steps, rows, reserved
//           plan, frozen, slice, samples, each padded to 16
//           for every sample: f32 score or u32 class; then for every step: f32 loss; the state; for every row,
//           as int8, as top-k with 1, 32 and 192 of 256 elements and as f32: u32 bytes, bytes padded to 4
#ifndef RECORD_H
#define RECORD_H

#include "guest/guest.h"

enum { RECORD_PAINT = 0xa5 };

struct record {
    uint32_t plan_bytes, frozen_bytes, slice_bytes, sample_bytes, samples, steps, rows;
    const uint8_t *plan, *frozen, *slice, *sample, *wanted;
    struct ftte_plan_header header;
};

// A guest over a record's plan. `inside`: the regions are copied behind the arena, for kernels that hold their BLAS and
// so reach nothing else; otherwise they are bound where they lie.
struct replay {
    struct record record;
    struct ftte_guest guest;
    struct ftte_pool *pool;
    uint32_t plan_at;
    bool inside;
    uint32_t region_at[3];
    const char *problem; // the first difference or error
};

// Reads the record at `bytes` (16-aligned); points into it.
struct record record_read(const uint8_t *bytes);

// Loads, paints the arena, opens the plan and binds its regions. Returns the first error; the guest may then be open.
// `expired` as in the guest, or null.
int replay_open(struct replay *replay, const uint8_t *record, struct ftte_pool *pool, const uint8_t *wasm,
                uint32_t wasm_bytes, bool inside);

// One call with up to three words as arguments; returns the engine's error.
int replay_call(struct replay *replay, enum ftte_guest_function function, uint32_t a, uint32_t b, uint32_t c,
                union ftte_value *result);

// Everything that was recorded, from START on. Returns null, or what differs.
const char *replay_run(struct replay *replay);

// Guest address of a sample.
uint32_t replay_sample_at(const struct replay *replay, uint32_t index);

// One past the highest byte of the arena that was used, as the board measures it.
uint32_t replay_measured(struct replay *replay);

#endif
