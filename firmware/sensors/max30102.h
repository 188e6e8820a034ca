// Maxim MAX30102: reflected red and infrared light, from which a pulse is read. Rows are red, infrared, as i16: the
// 18-bit value over 4, less 32768.
#ifndef FTTE_MAX30102_H
#define FTTE_MAX30102_H

#include "sensors/sensor.h"

struct ftte_max30102_settings {
    uint16_t rate_hz;      // 25, 50 or 100: of rows, each a mean of 4 measurements
    uint8_t red, infrared; // LED currents in steps of 0.2 mA
};

struct ftte_max30102 {
    struct ftte_sensor sensor; // what the session sees
    struct ftte_max30102_settings settings;
    uint8_t step;     // of configure
    uint32_t step_ms; // when it began
    uint32_t last_ms; // when a row was seen last
    bool gap;         // the next row does not follow the last one
};

// Fills in `self`. Returns &self->sensor, or null when the rate is none of those above.
struct ftte_sensor *ftte_max30102_open(struct ftte_max30102 *self, const struct ftte_max30102_settings *settings);

#endif
