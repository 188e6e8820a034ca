// The port contract on the nRF5 peripherals of QEMU's microbit machine: UART, NVMC, TIMER, RNG and FICR are QEMU's, and
// all of firmware/ports/nrf52 but main.c is the product's.
#include "board.h"
#include "remote.h"

static void session(void) {
    remote_contract();
    remote_rest();
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(session);
}
