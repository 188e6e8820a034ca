// An I2C master made of two pins, for ports whose bus controller is not driven: ftte_port_i2c_transfer (i2c.h) over
// five things that the port gives. About 100 kHz; a device may stretch the clock. One master, no other on the bus.
#ifndef FTTE_I2C_PINS_H
#define FTTE_I2C_PINS_H

#include <stdbool.h>
#include <stdint.h>

// Open drain: true lets go of the line, which a pull-up takes high; false holds it low.
void ftte_pins_sda(bool released);
void ftte_pins_scl(bool released);
// The level that the line has.
bool ftte_pins_sda_level(void);
bool ftte_pins_scl_level(void);
// Waits for about so many microseconds.
void ftte_pins_wait_us(uint32_t us);

#endif
