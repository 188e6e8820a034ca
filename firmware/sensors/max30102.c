// MAX30102 (max30102.h). Source: MAX30102 datasheet (Maxim 19-7740, Rev 1), "Register Maps and Descriptions": interrupt
// status (0x00, 0x01), FIFO (0x04 to 0x08), mode (0x09), SpO2 configuration (0x0a), LED pulse amplitude (0x0c, 0x0d),
// part id (0xff), and "FIFO Description".
//
// The FIFO holds 32 rows. It is not let to roll over: what does not fit is lost at the new end and counted, so that the
// rows that are read are consecutive. No interrupts, no temperature; heart rate is a model's business, not the
// driver's.
#include "sensors/max30102.h"

#include "sensors/registers.h"

enum {
    ADDRESS = 0x57,
    INTERRUPT_STATUS_1 = 0x00,
    STATUS_PWR_RDY = 1, // set by a power-up, cleared by being read
    FIFO_WR_PTR = 0x04, // OVF_COUNTER and FIFO_RD_PTR follow
    OVF_COUNTER = 0x05,
    FIFO_RD_PTR = 0x06,
    FIFO_DATA = 0x07, // the register's number stays
    FIFO_CONFIG = 0x08,
    FIFO_MEAN_OF_4 = 2 << 5, // SMP_AVE; FIFO_ROLLOVER_EN is 0
    MODE_CONFIG = 0x09,
    MODE_SHDN = 1 << 7,
    MODE_RESET = 1 << 6,
    MODE_SPO2 = 3, // red and infrared
    SPO2_CONFIG = 0x0a,
    SPO2_4096_NA = 1 << 5, // ADC range
    SPO2_411_US = 3,       // pulse width, 18 bits
    LED1_PA = 0x0c,        // red
    LED2_PA = 0x0d,        // infrared
    PART_ID = 0xff,
    IS_MAX30102 = 0x15,
};

enum {
    FIFO_ROWS = 32,
    CHANNEL_BYTES = 3,
    ROW_BYTES = 2 * CHANNEL_BYTES,
    BURST_ROWS = FTTE_I2C_BYTES / ROW_BYTES,
    SETTINGS = 5,
    RESET_MS = 50,    // the datasheet gives no time; a power-on reset takes less
    LOST_PERIODS = 8, // without a row: is it still set up?
};

enum step { STEP_RESET, STEP_RESETTING, STEP_RUN };

static const struct ftte_setting empty_fifo[] = {{FIFO_WR_PTR, 0}, {OVF_COUNTER, 0}, {FIFO_RD_PTR, 0}};

static struct ftte_max30102 *of(struct ftte_sensor *sensor) { return (struct ftte_max30102 *)(void *)sensor; }

// SPO2_SR: measurements a second, four times the rows.
static int rate_code(uint16_t rate_hz) {
    switch (rate_hz) {
    case 25: return 1;
    case 50: return 2;
    case 100: return 3;
    default: return -1;
    }
}

static void settings_of(const struct ftte_max30102 *self, struct ftte_setting settings[SETTINGS]) {
    uint8_t rate = (uint8_t)(rate_code(self->settings.rate_hz) << 2);
    settings[0] = (struct ftte_setting){FIFO_CONFIG, FIFO_MEAN_OF_4};
    settings[1] = (struct ftte_setting){SPO2_CONFIG, (uint8_t)(SPO2_4096_NA | rate | SPO2_411_US)};
    settings[2] = (struct ftte_setting){LED1_PA, self->settings.red};
    settings[3] = (struct ftte_setting){LED2_PA, self->settings.infrared};
    settings[4] = (struct ftte_setting){MODE_CONFIG, MODE_SPO2}; // starts it
}

static uint32_t ms_of(const struct ftte_max30102 *self, uint32_t rows) {
    return (uint32_t)((uint64_t)rows * 1000000u / self->sensor.rate_mhz);
}

// ---- probe and configure ----

static int probe(struct ftte_sensor *sensor) {
    uint8_t part;
    of(sensor)->step = STEP_RESET;
    int result = ftte_registers_read(ADDRESS, PART_ID, &part, 1);
    if (result < 0) return result;
    return part == IS_MAX30102 ? FTTE_OK : FTTE_ERR_SENSOR_WRONG;
}

static int begin_reset(struct ftte_max30102 *self, uint32_t now_ms) {
    self->step_ms = now_ms;
    int result = ftte_register_write(ADDRESS, MODE_CONFIG, MODE_RESET);
    if (result >= 0) self->step = STEP_RESETTING;
    return result < 0 ? result : FTTE_SENSOR_WAIT;
}

static int run(struct ftte_max30102 *self, uint32_t now_ms) {
    struct ftte_setting settings[SETTINGS];
    uint8_t status;
    settings_of(self, settings);
    int result = ftte_registers_read(ADDRESS, INTERRUPT_STATUS_1, &status, 1); // clears PWR_RDY
    if (result >= 0) result = ftte_registers_write(ADDRESS, empty_fifo, 3);
    if (result >= 0) result = ftte_registers_write(ADDRESS, settings, SETTINGS);
    if (result >= 0) result = ftte_registers_verify(ADDRESS, settings, SETTINGS);
    if (result < 0) return result;
    self->step = STEP_RUN;
    self->last_ms = now_ms;
    self->gap = true;
    return FTTE_OK;
}

static int configure(struct ftte_sensor *sensor, uint32_t now_ms) {
    struct ftte_max30102 *self = of(sensor);
    uint8_t mode;
    if (self->step != STEP_RESETTING) return begin_reset(self, now_ms);
    if (now_ms == self->step_ms) return FTTE_SENSOR_WAIT;
    int result = ftte_registers_read(ADDRESS, MODE_CONFIG, &mode, 1);
    if (result < 0) return result;
    if (!(mode & MODE_RESET)) return run(self, now_ms);
    return now_ms - self->step_ms > RESET_MS ? FTTE_ERR_SENSOR_RESET : FTTE_SENSOR_WAIT;
}

static void stop(struct ftte_sensor *sensor) {
    (void)ftte_register_write(ADDRESS, MODE_CONFIG, MODE_SHDN);
    of(sensor)->step = STEP_RESET;
}

// ---- reading ----

// Three bytes, of which the lowest 18 bits count, most significant first.
static int16_t counts_of(const uint8_t *bytes) {
    uint32_t value = (uint32_t)(bytes[0] & 3) << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    return (int16_t)((int32_t)(value >> 2) - 32768);
}

static int take_rows(uint8_t *into, uint32_t count) {
    uint8_t burst[BURST_ROWS * ROW_BYTES];
    int16_t *row = (int16_t *)(void *)into;
    for (uint32_t done = 0, rows; done < count; done += rows) {
        rows = count - done < BURST_ROWS ? count - done : BURST_ROWS;
        int result = ftte_registers_read(ADDRESS, FIFO_DATA, burst, rows * ROW_BYTES);
        if (result < 0) return result;
        for (uint32_t i = 0; i < 2 * rows; i++) *row++ = counts_of(burst + i * CHANNEL_BYTES);
    }
    return (int)count;
}

// Too long without a row: it is not what it was told to be, or it would stay silent.
static int look_after(const struct ftte_max30102 *self, uint32_t now_ms) {
    return now_ms - self->last_ms > ms_of(self, LOST_PERIODS) ? FTTE_ERR_SENSOR_RESET : 0;
}

static int read_rows(struct ftte_sensor *sensor, struct ftte_sensor_rows *rows, uint32_t now_ms) {
    struct ftte_max30102 *self = of(sensor);
    uint8_t status, pointers[3]; // write, overflow, read
    int result = ftte_registers_read(ADDRESS, INTERRUPT_STATUS_1, &status, 1);
    if (result >= 0) result = ftte_registers_read(ADDRESS, FIFO_WR_PTR, pointers, sizeof pointers);
    if (result < 0) return result;
    if (status & STATUS_PWR_RDY) return FTTE_ERR_SENSOR_RESET;
    uint32_t waiting = (uint32_t)(pointers[0] - pointers[2]) % FIFO_ROWS;
    bool lost = pointers[1] != 0;
    if (lost && waiting == 0) waiting = FIFO_ROWS; // full
    uint32_t count = waiting < rows->room ? waiting : rows->room;
    if (count == 0) return look_after(self, now_ms);
    result = take_rows(rows->elements, count);
    if (result < 0) return result;
    rows->first_ms = now_ms - ms_of(self, waiting - 1);
    rows->label = FTTE_LABEL_NONE;
    rows->begins = self->gap;
    self->last_ms = now_ms;
    // What was lost belongs behind the rows that the FIFO held: those that there was no room for go with it.
    self->gap = lost;
    if (lost && count < waiting) result = ftte_registers_write(ADDRESS, empty_fifo, 3);
    return result < 0 ? result : (int)count;
}

struct ftte_sensor *ftte_max30102_open(struct ftte_max30102 *self, const struct ftte_max30102_settings *settings) {
    if (rate_code(settings->rate_hz) < 0) return NULL;
    *self = (struct ftte_max30102){.settings = *settings};
    self->sensor = (struct ftte_sensor){
        .name = "max30102",
        .type = FTTE_SAMPLE_TYPE_I16,
        .elements = 2,
        .rate_mhz = settings->rate_hz * 1000u,
        .poll_ms = (uint16_t)(FIFO_ROWS / 2 * 1000u / settings->rate_hz),
        .probe = probe,
        .configure = configure,
        .read = read_rows,
        .stop = stop,
    };
    return &self->sensor;
}
