// Registers of an I2C sensor, as most have them: the first byte written is the register's number.
#ifndef FTTE_REGISTERS_H
#define FTTE_REGISTERS_H

#include "sensors/i2c.h"
#include "sensors/sensor.h"

struct ftte_setting {
    uint8_t at, value;
};

// Reads `bytes` registers from `at` on, or one that does not advance. Errors of ftte_port_i2c_transfer.
int ftte_registers_read(uint8_t address, uint8_t at, uint8_t *into, size_t bytes);
// Writes one register.
int ftte_register_write(uint8_t address, uint8_t at, uint8_t value);
// Writes them in their order, up to the first error.
int ftte_registers_write(uint8_t address, const struct ftte_setting *settings, size_t count);
// FTTE_OK when all read back as they were written, else FTTE_ERR_SENSOR_RESET or an error of the bus.
int ftte_registers_verify(uint8_t address, const struct ftte_setting *settings, size_t count);

#endif
