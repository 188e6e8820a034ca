// Stands in for the chip's board.h when the plain C of tests/bench/device is compiled for this machine.
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

// harness.h reads the chip's timer through this; nothing here does.
struct timer {
    uint32_t value;
};
#define TIMER0 ((const struct timer *)0)

void board_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes);

#endif
