// LSM6DS3 family (lsm6ds3.h). Sources: LSM6DS3TR-C datasheet (ST DocID030071), chapters 5.5 "FIFO", 6 "Digital
// interfaces" and 9 "Register description"; AN5130 "LSM6DS3TR-C: always-on 3D accelerometer and 3D gyroscope", 3
// "Operating modes", 4 "Reading output data", 5.7 "Reboot and software reset", 8 "FIFO"; LSM6DS3 datasheet
// (DocID026899) for its longer FIFO; LSM6DSOX datasheet (DS12140), 9.
//
// LSM6DS3 and LSM6DS3TR-C are read through their FIFO in continuous mode, which holds a data set of the gyroscope, then
// one of the accelerometer, for each moment. The LSM6DSOX has another FIFO, behind other registers; it is read row by
// row when its data are ready, through registers that are the same: read it often (poll_ms), as it keeps one row only.
// Does not use interrupts, the temperature, or anything that the chip computes by itself.
#include "sensors/lsm6ds3.h"

#include <string.h>

#include "sensors/registers.h"

enum {
    WHO_AM_I = 0x0f,
    IS_LSM6DS3 = 0x69,
    IS_LSM6DS3TR_C = 0x6a,
    IS_LSM6DSOX = 0x6c,
    FIFO_CTRL3 = 0x08,
    FIFO_BOTH_UNDECIMATED = 1 << 3 | 1, // DEC_FIFO_GYRO, DEC_FIFO_XL
    FIFO_CTRL5 = 0x0a,
    FIFO_CONTINUOUS = 6, // FIFO_MODE; ODR_FIFO is above it
    CTRL1_XL = 0x10,     // CTRL2_G and CTRL3_C follow
    CTRL2_G = 0x11,
    CTRL3_C = 0x12,
    CTRL3_SW_RESET = 1,
    CTRL3_IF_INC = 1 << 2, // register numbers advance by themselves; the default
    CTRL3_BDU = 1 << 6,    // no half of a value changes while the other is read
    STATUS_REG = 0x1e,
    STATUS_BOTH = 3,     // GDA, XLDA
    OUTX_L_G = 0x22,     // gyroscope x, y, z, then accelerometer x, y, z
    FIFO_STATUS1 = 0x3a, // to FIFO_STATUS4
    FIFO_OVER_RUN = 1 << 6,
    FIFO_DATA_OUT_L = 0x3e, // after FIFO_DATA_OUT_H the number goes back here
};

enum {
    ROW_WORDS = 6,
    ROW_BYTES = 2 * ROW_WORDS,
    BURST_ROWS = FTTE_I2C_BYTES / ROW_BYTES,
    FIFO_ROWS = 2048 / ROW_WORDS,
    POLL_MS = 500,     // however long the FIFO is
    RESET_MS = 50,     // SW_RESET takes 50 us; a chip that takes so long is broken
    SETTLING_MS = 100, // the gyroscope's turn-on time, 70 ms, and the filters'
    LOST_PERIODS = 8,  // without a row: is it still set up?
};

enum step { STEP_RESET, STEP_RESETTING, STEP_RUN };

static const uint16_t rates_hz[] = {13, 26, 52, 104, 208, 416}; // ODR 1 to 6
static const uint32_t rates_mhz[] = {12500, 26000, 52000, 104000, 208000, 416000};
static const uint8_t ranges_g[] = {2, 16, 4, 8}; // FS_XL
static const uint16_t ranges_dps[] = {250, 500, 1000, 2000};

static struct ftte_lsm6ds3 *of(struct ftte_sensor *sensor) { return (struct ftte_lsm6ds3 *)(void *)sensor; }

// ---- settings ----

static int rate_code(const struct ftte_lsm6ds3_settings *settings) {
    for (int i = 0; i < 6; i++)
        if (rates_hz[i] == settings->rate_hz) return i + 1;
    return -1;
}

static int range_code_g(const struct ftte_lsm6ds3_settings *settings) {
    for (int i = 0; i < 4; i++)
        if (ranges_g[i] == settings->range_g) return i;
    return -1;
}

static int range_code_dps(const struct ftte_lsm6ds3_settings *settings) {
    for (int i = 0; i < 4; i++)
        if (ranges_dps[i] == settings->range_dps) return i;
    return -1;
}

// What the chip is told, CTRL registers first, and how many of them.
static size_t settings_of(const struct ftte_lsm6ds3 *self, struct ftte_setting settings[5]) {
    uint8_t rate = (uint8_t)rate_code(&self->settings);
    settings[0] = (struct ftte_setting){CTRL3_C, CTRL3_BDU | CTRL3_IF_INC};
    settings[1] = (struct ftte_setting){CTRL1_XL, (uint8_t)(rate << 4 | range_code_g(&self->settings) << 2)};
    settings[2] = (struct ftte_setting){CTRL2_G, (uint8_t)(rate << 4 | range_code_dps(&self->settings) << 2)};
    settings[3] = (struct ftte_setting){FIFO_CTRL3, FIFO_BOTH_UNDECIMATED};
    settings[4] = (struct ftte_setting){FIFO_CTRL5, (uint8_t)(rate << 3 | FIFO_CONTINUOUS)};
    return self->chip == IS_LSM6DSOX ? 3 : 5;
}

static uint32_t ms_of(const struct ftte_lsm6ds3 *self, uint32_t rows) {
    return (uint32_t)((uint64_t)rows * 1000000u / self->sensor.rate_mhz);
}

// ---- probe and configure ----

static int probe(struct ftte_sensor *sensor) {
    struct ftte_lsm6ds3 *self = of(sensor);
    int result = ftte_registers_read(self->settings.address, WHO_AM_I, &self->chip, 1);
    self->step = STEP_RESET;
    if (result < 0) return result;
    bool known = self->chip == IS_LSM6DS3 || self->chip == IS_LSM6DS3TR_C || self->chip == IS_LSM6DSOX;
    return known ? FTTE_OK : FTTE_ERR_SENSOR_WRONG;
}

static int begin_reset(struct ftte_lsm6ds3 *self, uint32_t now_ms) {
    self->step_ms = now_ms;
    int result = ftte_register_write(self->settings.address, CTRL3_C, CTRL3_IF_INC | CTRL3_SW_RESET);
    if (result >= 0) self->step = STEP_RESETTING;
    return result < 0 ? result : FTTE_SENSOR_WAIT;
}

// Half of what the FIFO holds, or half a row's time.
static uint16_t poll_ms(const struct ftte_lsm6ds3 *self) {
    uint32_t ms = self->chip == IS_LSM6DSOX ? ms_of(self, 1) / 2 : ms_of(self, FIFO_ROWS / 2);
    return (uint16_t)(ms < 1 ? 1 : ms < POLL_MS ? ms : POLL_MS);
}

static int run(struct ftte_lsm6ds3 *self, uint32_t now_ms) {
    struct ftte_setting settings[5];
    size_t count = settings_of(self, settings);
    int result = ftte_registers_write(self->settings.address, settings, count);
    if (result >= 0) result = ftte_registers_verify(self->settings.address, settings, count);
    if (result < 0) return result;
    self->step = STEP_RUN;
    self->last_ms = now_ms;
    self->settling = (uint16_t)(self->sensor.rate_mhz * SETTLING_MS / 1000000u + 1);
    self->gap = true;
    self->sensor.poll_ms = poll_ms(self);
    return FTTE_OK;
}

static int configure(struct ftte_sensor *sensor, uint32_t now_ms) {
    struct ftte_lsm6ds3 *self = of(sensor);
    uint8_t control;
    if (self->step != STEP_RESETTING) return begin_reset(self, now_ms);
    if (now_ms == self->step_ms) return FTTE_SENSOR_WAIT;
    int result = ftte_registers_read(self->settings.address, CTRL3_C, &control, 1);
    if (result < 0) return result;
    if (!(control & CTRL3_SW_RESET)) return run(self, now_ms);
    return now_ms - self->step_ms > RESET_MS ? FTTE_ERR_SENSOR_RESET : FTTE_SENSOR_WAIT;
}

static void stop(struct ftte_sensor *sensor) {
    struct ftte_lsm6ds3 *self = of(sensor);
    static const struct ftte_setting off[] = {{CTRL2_G, 0}, {CTRL1_XL, 0}};
    (void)ftte_registers_write(self->settings.address, off, 2);
    self->step = STEP_RESET;
}

// ---- reading ----

// The chip's order is gyroscope, accelerometer; ours is the other one.
static void place(const uint8_t *measured, uint8_t *row) {
    memcpy(row, measured + ROW_BYTES / 2, ROW_BYTES / 2);
    memcpy(row + ROW_BYTES / 2, measured, ROW_BYTES / 2);
}

// Too long without a row: FTTE_ERR_SENSOR_RESET if it is not what it was told to be.
static int look_after(struct ftte_lsm6ds3 *self, uint32_t now_ms) {
    struct ftte_setting settings[5];
    if (now_ms - self->last_ms <= ms_of(self, LOST_PERIODS)) return 0;
    size_t count = settings_of(self, settings);
    int result = ftte_registers_verify(self->settings.address, settings, count);
    if (result < 0) return result;
    // Set up as it should be, and silent: it would stay so.
    return FTTE_ERR_SENSOR_RESET;
}

struct fifo {
    uint32_t words;   // that wait
    uint32_t pattern; // which of a row's words is next
    bool over_run;
};

static int fifo_status(const struct ftte_lsm6ds3 *self, struct fifo *fifo) {
    uint8_t status[4];
    int result = ftte_registers_read(self->settings.address, FIFO_STATUS1, status, sizeof status);
    if (result < 0) return result;
    uint32_t high = status[1] & (self->chip == IS_LSM6DS3 ? 0x0f : 0x07);
    fifo->words = high << 8 | status[0];
    fifo->over_run = status[1] & FIFO_OVER_RUN;
    fifo->pattern = (uint32_t)(status[3] & 3) << 8 | status[2];
    // A full FIFO of 2^n words counts 0 of them.
    if (fifo->over_run && fifo->words == 0) fifo->words = self->chip == IS_LSM6DS3 ? 4096 : 2048;
    return FTTE_OK;
}

static int take_words(const struct ftte_lsm6ds3 *self, uint8_t *into, uint32_t words) {
    return ftte_registers_read(self->settings.address, FIFO_DATA_OUT_L, into, 2 * words);
}

// Throws the words away that are left of a row whose beginning is gone.
static int align(struct ftte_lsm6ds3 *self, struct fifo *fifo) {
    uint8_t rest[ROW_BYTES];
    if (fifo->pattern == 0 || fifo->pattern >= ROW_WORDS) return FTTE_OK;
    uint32_t words = ROW_WORDS - fifo->pattern;
    if (words > fifo->words) words = fifo->words;
    self->gap = true;
    fifo->words -= words;
    return words > 0 ? take_words(self, rest, words) : FTTE_OK;
}

// Takes `count` rows; those of the time in which the chip settles are thrown away. Returns how many are left.
static int take_rows(struct ftte_lsm6ds3 *self, uint8_t *into, uint32_t count) {
    uint8_t burst[BURST_ROWS * ROW_BYTES];
    uint32_t given = 0;
    for (uint32_t done = 0, rows; done < count; done += rows) {
        rows = count - done < BURST_ROWS ? count - done : BURST_ROWS;
        int result = take_words(self, burst, rows * ROW_WORDS);
        if (result < 0) return result;
        for (uint32_t i = 0; i < rows; i++) {
            if (self->settling > 0)
                self->settling--;
            else
                place(burst + i * ROW_BYTES, into + ROW_BYTES * given++);
        }
    }
    return (int)given;
}

// Says of `given` rows, the newest `behind` rows old, what the session wants to know.
static int told(struct ftte_lsm6ds3 *self, struct ftte_sensor_rows *rows, int given, uint32_t behind, uint32_t now_ms) {
    self->last_ms = now_ms;
    if (given <= 0) return given;
    rows->first_ms = now_ms - ms_of(self, behind + (uint32_t)given - 1);
    rows->label = FTTE_LABEL_NONE;
    rows->begins = self->gap;
    self->gap = false;
    return given;
}

static int read_fifo(struct ftte_lsm6ds3 *self, struct ftte_sensor_rows *rows, uint32_t now_ms) {
    struct fifo fifo;
    int result = fifo_status(self, &fifo);
    if (result < 0) return result;
    self->gap |= fifo.over_run;
    result = align(self, &fifo);
    if (result < 0) return result;
    uint32_t waiting = fifo.words / ROW_WORDS, count = waiting < rows->room ? waiting : rows->room;
    if (count == 0) return look_after(self, now_ms);
    return told(self, rows, take_rows(self, rows->elements, count), waiting - count, now_ms);
}

static int read_ready(struct ftte_lsm6ds3 *self, struct ftte_sensor_rows *rows, uint32_t now_ms) {
    uint8_t status, measured[ROW_BYTES];
    int result = ftte_registers_read(self->settings.address, STATUS_REG, &status, 1);
    if (result < 0) return result;
    if ((status & STATUS_BOTH) != STATUS_BOTH) return look_after(self, now_ms);
    result = ftte_registers_read(self->settings.address, OUTX_L_G, measured, sizeof measured);
    if (result < 0) return result;
    // Nothing but the time tells whether a row was overwritten.
    if (now_ms - self->last_ms > ms_of(self, 2)) self->gap = true;
    if (self->settling > 0) {
        self->settling--;
        return told(self, rows, 0, 0, now_ms);
    }
    place(measured, rows->elements);
    return told(self, rows, 1, 0, now_ms);
}

static int read_rows(struct ftte_sensor *sensor, struct ftte_sensor_rows *rows, uint32_t now_ms) {
    struct ftte_lsm6ds3 *self = of(sensor);
    return self->chip == IS_LSM6DSOX ? read_ready(self, rows, now_ms) : read_fifo(self, rows, now_ms);
}

struct ftte_sensor *ftte_lsm6ds3_open(struct ftte_lsm6ds3 *self, const struct ftte_lsm6ds3_settings *settings) {
    int rate = rate_code(settings);
    if (rate < 0 || range_code_g(settings) < 0 || range_code_dps(settings) < 0) return NULL;
    *self = (struct ftte_lsm6ds3){.settings = *settings};
    self->sensor = (struct ftte_sensor){
        .name = "lsm6ds3",
        .type = FTTE_SAMPLE_TYPE_I16,
        .elements = ROW_WORDS,
        .rate_mhz = rates_mhz[rate - 1],
        .poll_ms = POLL_MS,
        .probe = probe,
        .configure = configure,
        .read = read_rows,
        .stop = stop,
    };
    return &self->sensor;
}
