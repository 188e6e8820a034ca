// ST LSM6DS3, LSM6DS3TR-C and LSM6DSOX: accelerometer and gyroscope. Rows are ax, ay, az, gx, gy, gz in the chip's
// counts, both at the same rate.
#ifndef FTTE_LSM6DS3_H
#define FTTE_LSM6DS3_H

#include "sensors/sensor.h"

struct ftte_lsm6ds3_settings {
    uint8_t address;    // 0x6a or 0x6b, by the pin SA0
    uint16_t rate_hz;   // 13 (12.5), 26, 52, 104, 208 or 416
    uint8_t range_g;    // 2, 4, 8 or 16
    uint16_t range_dps; // 250, 500, 1000 or 2000
};

struct ftte_lsm6ds3 {
    struct ftte_sensor sensor; // what the session sees
    struct ftte_lsm6ds3_settings settings;
    uint8_t chip;      // WHO_AM_I
    uint8_t step;      // of configure
    uint32_t step_ms;  // when it began
    uint32_t last_ms;  // when a row was seen last
    uint16_t settling; // rows that are still thrown away
    bool gap;          // the next row does not follow the last one
};

// Fills in `self`. Returns &self->sensor, or null when the settings are none of those above.
struct ftte_sensor *ftte_lsm6ds3_open(struct ftte_lsm6ds3 *self, const struct ftte_lsm6ds3_settings *settings);

#endif
