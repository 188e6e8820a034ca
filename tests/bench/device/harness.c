// The frame of a benchmark program: steps, then inferences, each counted; then the stack's peak.
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "board_config.h"

int _write(int file, const char *bytes, int count);

static struct bench_parts parts;

// ---- telling

static void put(const char *text) { _write(1, text, (int)strlen(text)); }

static void put_hex(uint32_t number) {
    char digits[10] = " 00000000";
    for (int i = 8; i > 0; i--, number >>= 4) digits[i] = "0123456789abcdef"[number & 15];
    put(digits);
}

void bench_tell(const char *word, const uint32_t *numbers, uint32_t count) {
    put(word);
    for (uint32_t i = 0; i < count; i++) put_hex(numbers[i]);
    put("\n");
}

void bench_tell1(const char *word, uint32_t number) { bench_tell(word, &number, 1); }

void bench_tell_values(const char *word, const void *floats, uint32_t count) { bench_tell(word, floats, count); }

void bench_fail(const char *what) {
    put("failed: ");
    put(what);
    put("\n");
    exit(1);
}

// ---- the case

static const uint8_t *behind(const uint8_t **at, uint32_t bytes) {
    const uint8_t *part = *at;
    *at += (bytes + 15) & ~15u;
    return part;
}

static void find_parts(void) {
    const struct bench_case *head = (const void *)BOARD_SAMPLES;
    const uint8_t *at = (const uint8_t *)head;
    if (head->magic != BENCH_MAGIC) bench_fail("no case is loaded");
    parts.head = (const void *)behind(&at, sizeof *head);
    parts.plan = behind(&at, head->plan_bytes);
    parts.frozen = behind(&at, head->frozen_bytes);
    parts.slice = behind(&at, head->slice_bytes);
    parts.network = behind(&at, head->network_bytes);
    parts.kernels = behind(&at, head->kernels_bytes);
    parts.samples = at;
}

const struct bench_parts *bench_parts(void) { return &parts; }

const uint8_t *bench_sample(uint32_t index, int *label) {
    const uint8_t *record = parts.samples + index % parts.head->samples * parts.head->sample_bytes;
    *label = record[0];
    return record + 4;
}

// ---- stack

#define PAINT 0xa5a5a5a5u
extern uint32_t board_stack[];
static uint32_t *mark;

static __attribute__((noinline)) void paint(void) {
    mark = __builtin_frame_address(0);
    for (uint32_t *word = board_stack; word < mark - 16; word++) *word = PAINT;
}

static uint32_t stack_peak(void) {
    uint32_t *word = board_stack;
    while (*word == PAINT) word++;
    return (uint32_t)((uint8_t *)mark - (uint8_t *)word);
}

// ---- the run

static __attribute__((noinline)) void nothing(void) { __asm volatile(""); }

// What measuring itself costs, and proof that the counter counts single instructions.
static void calibrate(void) {
    uint32_t ticks[3];
    for (int i = 0; i < 2; i++) { // the first round brings nothing, but the second is then like every later one
        uint32_t start = bench_now();
        nothing();
        ticks[0] = bench_now() - start;
        start = bench_now();
        __asm volatile("nop");
        ticks[1] = bench_now() - start;
        start = bench_now();
        __asm volatile(".rept 1000\n nop\n .endr");
        ticks[2] = bench_now() - start;
    }
    bench_tell("calibration", ticks, 3);
}

static void run(void) {
    uint32_t ticks[BENCH_STEPS_MAX];
    const struct bench_case *head = parts.head;
    float loss = 0;
    bench_open();
    paint();
    for (uint32_t i = 0; i < head->steps; i++) {
        uint32_t start = bench_now();
        loss = bench_step(i);
        ticks[i] = bench_now() - start;
    }
    if (head->steps > 0) bench_tell("step", ticks, head->steps);
    if (head->steps > 0) bench_tell("loss", (const uint32_t *)(const void *)&loss, 1);
    uint32_t trained = stack_peak();
    for (uint32_t i = 0; i < head->infers; i++) {
        uint32_t start = bench_now();
        bench_infer(i);
        ticks[i] = bench_now() - start;
    }
    if (head->infers > 0) bench_tell("infer", ticks, head->infers);
    uint32_t peaks[2] = {trained, stack_peak()};
    bench_tell("stack", peaks, 2);
    bench_close();
}

static void session(void) {
    find_parts();
    calibrate();
    run();
    put("done\n");
    exit(0);
}

int main(void) {
    board_memory_open();
    board_chip_open();
    WATCHDOG->control = 0; // a slow emulator is no fault
    board_memory_run(session);
}
