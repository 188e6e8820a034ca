// An emulated MAX30102, written from its datasheet (Maxim 19-7740, "Register Maps and Descriptions"): power-on values,
// unused bits, reset, the FIFO with its pointers, overflow counter and data register that does not advance, PWR_RDY.
// Rows come in the bus's virtual time. Complains (bus_wrong) when an unused bit or a read-only register is written, or
// when it is talked to while it resets.
//
// Row k measures red = 4 * (40000 + k) and infrared = 4 * (100 + 3 k), of 18 bits, with a low bit set in each.
#ifndef MAX30102_DEVICE_H
#define MAX30102_DEVICE_H

#include "i2c_devices/bus.h"

struct max30102_device {
    struct i2c_device bus;
    uint8_t part_id;
    uint8_t registers[256];
    uint64_t power_us, busy_us, made_us;
    uint32_t made;     // rows so far
    uint8_t at;        // register number
    bool number_next;  // the next byte written is the number
    uint32_t fifo[32]; // k of each row
    uint32_t waiting;  // of them
    uint32_t reading;  // k of the row that is being read
    uint32_t byte;     // of it, that is read next
};

void max30102_device_power_up(struct max30102_device *self, uint8_t part_id);
// Row k as the driver is to give it.
void max30102_device_row(uint32_t k, int16_t row[2]);

#endif
