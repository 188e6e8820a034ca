// An I2C bus in virtual time: ftte_port_i2c_transfer over emulated devices, each byte taking nine clocks of 400 kHz.
// Devices are told bytes, starts and stops, as the chip would be; a device that is used against its datasheet says so
// by bus_wrong. Faults are set for the transfers to come.
#ifndef I2C_BUS_H
#define I2C_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct i2c_device {
    uint8_t address;
    // A START with this device's address; `reads`: the master wants bytes. False: not acknowledged.
    bool (*start)(struct i2c_device *self, bool reads);
    bool (*write)(struct i2c_device *self, uint8_t byte); // false: not acknowledged
    uint8_t (*read)(struct i2c_device *self);
    void (*stop)(struct i2c_device *self);
};

// The bus as new, with one device; time goes on.
void bus_open(struct i2c_device *device);
// Microseconds since the program's start.
uint64_t bus_us(void);
void bus_wait_us(uint64_t us);
uint32_t bus_ms(void);

// The next `count` transfers: nobody acknowledges the address.
void bus_nack(uint32_t count);
// The next transfer breaks off when `bytes` were read, the STOP included.
void bus_break_after(uint32_t bytes);
// A line is held low until bus_free.
void bus_stick(void);
void bus_free(void);

// A device was used against its datasheet.
void bus_wrong(const char *what);
// What was wrong first since bus_open, or null.
const char *bus_complaint(void);

#endif
