// The guest suites on the nRF5 of QEMU's microbit machine, an ARMv6-M core. Prints over the line.
#include "board.h"
#include "chip.h"
#include "remote.h"

static void session(void) {
    uint32_t *stack, pool_bytes;
    uint8_t *pool;
    board_memory_parts(&stack, &pool, &pool_bytes);
    suite_on_chip(stack, pool, pool_bytes);
    remote_rest();
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(session);
}
