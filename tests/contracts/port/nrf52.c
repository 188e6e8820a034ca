// The port contract on the nRF5 peripherals of QEMU's microbit machine: UART, NVMC, TIMER, RNG and FICR are QEMU's, all
// code of firmware/ports/nrf52 but main.c is the product's.
#include "board.h"
#include "remote.h"

int _write(int file, const char *bytes, int count);
void *_sbrk(ptrdiff_t more);

int _write(int file, const char *bytes, int count) {
    (void)file;
    remote_print(bytes, (size_t)count);
    return count;
}

// newlib's streams are allocated when they are first used. The firmware itself has no heap.
void *_sbrk(ptrdiff_t more) {
    static uint64_t heap[256];
    static size_t used;
    if (more < 0 || (size_t)more > sizeof heap - used) return (void *)-1;
    used += (size_t)more;
    return (uint8_t *)heap + used - (size_t)more;
}

static void session(void) {
    remote_contract();
    for (;;) ftte_port_idle(60000);
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(session);
}
