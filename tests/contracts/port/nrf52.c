// The port contract on the nRF5 peripherals of QEMU's microbit machine: UART, NVMC, TIMER, RNG and FICR are QEMU's, and
// all of firmware/ports/nrf52 but main.c is the product's.
#include <string.h>

#include "board.h"
#include "remote.h"
#include "report.h"
#include "sensors/i2c.h"

// QEMU's TWI answers reads with these bytes and then 0x40, once (hw/i2c/microbit_i2c.c). The last one is left for the
// contract, which asks for the sensor.
static void reads_the_bus(void) {
    const uint8_t number = 0x0f, told[] = {0x5a, 0x5a};
    uint8_t got[sizeof told] = {0};
    int written = ftte_port_i2c_transfer(0x1d, &number, 1, NULL, 0);
    int read = ftte_port_i2c_transfer(0x1d, &number, 1, got, sizeof got);
    report(written == FTTE_OK && read == FTTE_OK && memcmp(got, told, sizeof told) == 0,
           "the I2C bus writes, and reads what the emulator answers");
}

static void session(void) {
    reads_the_bus();
    remote_contract();
    remote_rest();
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(session);
}
