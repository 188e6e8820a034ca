// See i2c_pins.h. Source: NXP UM10204 "I2C-bus specification", 3.1 (START, STOP, acknowledge, clock stretching, bus
// clear) and table 10 (times in standard mode).
#include "sensors/i2c_pins.h"

#include "sensors/i2c.h"
#include "spec.gen.h"

enum { HALF_US = 5, STRETCH_US = 2000, CLEAR_PULSES = 9 };

// Lets the clock rise, and waits for a device that holds it. False when it holds it too long.
static bool rise(void) {
    ftte_pins_scl(true);
    ftte_pins_wait_us(HALF_US);
    for (uint32_t us = 0; !ftte_pins_scl_level(); us += HALF_US) {
        if (us > STRETCH_US) return false;
        ftte_pins_wait_us(HALF_US);
    }
    return true;
}

static void fall(void) {
    ftte_pins_scl(false);
    ftte_pins_wait_us(HALF_US);
}

// Ends in the state between transfers: both lines released.
static bool stop(void) {
    ftte_pins_sda(false);
    ftte_pins_wait_us(HALF_US);
    bool risen = rise();
    ftte_pins_sda(true);
    ftte_pins_wait_us(HALF_US);
    return risen && ftte_pins_sda_level();
}

// A device that lost its place holds SDA until it has been clocked through its byte.
static int clear_bus(void) {
    ftte_pins_sda(true);
    for (int i = 0; i < CLEAR_PULSES && !ftte_pins_sda_level(); i++) {
        fall();
        if (!rise()) return FTTE_ERR_SENSOR_BUS;
    }
    fall();
    return stop() ? FTTE_OK : FTTE_ERR_SENSOR_BUS;
}

// A START, or a repeated one when the clock is low.
static bool start(void) {
    ftte_pins_sda(true);
    ftte_pins_wait_us(HALF_US);
    if (!rise() || !ftte_pins_sda_level()) return false;
    ftte_pins_sda(false);
    ftte_pins_wait_us(HALF_US);
    fall();
    return true;
}

// One bit out and in: what is let go of may be held by a device. Negative when the clock is held.
static int bit(bool out) {
    ftte_pins_sda(out);
    ftte_pins_wait_us(HALF_US);
    if (!rise()) return FTTE_ERR_SENSOR_BUS;
    bool in = ftte_pins_sda_level();
    fall();
    return in;
}

// Returns 0 when the byte was acknowledged, 1 when not, or an error.
static int send(uint8_t byte) {
    for (int i = 7; i >= 0; i--) {
        bool out = byte >> i & 1;
        int in = bit(out);
        if (in < 0) return in;
        if (out && !in) return FTTE_ERR_SENSOR_BUS; // somebody else drives the line
    }
    return bit(true);
}

static int receive(uint8_t *byte, bool last) {
    unsigned value = 0;
    for (int i = 0; i < 8; i++) {
        int in = bit(true);
        if (in < 0) return in;
        value = value << 1 | (unsigned)in;
    }
    *byte = (uint8_t)value;
    int acknowledged = bit(last);
    return acknowledged < 0 ? acknowledged : FTTE_OK;
}

static int address_device(uint8_t address, bool reads) {
    if (!start()) return FTTE_ERR_SENSOR_BUS;
    int refused = send((uint8_t)(address << 1 | reads));
    return refused == 1 ? FTTE_ERR_SENSOR_ABSENT : refused;
}

static int write_bytes(uint8_t address, const uint8_t *bytes, size_t count) {
    int result = address_device(address, false);
    for (size_t i = 0; i < count && result >= 0; i++) {
        result = send(bytes[i]);
        if (result == 1) result = FTTE_ERR_SENSOR_BUS;
    }
    return result;
}

static int read_bytes(uint8_t address, uint8_t *bytes, size_t count) {
    int result = address_device(address, true);
    for (size_t i = 0; i < count && result >= 0; i++) result = receive(bytes + i, i + 1 == count);
    return result;
}

int ftte_port_i2c_transfer(uint8_t address, const uint8_t *write, size_t write_count, uint8_t *read,
                           size_t read_count) {
    int result = ftte_pins_sda_level() && ftte_pins_scl_level() ? FTTE_OK : clear_bus();
    if (result < 0) return result;
    if (write_count > 0) result = write_bytes(address, write, write_count);
    if (result >= 0 && read_count > 0) result = read_bytes(address, read, read_count);
    bool freed = stop();
    if (!freed) freed = clear_bus() >= 0;
    return result < 0 || freed ? result : FTTE_ERR_SENSOR_BUS;
}
