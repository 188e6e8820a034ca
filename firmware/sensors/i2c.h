// What a port with an I2C bus gives to the drivers of this folder. The port knows the pins and the rate from its
// board's config; there is one bus.
#ifndef FTTE_I2C_H
#define FTTE_I2C_H

#include <stddef.h>
#include <stdint.h>

enum { FTTE_I2C_BYTES = 96 }; // the longest read or write that a driver may ask for, register number included

// START, 7-bit `address`, writes `write_bytes`; then, if `read_bytes` > 0, a repeated START and reads them; STOP. At
// least one of the two is not 0. Returns when it is done, or within 10 ms: with FTTE_OK, FTTE_ERR_SENSOR_ABSENT
// (nobody acknowledged the address) or FTTE_ERR_SENSOR_BUS (a byte was not acknowledged, a line is held low, time is
// over). After an error nothing in `read` counts, and the bus was freed as far as a master can: nine clock pulses and a
// STOP (NXP UM10204, 3.1.16).
int ftte_port_i2c_transfer(uint8_t address, const uint8_t *write, size_t write_bytes, uint8_t *read, size_t read_bytes);

#endif
