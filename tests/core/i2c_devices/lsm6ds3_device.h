// An emulated LSM6DS3TR-C (or LSM6DS3, or LSM6DSOX without its FIFO), written from the datasheets: ST DocID030071 Rev 3
// (LSM6DS3TR-C), DocID026899 (LSM6DS3), DS12140 (LSM6DSOX). Reset values, bits that must be 0, reset and boot times,
// register numbers that advance, the FIFO with its pattern and overrun, data ready and block data update, in the bus's
// virtual time. Complains (bus_wrong) when a reserved bit or a read-only register is written, or when it is talked to
// while it resets.
//
// Row k measures, in counts: accelerometer x = k, y = 1000 + k, z = -k; gyroscope x = 2k, y = 2000 - k, z = 77.
#ifndef LSM6DS3_DEVICE_H
#define LSM6DS3_DEVICE_H

#include "i2c_devices/bus.h"

struct lsm6ds3_device {
    struct i2c_device bus;
    uint8_t who_am_i;
    uint8_t registers[128];
    uint64_t power_us;    // of power-up, or of the last software reset
    uint64_t busy_us;     // until then it boots or resets
    uint64_t made_us;     // of row `made`
    uint32_t made;        // rows so far
    uint8_t at;           // register number
    bool number_next;     // the next byte written is the number
    int16_t fifo[4096];   // words
    uint32_t head, words; // oldest word, count
    uint32_t pattern;     // which of a row's six words the oldest is
    bool over_run;
    bool odd;          // half of a word was read
    uint8_t held[12];  // outputs while a read of them is under way
    bool never_resets; // SW_RESET stays set
};

// A chip that was powered up just now; it boots for 15 ms.
void lsm6ds3_device_power_up(struct lsm6ds3_device *self, uint8_t who_am_i);
// Row k as the driver is to give it.
void lsm6ds3_device_row(uint32_t k, int16_t row[6]);

#endif
