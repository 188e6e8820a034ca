// The sensor that the board's config names with a driver (board_config.h: FTTE_SENSOR_…), for ports that give an I2C
// bus. Boards whose config names none have none, and their firmware holds no driver.
#include "board_config.h"
#include "ftte_port.h"
#include "sensors/lsm6ds3.h"
#include "sensors/max30102.h"

#if defined(FTTE_SENSOR_LSM6DS3)

struct ftte_sensor *ftte_port_sensor(void) {
    static const struct ftte_lsm6ds3_settings settings = {
        .address = FTTE_SENSOR_ADDRESS,
        .rate_hz = FTTE_SENSOR_RATE_HZ,
        .range_g = FTTE_SENSOR_RANGE_G,
        .range_dps = FTTE_SENSOR_RANGE_DPS,
    };
    static struct ftte_lsm6ds3 driver;
    static struct ftte_sensor *sensor;
    if (!sensor) sensor = ftte_lsm6ds3_open(&driver, &settings);
    return sensor;
}

#elif defined(FTTE_SENSOR_MAX30102)

struct ftte_sensor *ftte_port_sensor(void) {
    static const struct ftte_max30102_settings settings = {
        .rate_hz = FTTE_SENSOR_RATE_HZ,
        .red = FTTE_SENSOR_RED,
        .infrared = FTTE_SENSOR_INFRARED,
    };
    static struct ftte_max30102 driver;
    static struct ftte_sensor *sensor;
    if (!sensor) sensor = ftte_max30102_open(&driver, &settings);
    return sensor;
}

#else

struct ftte_sensor *ftte_port_sensor(void) {
    return NULL;
}

#endif
