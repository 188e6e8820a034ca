// The sensors' drivers against emulated chips on an emulated bus: rows exact and in order at every rate, settings that
// the datasheet allows, lost rows told, and from every fault back to rows, by way of an error code.
#include <string.h>

#include "i2c_devices/lsm6ds3_device.h"
#include "i2c_devices/max30102_device.h"
#include "report.h"
#include "sensors/lsm6ds3.h"
#include "sensors/max30102.h"

enum { IMU = 0, PULSE = 1, ROWS = 4096 };

static struct lsm6ds3_device imu;
static struct max30102_device pulse;
static struct ftte_lsm6ds3 lsm6ds3;
static struct ftte_max30102 max30102;
static int16_t elements[ROWS * 6];
static const struct ftte_lsm6ds3_settings usual = {.address = 0x6a, .rate_hz = 52, .range_g = 4, .range_dps = 1000};
static const struct ftte_max30102_settings light = {.rate_hz = 25, .red = 0x24, .infrared = 0x24};

// ---- what the session does with a driver ----

// Probes and configures, a millisecond at a time. Returns the first error, or FTTE_OK.
static int bring_up(struct ftte_sensor *sensor) {
    int result = sensor->probe(sensor);
    if (result < 0) return result;
    for (int tries = 0; tries < 1000; tries++) {
        result = sensor->configure(sensor, bus_ms());
        if (result != FTTE_SENSOR_WAIT) return result;
        bus_wait_us(1000);
    }
    return FTTE_ERR_STATE;
}

static int take(struct ftte_sensor *sensor, struct ftte_sensor_rows *rows, uint32_t room) {
    *rows = (struct ftte_sensor_rows){.elements = (uint8_t *)elements, .room = room};
    return sensor->read(sensor, rows, bus_ms());
}

// The k of a row as the device counts them, or -1 if its channels do not belong together.
static int32_t k_of(const struct ftte_sensor *sensor, const int16_t *row) {
    int16_t whole[6];
    if (sensor->elements == 6) {
        lsm6ds3_device_row((uint16_t)row[0], whole);
        return memcmp(whole, row, 12) == 0 ? (uint16_t)row[0] : -1;
    }
    int32_t k = row[0] + 32768 - 40000;
    max30102_device_row((uint32_t)k, whole);
    return memcmp(whole, row, 4) == 0 ? k : -1;
}

struct course {
    uint32_t rows, begins;
    int error;       // the first
    bool broken;     // a row was torn, or one was left out or repeated without a word
    int32_t last;    // k
    int32_t skew_ms; // the largest difference between a row's time as told and as it was
};

// Reads for `ms`, every `every_ms`, at most `room` rows at a time, and looks at each row.
static void follow(struct ftte_sensor *sensor, struct course *course, uint32_t ms, uint32_t every_ms, uint32_t room) {
    for (uint32_t end = bus_ms() + ms; bus_ms() < end && course->error >= 0; bus_wait_us(every_ms * 1000)) {
        struct ftte_sensor_rows rows;
        int got = take(sensor, &rows, room);
        if (got < 0) course->error = got;
        if (got <= 0) continue;
        course->begins += rows.begins;
        for (int i = 0; i < got; i++) {
            int32_t k = k_of(sensor, elements + (uint32_t)i * sensor->elements);
            bool follows = k == course->last + 1 || (i == 0 && rows.begins);
            course->broken |= k < 0 || !follows || rows.label != FTTE_LABEL_NONE;
            course->last = k;
        }
        course->rows += (uint32_t)got;
        int32_t newest =
            (int32_t)(bus_ms() - rows.first_ms) - (int32_t)((uint32_t)(got - 1) * 1000000u / sensor->rate_mhz);
        if (newest > course->skew_ms) course->skew_ms = newest;
    }
}

static struct ftte_sensor *fresh(int which) {
    if (which == IMU) {
        lsm6ds3_device_power_up(&imu, 0x6a);
        bus_open(&imu.bus);
        bus_wait_us(20000);
        return ftte_lsm6ds3_open(&lsm6ds3, &usual);
    }
    max30102_device_power_up(&pulse, 0x15);
    bus_open(&pulse.bus);
    return ftte_max30102_open(&max30102, &light);
}

static const char *name_of(int which) { return which == IMU ? "lsm6ds3" : "max30102"; }

static bool quiet(void) {
    if (bus_complaint()) printf("# %s\n", bus_complaint());
    return bus_complaint() == NULL;
}

// ---- rows ----

static void imu_rates(uint8_t who, uint32_t every_ms) {
    static const uint16_t rates[] = {13, 26, 52, 104, 208, 416};
    static const double hz[] = {12.5, 26, 52, 104, 208, 416};
    bool ok = true;
    for (int i = 0; i < 6; i++) {
        struct ftte_lsm6ds3_settings settings = usual;
        struct course course = {0};
        settings.rate_hz = rates[i];
        fresh(IMU);
        lsm6ds3_device_power_up(&imu, who);
        bus_wait_us(20000);
        struct ftte_sensor *sensor = ftte_lsm6ds3_open(&lsm6ds3, &settings);
        ok &= bring_up(sensor) == FTTE_OK;
        follow(sensor, &course, 10000, every_ms ? every_ms : sensor->poll_ms, 400);
        // Less what is thrown away while the chip settles, and what came after the last look.
        double most = 10.0 * hz[i] + 2, least = (9.85 - sensor->poll_ms / 1000.0) * hz[i] * 0.98 - 2;
        ok &= course.error == 0 && !course.broken && course.begins == 1 && quiet();
        ok &= course.rows > least && course.rows < most;
    }
    report(ok, "lsm6ds3 %#x gives every row once, in order, at every rate", who);
}

static void imu_settings(void) {
    bool ok = true;
    int tried = 0;
    static const uint8_t g[] = {2, 4, 8, 16}, codes_g[] = {0, 2, 3, 1};
    static const uint16_t dps[] = {250, 500, 1000, 2000};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++, tried++) {
            struct ftte_lsm6ds3_settings settings = usual;
            settings.range_g = g[i];
            settings.range_dps = dps[j];
            fresh(IMU);
            struct ftte_sensor *sensor = ftte_lsm6ds3_open(&lsm6ds3, &settings);
            ok &= sensor && bring_up(sensor) == FTTE_OK && quiet();
            ok &= imu.registers[0x10] == (3 << 4 | codes_g[i] << 2) && imu.registers[0x11] == (3 << 4 | j << 2);
            ok &= imu.registers[0x12] == 0x44 && imu.registers[0x08] == 0x09 && imu.registers[0x0a] == (3 << 3 | 6);
        }
    report(ok, "lsm6ds3 sets ranges, rate, block data update and FIFO as the datasheet codes them (%d)", tried);
    struct ftte_lsm6ds3_settings odd = usual;
    odd.rate_hz = 50;
    bool refused = !ftte_lsm6ds3_open(&lsm6ds3, &odd);
    odd = usual, odd.range_g = 3;
    refused &= !ftte_lsm6ds3_open(&lsm6ds3, &odd);
    odd = usual, odd.range_dps = 125;
    report(refused && !ftte_lsm6ds3_open(&lsm6ds3, &odd), "lsm6ds3 refuses settings that the chip has not");
}

static void pulse_rates(void) {
    static const uint16_t rates[] = {25, 50, 100};
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        struct ftte_max30102_settings settings = light;
        struct course course = {0};
        settings.rate_hz = rates[i];
        fresh(PULSE);
        struct ftte_sensor *sensor = ftte_max30102_open(&max30102, &settings);
        ok &= bring_up(sensor) == FTTE_OK;
        follow(sensor, &course, 10000, sensor->poll_ms, 100);
        ok &= course.error == 0 && !course.broken && course.begins == 1 && quiet();
        ok &= course.rows > 9u * rates[i] && course.rows <= 10u * rates[i];
    }
    report(ok, "max30102 gives every row once, in order, at every rate");
    struct ftte_max30102_settings odd = {.rate_hz = 30};
    report(!ftte_max30102_open(&max30102, &odd), "max30102 refuses a rate that it has not");
}

static void small_rooms(int which) {
    bool ok = true;
    for (uint32_t room = 1; room <= 17; room++) {
        struct course course = {0};
        struct ftte_sensor *sensor = fresh(which);
        ok &= bring_up(sensor) == FTTE_OK;
        follow(sensor, &course, 3000, 7, room);
        ok &= course.rows > 60 && course.begins == 1 && !course.broken && course.error == 0 && course.skew_ms <= 80;
    }
    report(ok && quiet(), "%s gives them whole into little room, with their times", name_of(which));
}

// Nobody reads for so long that the FIFO overruns.
static void overruns(int which, uint32_t silent_ms, uint32_t kept) {
    struct course course = {0};
    struct ftte_sensor *sensor = fresh(which);
    bool ok = bring_up(sensor) == FTTE_OK;
    follow(sensor, &course, 1000, 20, 100);
    ok &= course.begins == 1 && course.rows > 10;
    bus_wait_us(silent_ms * 1000u);
    uint32_t before = course.rows;
    follow(sensor, &course, 100, 5, 400);
    uint32_t at_once = course.rows - before;
    follow(sensor, &course, 3000, 20, 100);
    ok &= course.error == 0 && !course.broken && course.begins == 2 && at_once >= kept;
    report(ok && quiet(), "%s: rows that nobody read in time are lost and told of, the others are whole (%u kept)",
           name_of(which), at_once);
}

// ---- faults: each an error, then rows again after probe and configure ----

static bool recovers(struct ftte_sensor *sensor) {
    struct course course = {0};
    if (bring_up(sensor) != FTTE_OK) return false;
    follow(sensor, &course, 2000, 20, 100);
    return course.error == 0 && !course.broken && course.rows > 30 && course.begins == 1;
}

static void strangers(void) {
    struct ftte_sensor *sensor = fresh(IMU);
    lsm6ds3_device_power_up(&imu, 0x33);
    bus_wait_us(20000);
    report(bring_up(sensor) == FTTE_ERR_SENSOR_WRONG, "lsm6ds3: another chip at its address is no sensor");
    sensor = fresh(PULSE);
    max30102_device_power_up(&pulse, 0x11);
    report(bring_up(sensor) == FTTE_ERR_SENSOR_WRONG, "max30102: another part id is no sensor");
    sensor = fresh(IMU);
    lsm6ds3_device_power_up(&imu, 0x6a);
    bool booting = bring_up(sensor) == FTTE_ERR_SENSOR_ABSENT;
    bus_wait_us(15000);
    report(booting && recovers(sensor) && quiet(), "lsm6ds3: while it boots it is absent, then it is there");
}

// Every transfer of bringing it up fails once, in each way.
static void faults_at_start(int which) {
    bool ok = true;
    int tried = 0;
    for (int at = 0; at < 12; at++, tried++) {
        struct ftte_sensor *sensor = fresh(which);
        int result = sensor->probe(sensor), step = 0;
        for (int tries = 0; tries < 1000 && result >= 0; tries++, step++) {
            if (step == at) bus_nack(at % 2 ? 1 : 2);
            result = sensor->configure(sensor, bus_ms());
            if (result == FTTE_OK && step >= at) break;
            bus_wait_us(1000);
        }
        bus_nack(0);
        ok &= (result == FTTE_OK || result == FTTE_ERR_SENSOR_ABSENT) && recovers(sensor);
    }
    report(ok && quiet(), "%s: not acknowledged at any step of its start, it recovers (%d)", name_of(which), tried);
}

static void nack(int which) {
    struct ftte_sensor_rows rows;
    struct ftte_sensor *sensor = fresh(which);
    bool ok = bring_up(sensor) == FTTE_OK;
    bus_wait_us(500000);
    bus_nack(1);
    ok &= take(sensor, &rows, 10) == FTTE_ERR_SENSOR_ABSENT;
    report(ok && recovers(sensor) && quiet(), "%s: unplugged while it runs it is absent, plugged in again it runs",
           name_of(which));
}

static void stuck(int which) {
    struct ftte_sensor_rows rows;
    struct ftte_sensor *sensor = fresh(which);
    bool ok = bring_up(sensor) == FTTE_OK;
    bus_wait_us(500000);
    bus_stick();
    ok &= take(sensor, &rows, 10) == FTTE_ERR_SENSOR_BUS && bring_up(sensor) == FTTE_ERR_SENSOR_BUS;
    bus_free();
    report(ok && recovers(sensor) && quiet(), "%s: a bus that is stuck is told, and freed it runs", name_of(which));
}

static void partial_reads(int which) {
    bool ok = true;
    uint32_t tried = 0;
    for (uint32_t bytes = 0; bytes < 40; bytes++, tried++) {
        struct course course = {0};
        struct ftte_sensor_rows rows;
        struct ftte_sensor *sensor = fresh(which);
        ok &= bring_up(sensor) == FTTE_OK;
        bus_wait_us(400000);
        bus_break_after(bytes);
        ok &= take(sensor, &rows, 10) == FTTE_ERR_SENSOR_BUS;
        // Even a session that went on without a new start would get whole rows, and be told that some are missing.
        follow(sensor, &course, 1000, 20, 100);
        if (which == IMU) ok &= !course.broken && course.error == 0;
        ok &= recovers(sensor);
    }
    report(ok && quiet(), "%s: a read that breaks off at any byte spoils no row (%u)", name_of(which), tried);
}

static void resets_in_the_middle(int which) {
    struct course course = {0};
    struct ftte_sensor *sensor = fresh(which);
    bool ok = bring_up(sensor) == FTTE_OK;
    follow(sensor, &course, 1000, 20, 100);
    ok &= course.error == 0;
    if (which == IMU)
        lsm6ds3_device_power_up(&imu, 0x6a), bus_wait_us(20000);
    else
        max30102_device_power_up(&pulse, 0x15);
    follow(sensor, &course, 2000, 20, 100);
    ok &= course.error == FTTE_ERR_SENSOR_RESET && !course.broken;
    report(ok && recovers(sensor) && quiet(), "%s: a sensor that lost its power says so and is set up again",
           name_of(which));
}

static void never_out_of_reset(void) {
    struct ftte_sensor *sensor = fresh(IMU);
    imu.never_resets = true;
    bool ok = bring_up(sensor) == FTTE_ERR_SENSOR_RESET;
    imu.never_resets = false;
    report(ok && recovers(sensor), "lsm6ds3: a reset that does not end is told");
}

static void stops(int which) {
    struct ftte_sensor_rows rows;
    struct ftte_sensor *sensor = fresh(which);
    bool ok = bring_up(sensor) == FTTE_OK;
    sensor->stop(sensor);
    uint32_t made = which == IMU ? imu.made : pulse.made;
    bus_wait_us(2000000);
    (void)take(sensor, &rows, 1); // lets the device's time pass
    ok &= (which == IMU ? imu.made : pulse.made) <= made + 1;
    report(ok && recovers(sensor) && quiet(), "%s: stopped it measures nothing, configured it runs again",
           name_of(which));
}

int main(void) {
    imu_rates(0x6a, 0);
    imu_rates(0x69, 0);
    imu_rates(0x6c, 1);
    imu_settings();
    pulse_rates();
    overruns(IMU, 20000, 300);
    overruns(PULSE, 5000, 30);
    strangers();
    never_out_of_reset();
    for (int which = IMU; which <= PULSE; which++) {
        small_rooms(which);
        faults_at_start(which);
        nack(which);
        stuck(which);
        partial_reads(which);
        resets_in_the_middle(which);
        stops(which);
    }
    puts("done");
    return 0;
}
