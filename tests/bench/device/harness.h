// What every program of the device benchmark shares: the case in memory, the instruction counter, the painted stack,
// and lines of numbers on QEMU's standard output. host side: tests/bench/device.ts.
//
// QEMU runs with -icount shift=7: an instruction takes 128 ns of its clock, whatever it is, and the 25 MHz timer counts
// every 40 ns, so the timer tells instructions apart exactly. It counts instructions, not cycles.
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>

#include "board.h"

enum { BENCH_STEPS_MAX = 32 };

// The case at BOARD_SAMPLES, every part 16-aligned behind the one before it.
struct bench_case {
    uint32_t magic;
    uint32_t steps, samples, sample_bytes, infers;
    float learning_rate;
    uint32_t plan_bytes, frozen_bytes, slice_bytes, network_bytes, kernels_bytes;
    uint32_t zero;
};
enum { BENCH_MAGIC = 0x42545446 };

struct bench_parts {
    const struct bench_case *head;
    const uint8_t *plan, *frozen, *slice, *network, *kernels, *samples;
};

// The sample of a step, elements 4-aligned, and its label.
const uint8_t *bench_sample(uint32_t index, int *label);
const struct bench_parts *bench_parts(void);

// A moment, in ticks of the timer; differences are instructions · 3.2.
static inline uint32_t bench_now(void) { return UINT32_MAX - TIMER0->value; }

// One line: a word and numbers.
void bench_tell(const char *word, const uint32_t *numbers, uint32_t count);
void bench_tell1(const char *word, uint32_t number);
// Ends the program with an error.
void bench_fail(const char *what) __attribute__((noreturn));

// ---- a program gives these

// Prepares the case. Tells "arena" and whatever else it knows of its memory.
void bench_open(void);
// A training step, an inference.
float bench_step(uint32_t sample);
void bench_infer(uint32_t sample);
// Tells what it has at the end: "trained" for the trained values, "engine" for memory.
void bench_close(void);
// Values: tells their bits.
void bench_tell_values(const char *word, const void *floats, uint32_t count);

#endif
