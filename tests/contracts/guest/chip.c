// See chip.h. The engine runs on the session's stack. Before each of its calls all of the stack that is free is
// painted; what is no longer painted then, it used.
#include "chip.h"

#include <stdio.h>

#include "ftte_port.h"
#include "report.h"
#include "suite.h"
#include "wrapped.h"

enum { SCRATCH = 1 << 15, OWN_FRAME = 64 };
#define PAINT 0x5aa5c33cu

static uint32_t *lowest;
static uint32_t most, least_left = UINT32_MAX;

static uint32_t *top_of(const void *frame) { return (uint32_t *)(((uintptr_t)frame - OWN_FRAME) & ~(uintptr_t)3); }

static __attribute__((noinline)) void paint(const void *frame) {
    for (volatile uint32_t *word = lowest; word < top_of(frame) - OWN_FRAME / 4; word++) *word = PAINT;
}

static __attribute__((noinline)) void measure(const void *frame) {
    const volatile uint32_t *word = lowest;
    while (word < top_of(frame) && *word == PAINT) word++;
    uint32_t used = (uint32_t)((uintptr_t)frame - (uintptr_t)word),
             left = (uint32_t)((uintptr_t)word - (uintptr_t)lowest);
    if (used > most) most = used;
    if (left < least_left) least_left = left;
}

int __wrap_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes) {
    paint(__builtin_frame_address(0));
    int error = __real_ftte_guest_open(guest, in, wasm, wasm_bytes, memory_bytes);
    measure(__builtin_frame_address(0));
    return error;
}

int __wrap_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result) {
    paint(__builtin_frame_address(0));
    int error = __real_ftte_guest_call(guest, function, args, result);
    measure(__builtin_frame_address(0));
    return error;
}

uint32_t suite_engine_stack(void) {
    report(least_left > 0, "all on the session's stack, %u bytes of which were never used", (unsigned)least_left);
    return most;
}

void suite_on_chip(uint32_t *stack, uint8_t *pool, uint32_t pool_bytes) {
    static uint8_t scratch[SCRATCH];
    struct suite_room room = {.scratch = scratch, .scratch_bytes = SCRATCH};
    uintptr_t first = ((uintptr_t)pool + 63) & ~(uintptr_t)63;
    room.pool = (uint8_t *)first;
    room.pool_bytes = (uint32_t)((uintptr_t)pool + pool_bytes - first - SUITE_GUARD) & ~63u;
    lowest = stack;
    if (ftte_port_reset_reason() == FTTE_RESET_REASON_FAULT) {
        report(false, "no guest brings the chip to a fault");
        printf("done\n");
        return;
    }
    suite_run(&room, (const uint8_t *)SUITE_BUNDLE);
}
