// The guest suites on the Cortex-M4F in QEMU. Prints through semihosting.
#include <stdlib.h>

#include "board.h"
#include "chip.h"

static void session(void) {
    uint32_t *stack, pool_bytes;
    uint8_t *pool;
    board_memory_parts(&stack, &pool, &pool_bytes);
    suite_on_chip(stack, pool, pool_bytes);
    exit(0);
}

int main(void) {
    board_memory_open();
    board_chip_open();
    WATCHDOG->control = 0; // a slow emulator is no fault
    board_memory_run(session);
}
