// The I2C master made of pins, against a device that reads the two lines edge by edge as UM10204 has it: a memory of
// 256 bytes whose register number advances. Complains of what no master may do: SDA that moves while SCL is high within
// a byte, a device's acknowledge that is driven over, a transfer without START and STOP.
#include <string.h>

#include "report.h"
#include "sensors/i2c.h"
#include "sensors/i2c_pins.h"
#include "spec.gen.h"

enum { ADDRESS = 0x42, NEVER = 1 << 30 };

static struct {
    bool master_sda, master_scl, device_sda;
    bool active, addressed, reads; // between START and STOP
    int bits;                      // of the byte, 8: the acknowledge is next
    unsigned byte;
    int bytes; // since the START
    uint8_t at, memory[256];
    int refuse_at;  // this byte is not acknowledged
    int stretch_us; // the clock is held so long after each byte
    uint64_t now_us, held_until_us;
    int stuck_clocks; // SDA is held until so many clocks came
    bool scl_stuck;
    bool wrong;
    int starts, stops;
} wire;

static bool sda(void) { return wire.master_sda && wire.device_sda && wire.stuck_clocks == 0; }
static bool scl(void) { return wire.master_scl && !wire.scl_stuck && wire.now_us >= wire.held_until_us; }

bool ftte_pins_sda_level(void) { return sda(); }
bool ftte_pins_scl_level(void) { return scl(); }
void ftte_pins_wait_us(uint32_t us) { wire.now_us += us; }

void ftte_pins_sda(bool released) {
    bool before = sda();
    wire.master_sda = released;
    if (!scl() || sda() == before) return;
    if (sda()) { // STOP
        wire.wrong |= wire.active && wire.bits != 0 && wire.bits != 1 && wire.addressed;
        wire.active = wire.addressed = false;
        wire.device_sda = true;
        wire.stops++;
    } else { // START
        wire.active = true;
        wire.bits = wire.bytes = 0;
        wire.byte = 0;
        wire.addressed = wire.reads = false;
        wire.starts++;
    }
}

// A whole byte of the master's. Returns whether it is acknowledged.
static bool take_byte(void) {
    bool refused = wire.bytes == wire.refuse_at;
    if (wire.bytes == 0) {
        wire.addressed = wire.byte >> 1 == ADDRESS && !refused;
        wire.reads = wire.byte & 1;
        return wire.addressed;
    }
    if (!wire.addressed || refused) return false;
    if (wire.bytes == 1)
        wire.at = (uint8_t)wire.byte;
    else
        wire.memory[wire.at++] = (uint8_t)wire.byte;
    return true;
}

static void rising(void) {
    if (!wire.active) return;
    if (wire.bits < 8) {
        wire.byte = (wire.byte << 1 | sda()) & 0xff;
        wire.bits++;
    } else {                                                               // the acknowledge
        if (wire.reads && wire.bytes > 0 && sda()) wire.addressed = false; // the master wants no more
        wire.bits = 9;
    }
}

static bool gives(void) { return wire.addressed && wire.reads && wire.bytes > 0; }

static void falling(void) {
    if (!wire.active) return;
    if (wire.bits == 9) {
        wire.bits = 0;
        wire.bytes++;
        wire.byte = 0;
        wire.held_until_us = wire.now_us + (uint64_t)wire.stretch_us;
    }
    if (wire.bits == 8)
        wire.device_sda = gives() ? true : !take_byte();
    else
        wire.device_sda = gives() ? wire.memory[wire.at] >> (7 - wire.bits) & 1 : true;
    if (wire.bits == 8 && gives()) wire.at++;
}

void ftte_pins_scl(bool released) {
    bool before = wire.master_scl;
    wire.master_scl = released;
    if (released && !before && wire.stuck_clocks > 0 && wire.stuck_clocks < NEVER) wire.stuck_clocks--;
    if (released && !before) rising();
    if (!released && before) falling();
}

static void fresh(void) {
    memset(&wire, 0, sizeof wire);
    wire.master_sda = wire.master_scl = wire.device_sda = true;
    wire.refuse_at = NEVER;
    for (int i = 0; i < 256; i++) wire.memory[i] = (uint8_t)(i * 37 + 11);
}

static bool reads_all(uint8_t at, size_t count) {
    uint8_t got[FTTE_I2C_BYTES] = {0};
    if (ftte_port_i2c_transfer(ADDRESS, &at, 1, got, count) != FTTE_OK) return false;
    for (size_t i = 0; i < count; i++)
        if (got[i] != wire.memory[(uint8_t)(at + i)]) return false;
    return !wire.active && wire.master_sda && wire.master_scl;
}

static void transfers(void) {
    bool ok = true;
    fresh();
    for (size_t count = 1; count <= FTTE_I2C_BYTES; count++) ok &= reads_all((uint8_t)(count * 7), count);
    report(ok && wire.starts == 2 * FTTE_I2C_BYTES && wire.stops == FTTE_I2C_BYTES,
           "reads of every length come back, each with one repeated START and one STOP");
    const uint8_t bytes[] = {200, 0x00, 0xff, 0xa5, 0x5a};
    ok = ftte_port_i2c_transfer(ADDRESS, bytes, sizeof bytes, NULL, 0) == FTTE_OK;
    report(ok && memcmp(wire.memory + 200, bytes + 1, 4) == 0 && !wire.wrong, "what is written arrives");
    uint8_t got;
    ok = ftte_port_i2c_transfer(ADDRESS, NULL, 0, &got, 1) == FTTE_OK && got == wire.memory[204];
    report(ok, "a read alone goes on where the last transfer ended");
}

static void refusals(void) {
    uint8_t got;
    const uint8_t number = 5, bytes[] = {5, 6, 7};
    fresh();
    report(ftte_port_i2c_transfer(0x43, &number, 1, &got, 1) == FTTE_ERR_SENSOR_ABSENT && reads_all(1, 3),
           "another address is absent, and the bus is free then");
    bool ok = true;
    for (int at = 1; at <= 3; at++) {
        fresh();
        wire.refuse_at = at;
        ok &= ftte_port_i2c_transfer(ADDRESS, bytes, 3, NULL, 0) == FTTE_ERR_SENSOR_BUS;
        wire.refuse_at = NEVER;
        ok &= reads_all(9, 4);
    }
    report(ok, "a byte that is not acknowledged is an error of the bus, and the next transfer goes well");
}

static void faults(void) {
    const uint8_t number = 5;
    uint8_t got;
    fresh();
    wire.stretch_us = 600;
    report(reads_all(3, 20), "a device may hold the clock");
    wire.stretch_us = 50000;
    bool ok = ftte_port_i2c_transfer(ADDRESS, &number, 1, &got, 1) == FTTE_ERR_SENSOR_BUS;
    wire.stretch_us = 0;
    wire.now_us += 100000;
    report(ok && reads_all(3, 20), "but not for ever");
    for (int clocks = 1; clocks <= 9; clocks++) {
        fresh();
        wire.stuck_clocks = clocks;
        ok &= reads_all(7, 5);
    }
    report(ok, "a device that holds SDA in the middle of a byte is clocked out of it");
    fresh();
    wire.stuck_clocks = NEVER;
    ok = ftte_port_i2c_transfer(ADDRESS, &number, 1, &got, 1) == FTTE_ERR_SENSOR_BUS;
    wire.stuck_clocks = 0;
    report(ok && reads_all(3, 2), "one that never lets go is an error, until it does");
    fresh();
    wire.scl_stuck = true;
    uint64_t before = wire.now_us;
    ok = ftte_port_i2c_transfer(ADDRESS, &number, 1, &got, 1) == FTTE_ERR_SENSOR_BUS && wire.now_us - before < 10000;
    wire.scl_stuck = false;
    report(ok && reads_all(3, 2), "a clock that is held low is an error within 10 ms");
}

int main(void) {
    transfers();
    refusals();
    faults();
    puts("done");
    return 0;
}
