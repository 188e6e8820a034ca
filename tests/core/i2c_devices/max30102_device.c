// See max30102_device.h.
#include "i2c_devices/max30102_device.h"

#include <string.h>

enum { ADDRESS = 0x57, RESET_US = 1000, DEPTH = 32, WR_PTR = 4, OVF = 5, RD_PTR = 6, DATA = 7, MODE = 9 };

static struct max30102_device *of(struct i2c_device *device) { return (struct max30102_device *)(void *)device; }

static void defaults(struct max30102_device *self) {
    memset(self->registers, 0, sizeof self->registers);
    self->registers[0xff] = self->part_id;
    self->waiting = self->byte = 0;
}

static uint32_t light(uint32_t k, uint32_t channel) {
    return channel == 0 ? 4 * (40000 + k) + 1 : 4 * (100 + 3 * k) + 2;
}

void max30102_device_row(uint32_t k, int16_t row[2]) {
    for (uint32_t channel = 0; channel < 2; channel++)
        row[channel] = (int16_t)((int32_t)(light(k, channel) / 4) - 32768);
}

// ---- measuring ----

// Microseconds between rows: SPO2_SR over SMP_AVE. 0: nothing is measured.
static uint64_t period_us(const struct max30102_device *self) {
    static const uint64_t rates[] = {50, 100, 200, 400, 800, 1000, 1600, 3200};
    uint8_t average = self->registers[8] >> 5;
    if ((self->registers[MODE] & 0x87) != 3 || self->registers[0x0c] == 0 || self->registers[0x0d] == 0) return 0;
    return 1000000u * (1u << (average > 5 ? 5 : average)) / rates[self->registers[0x0a] >> 2 & 7];
}

static void measure(struct max30102_device *self) {
    uint64_t period = period_us(self);
    if (period == 0) self->made_us = bus_us();
    if (period == 0) return;
    for (; bus_us() - self->made_us >= period; self->made_us += period) {
        self->made++;
        if (self->waiting < DEPTH) {
            self->fifo[self->registers[WR_PTR]] = self->made;
            self->registers[WR_PTR] = (self->registers[WR_PTR] + 1) % DEPTH;
            self->waiting++;
        } else if (self->registers[OVF] < 31) {
            self->registers[OVF]++;
        }
    }
}

// The read pointer advances with the first byte of a row.
static void pop(struct max30102_device *self) {
    self->reading = self->fifo[self->registers[RD_PTR]];
    self->registers[RD_PTR] = (self->registers[RD_PTR] + 1) % DEPTH;
    self->registers[OVF] = 0;
    self->waiting--;
}

static uint8_t fifo_data(struct max30102_device *self) {
    if (self->byte == 0 && self->waiting == 0) return 0;
    if (self->byte == 0) pop(self);
    uint32_t value = light(self->reading, self->byte / 3);
    uint8_t shifted = (uint8_t)(value >> (16 - 8 * (self->byte % 3)));
    if (self->byte % 3 == 0) shifted |= 0xfc; // bits 18 to 23 are not used and may be anything
    self->byte = (self->byte + 1) % 6;
    return shifted;
}

// ---- registers ----

static uint8_t writable(uint8_t at) {
    switch (at) {
    case 0x02: return 0xe0;
    case 0x03: return 0x02;
    case WR_PTR:
    case OVF:
    case RD_PTR: return 0x1f;
    case 0x08: return 0xff;
    case MODE: return 0xc7;
    case 0x0a: return 0x7f;
    case 0x0c:
    case 0x0d: return 0xff;
    default: return 0;
    }
}

static void store(struct max30102_device *self, uint8_t at, uint8_t value) {
    if (value & ~writable(at)) bus_wrong("an unused bit or a read-only register was written");
    self->registers[at] = value;
    if (at == MODE && value & 0x40) self->busy_us = bus_us() + RESET_US;
    if (at == MODE) self->made_us = bus_us();
    if (at == WR_PTR || at == RD_PTR)
        self->waiting = (uint32_t)(self->registers[WR_PTR] - self->registers[RD_PTR]) % DEPTH, self->byte = 0;
}

static uint8_t load(struct max30102_device *self) {
    uint8_t value = self->at == DATA ? fifo_data(self) : self->registers[self->at];
    if (self->at == 0) self->registers[0] = 0; // reading clears the flags
    return value;
}

// ---- the bus ----

static bool start(struct i2c_device *device, bool reads) {
    struct max30102_device *self = of(device);
    bool resets = self->registers[MODE] & 0x40;
    // The reset bit may be asked for; everything else waits.
    if (resets && bus_us() >= self->busy_us) defaults(self);
    measure(self);
    self->number_next = !reads;
    return true;
}

static bool write_byte(struct i2c_device *device, uint8_t byte) {
    struct max30102_device *self = of(device);
    if (self->number_next) {
        self->at = byte;
        self->byte = 0;
    } else {
        if (self->registers[MODE] & 0x40) bus_wrong("it was written to while it resets");
        store(self, self->at, byte);
        self->at++;
    }
    self->number_next = false;
    return true;
}

static uint8_t read_byte(struct i2c_device *device) {
    struct max30102_device *self = of(device);
    uint8_t byte = load(self);
    if (self->at != DATA) self->at++;
    return byte;
}

static void stop(struct i2c_device *device) { (void)device; }

void max30102_device_power_up(struct max30102_device *self, uint8_t part_id) {
    uint32_t made = self->made;
    *self = (struct max30102_device){.part_id = part_id, .made = made, .power_us = bus_us(), .made_us = bus_us()};
    self->bus = (struct i2c_device){ADDRESS, start, write_byte, read_byte, stop};
    defaults(self);
    self->registers[0] = 1; // PWR_RDY
}
