// See lsm6ds3_device.h.
#include "i2c_devices/lsm6ds3_device.h"

#include <string.h>

enum { BOOT_US = 15000, RESET_US = 50, ADDRESS = 0x6a, LSM6DS3 = 0x69, LSM6DSOX = 0x6c };

static struct lsm6ds3_device *of(struct i2c_device *device) { return (struct lsm6ds3_device *)(void *)device; }

static uint32_t fifo_words(const struct lsm6ds3_device *self) { return self->who_am_i == LSM6DS3 ? 4096 : 2048; }

static void defaults(struct lsm6ds3_device *self) {
    memset(self->registers, 0, sizeof self->registers);
    self->registers[0x0f] = self->who_am_i;
    self->registers[0x12] = 0x04; // CTRL3_C: IF_INC
    self->words = self->head = self->pattern = 0;
    self->over_run = self->odd = false;
}

void lsm6ds3_device_row(uint32_t k, int16_t row[6]) {
    int16_t n = (int16_t)k;
    const int16_t values[6] = {n, (int16_t)(1000 + n), (int16_t)-n, (int16_t)(2 * n), (int16_t)(2000 - n), 77};
    memcpy(row, values, sizeof values);
}

// The word `which` of row k, in the chip's order: gyroscope, then accelerometer.
static int16_t word_of(uint32_t k, uint32_t which) {
    int16_t row[6];
    lsm6ds3_device_row(k, row);
    return row[(which + 3) % 6];
}

// ---- measuring ----

static uint64_t period_us(uint8_t code) {
    static const uint64_t periods[] = {0, 80000, 38462, 19231, 9615, 4808, 2404};
    return code <= 6 ? periods[code] : 0;
}

// FIFO_MODE continuous, ODR_FIFO set, both data sets undecimated.
static bool fifo_runs(const struct lsm6ds3_device *self) {
    uint8_t control = self->registers[0x0a];
    return self->who_am_i != LSM6DSOX && (control & 7) == 6 && (control >> 3 & 15) != 0 &&
           self->registers[0x08] == 0x09;
}

static void push_word(struct lsm6ds3_device *self, int16_t word) {
    uint32_t size = fifo_words(self);
    if (self->words == size) {
        self->head = (self->head + 1) % size;
        self->pattern = (self->pattern + 1) % 6;
        self->words--;
        self->over_run = true;
    }
    self->fifo[(self->head + self->words++) % size] = word;
}

static void measure(struct lsm6ds3_device *self) {
    uint8_t rate = self->registers[0x10] >> 4;
    uint64_t period = period_us(rate);
    if (period == 0 || self->registers[0x11] >> 4 != rate) {
        self->made_us = bus_us();
        return;
    }
    for (; bus_us() - self->made_us >= period; self->made_us += period) {
        self->made++;
        self->registers[0x1e] |= 7; // STATUS_REG
        if (fifo_runs(self))
            for (uint32_t i = 0; i < 6; i++) push_word(self, word_of(self->made, i));
    }
}

static void settle(struct lsm6ds3_device *self) {
    if (self->registers[0x12] & 1 && bus_us() >= self->busy_us && !self->never_resets) defaults(self);
    measure(self);
}

// ---- registers ----

// Bits of each register that may be written; the others must be written as 0.
static uint8_t writable(const struct lsm6ds3_device *self, uint8_t at) {
    bool sox = self->who_am_i == LSM6DSOX;
    switch (at) {
    case 0x08: return sox ? 0xff : 0x3f; // FIFO_CTRL3
    case 0x0a: return sox ? 0xf7 : 0x7f; // FIFO_CTRL5 (FIFO_CTRL4 of the SOX)
    case 0x10: return sox ? 0xfe : 0xff; // CTRL1_XL
    case 0x11: return 0xfe;              // CTRL2_G
    case 0x12: return sox ? 0xfd : 0xff; // CTRL3_C
    default: return 0;
    }
}

static void store(struct lsm6ds3_device *self, uint8_t at, uint8_t value) {
    if (value & ~writable(self, at)) bus_wrong("a reserved bit or a read-only register was written");
    self->registers[at] = value;
    if (at == 0x0a && (value & 7) == 0) self->words = self->pattern = 0; // bypass empties the FIFO
    if (at == 0x12 && value & 1) self->busy_us = bus_us() + RESET_US;
    if (at == 0x10 || at == 0x11) self->made_us = bus_us();
}

static uint8_t fifo_status(const struct lsm6ds3_device *self, uint8_t at) {
    uint32_t mask = self->who_am_i == LSM6DS3 ? 0x0fff : 0x07ff, words = self->words & mask;
    switch (at) {
    case 0x3a: return (uint8_t)words;
    case 0x3b: return (uint8_t)(words >> 8 | (self->over_run ? 0x40 : 0) | (self->words == 0 ? 0x10 : 0));
    case 0x3c: return (uint8_t)self->pattern;
    default: return 0;
    }
}

static uint8_t fifo_data(struct lsm6ds3_device *self) {
    uint16_t word = self->words > 0 ? (uint16_t)self->fifo[self->head] : 0;
    if (self->at == 0x3e) return (uint8_t)word;
    if (self->words > 0) {
        self->head = (self->head + 1) % fifo_words(self);
        self->pattern = (self->pattern + 1) % 6;
        self->words--;
        self->over_run = false;
    }
    return (uint8_t)(word >> 8);
}

// Without block data update, the outputs change under the reader.
static uint8_t output(struct lsm6ds3_device *self) {
    uint32_t which = (self->at - 0x22u) / 2;
    bool low = self->at % 2 == 0, updates = !(self->registers[0x12] & 0x40);
    int16_t word = word_of(self->made, which);
    if (low || updates) memcpy(self->held, &word, sizeof word);
    self->registers[0x1e] &= (uint8_t) ~(which < 3 ? 2 : 1);
    return self->held[low ? 0 : 1];
}

static uint8_t load(struct lsm6ds3_device *self) {
    if (self->at == 0x3e || self->at == 0x3f) return fifo_data(self);
    if (self->at >= 0x3a && self->at <= 0x3d) return fifo_status(self, self->at);
    if (self->at >= 0x22 && self->at <= 0x2d) return output(self);
    return self->registers[self->at & 127];
}

static void advance(struct lsm6ds3_device *self) {
    if (self->at == 0x3f)
        self->at = 0x3e;
    else if (self->registers[0x12] & 4)
        self->at++;
}

// ---- the bus ----

static bool start(struct i2c_device *device, bool reads) {
    struct lsm6ds3_device *self = of(device);
    if (bus_us() < self->power_us + BOOT_US) return false;
    if (self->registers[0x12] & 1 && bus_us() < self->busy_us) bus_wrong("it was talked to while it resets");
    settle(self);
    self->number_next = !reads;
    return true;
}

static bool write_byte(struct i2c_device *device, uint8_t byte) {
    struct lsm6ds3_device *self = of(device);
    if (self->number_next)
        self->at = byte & 127;
    else
        store(self, self->at, byte), advance(self);
    self->number_next = false;
    return true;
}

static uint8_t read_byte(struct i2c_device *device) {
    struct lsm6ds3_device *self = of(device);
    uint8_t byte = load(self);
    advance(self);
    return byte;
}

static void stop(struct i2c_device *device) { (void)device; }

void lsm6ds3_device_power_up(struct lsm6ds3_device *self, uint8_t who_am_i) {
    uint32_t made = self->made;
    *self = (struct lsm6ds3_device){.who_am_i = who_am_i, .made = made, .power_us = bus_us(), .made_us = bus_us()};
    self->bus = (struct i2c_device){ADDRESS, start, write_byte, read_byte, stop};
    defaults(self);
}
