// The engine contract: runs the kernels (a WebAssembly module) over one linear memory. Two engines implement it,
// wasm3.c and aot.c (kernels translated into the firmware); the contract suite runs on both. A trap, a bad address or a
// missed deadline is a result, never a crash. One guest at a time: the engine's state is inside `struct ftte_guest`,
// everything that it allocates comes from the pool given to it.
//
// What bounds a call, whoever wrote the kernels and whatever the plan says:
//   memory   the guest reaches linear memory and nothing else; each operand that it hands to the BLAS is checked
//   time     work is counted, and `expired` is asked at least once in FTTE_GUEST_FUEL turns (gate.h). No loop turns
//            without work: wasm3.c refuses modules in which one could (check.h), the kernels of aot.c are our own. What
//            cannot be interrupted is one call of a leaf: at most FTTE_LEAF_TURNS_MAX turns, more are refused
//   stacks   the interpreter's by its own check, the native one at every call of a function of the guest
//
// Guest address space: [0, memory) is linear memory. A word whose top four bits are 8..12 (enum ftte_region) is an
// offset into a read-only region bound by ftte_guest_bind; only the BLAS reads regions, after the gate checked the
// operand against the region.
#ifndef FTTE_GUEST_H
#define FTTE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/pool.h"
#include "spec.gen.h"

// Exports of firmware/assembly/index.ts.
enum ftte_guest_function {
    FTTE_GUEST_ABI,     // () → i32: the ABI the kernels speak (FTTE_ABI_VERSION)
    FTTE_GUEST_PLAN_AT, // () → u32: where the plan goes in linear memory (16-aligned; everything below is the guest's
                        // own)
    FTTE_GUEST_BIND,    // (region, at, bytes) → i32: base address of a read-only region
    FTTE_GUEST_CHECK, // (plan_bytes, memory_bytes) → i32: FTTE_OK when the plan that lies at plan_at may be run with
                      //   so many bytes from plan_at on, or an error. Changes nothing: it can be asked of a guest
                      //   that has no more memory than the plan itself
    FTTE_GUEST_START, // (resume) → i32: resume 0: state := slice region's values, momentum and anomaly statistics := 0;
                      //   1: state was restored in place by the caller, gradients := 0
    FTTE_GUEST_STEP,  // (sample_at, label, learning_rate) → f32 loss: one sample, forward, backward, update
    FTTE_GUEST_INFER, // (sample_at) → i32: class of the largest output (classifier) or 0; the output stays at
                      // plan.outputAt
    FTTE_GUEST_SCORE, // (sample_at, observe) → f32: autoencoder's reconstruction error; observe 1: joins the running
                      // statistics
    FTTE_GUEST_ENCODE_ROW, // (row, encoding, residual) → i32 bytes: delta of one slice row into scratch, as enum
                           //   ftte_row_encoding says. int8: f32 scale, rowElements int8, padding to 4, then the new
                           //   residual rowElements f32; delta = state - slice (+ residual region if residual = 1).
                           //   f32: rowElements f32, delta = state - slice; `residual` is not looked at.
                           //   top-k, with kept (1..FTTE_KEPT_MAX) in the upper 16 bits of `encoding`: as int8, but in
                           //   place of the elements a bit map of rowElements bits, and the
                           //   ceil(rowElements * kept / 256) int8 whose bits are set. int4: as int8, but two elements
                           //   in a byte, the first its lower half. FTTE_ERR_ARGUMENT for a row, an encoding or a
                           //   share that is none
    FTTE_GUEST_DECODE_ROW, // (row, encoding, delta_at) → i32 bytes: rowElements f32 = slice row + scale * element of
                           //   the delta region's row, int8 or int4, into scratch. FTTE_ERR_ARGUMENT for a row or an
                           //   encoding that is none
    FTTE_GUEST_SELF_TEST,  // () → i32: FTTE_OK or FTTE_ERR_GUEST_SELFTEST; needs no plan, and uses as many bytes as
                           //   FTTE_GUEST_SELF_TEST_BYTES where one would lie
    FTTE_GUEST_FUNCTIONS
};

enum { FTTE_GUEST_SELF_TEST_BYTES = 512 };

// Linear memory ends where the words that name regions begin.
#define FTTE_GUEST_MEMORY_MAX ((1u << 28) - 1)

union ftte_value {
    uint32_t u32;
    int32_t i32;
    float f32;
};

struct ftte_guest {
    struct ftte_pool *pool;
    void *engine;               // the engine's own state, inside the pool
    struct ftte_native *native; // the part of it that both engines have
    uint8_t *memory;            // linear memory's first byte, null when closed
    uint32_t memory_bytes;      // linear memory in use
    uint32_t touched;           // one past the highest linear byte that a checked operand reached
    struct ftte_guest_region {
        const uint8_t *bytes;
        uint32_t length;
    } region[16];
    // Asked at least once in FTTE_GUEST_FUEL turns of work (see gate.h); true ends the call with FTTE_ERR_GUEST_TIME.
    // May be null.
    bool (*expired)(void *context);
    void *expired_context;
    uint32_t fuel;    // turns of work until `expired` is asked again
    const char *trap; // what the engine said last, a constant string; null when the last call went well
};

// Loads `wasm` (stays readable while the guest is open; the engine whose kernels are in the firmware does not look)
// with a linear memory of `memory_bytes`; the guest can never have more. Keeps guest->expired and its context, sets
// everything else. Returns FTTE_OK, FTTE_ERR_GUEST_LOAD (also when the kernels' own data does not fit into the memory),
// FTTE_ERR_GUEST_ABI or FTTE_ERR_MEMORY; after an error the guest is closed.
int ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *pool, const uint8_t *wasm, uint32_t wasm_bytes,
                    uint32_t memory_bytes);

// Gives everything back to the pool. Safe on a guest that is not open.
void ftte_guest_close(struct ftte_guest *guest);

// Makes `bytes` (readable until rebound or closed) the read-only region `region` (8..12) and tells the guest. Returns
// FTTE_OK, an error of ftte_guest_call, or FTTE_ERR_ARGUMENT: another region, 2^28 bytes or more, a guest that refuses,
// and on 64-bit hosts bytes that do not lie within 4 GiB above linear memory.
int ftte_guest_bind(struct ftte_guest *guest, int region, const uint8_t *bytes, uint32_t length);

// Calls an export; a negative code that the guest itself returns is in `result`. Returns FTTE_OK; FTTE_ERR_GUEST_TRAP,
// FTTE_ERR_GUEST_BOUNDS or FTTE_ERR_GUEST_TIME, after which it can be called again; FTTE_ERR_MEMORY, after which it can
// only be closed; FTTE_ERR_STATE when it is closed.
int ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result);

// `bytes` bytes of linear memory at `at`, or null if they do not lie inside it. Valid until the next call.
uint8_t *ftte_guest_memory(struct ftte_guest *guest, uint32_t at, uint32_t bytes);

#endif
