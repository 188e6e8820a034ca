// The frame that runs tests/bench/device/floor.c on this machine: `floor_here CASE STEPS` trains the case (harness.h)
// so many steps, and tells how many nanoseconds they took and what was trained. The chip's frame is
// tests/bench/device/harness.c.
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness.h"

static _Alignas(16) uint8_t case_bytes[1 << 20];
static _Alignas(16) uint8_t memory[1 << 20];
static struct bench_parts parts;

void board_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes) {
    *stack = 0;
    *pool = memory;
    *pool_bytes = sizeof memory;
}

void bench_tell(const char *word, const uint32_t *numbers, uint32_t count) {
    fputs(word, stdout);
    for (uint32_t i = 0; i < count; i++) printf(" %08lx", (unsigned long)numbers[i]);
    putchar('\n');
}

void bench_tell1(const char *word, uint32_t number) { bench_tell(word, &number, 1); }

void bench_tell_values(const char *word, const void *floats, uint32_t count) { bench_tell(word, floats, count); }

void bench_fail(const char *what) {
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

const struct bench_parts *bench_parts(void) { return &parts; }

const uint8_t *bench_sample(uint32_t index, int *label) {
    const uint8_t *record = parts.samples + index % parts.head->samples * parts.head->sample_bytes;
    *label = record[0];
    return record + 4;
}

static const uint8_t *behind(const uint8_t **at, uint32_t bytes) {
    const uint8_t *part = *at;
    *at += (bytes + 15) & ~15u;
    return part;
}

static void read_case(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fread(case_bytes, 1, sizeof case_bytes, file) == sizeof case_bytes) bench_fail("the case is not read");
    fclose(file);
    const uint8_t *at = case_bytes;
    const struct bench_case *head = (const void *)case_bytes;
    if (head->magic != BENCH_MAGIC) bench_fail("this is no case");
    parts.head = (const void *)behind(&at, sizeof *head);
    parts.plan = behind(&at, head->plan_bytes);
    parts.frozen = behind(&at, head->frozen_bytes);
    parts.slice = behind(&at, head->slice_bytes);
    parts.network = behind(&at, head->network_bytes);
    parts.kernels = behind(&at, head->kernels_bytes);
    parts.samples = at;
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int count, char **words) {
    if (count != 3) bench_fail("usage: floor_here CASE STEPS");
    read_case(words[1]);
    uint32_t steps = (uint32_t)atoi(words[2]);
    bench_open();
    uint64_t start = now_ns();
    for (uint32_t i = 0; i < steps; i++) bench_step(i);
    uint64_t taken = now_ns() - start;
    bench_tell("ns", (uint32_t[]){(uint32_t)(taken >> 32), (uint32_t)taken}, 2);
    bench_close();
    puts("done");
    return 0;
}
