// See bus.h.
#include "i2c_devices/bus.h"

#include <stddef.h>

#include "sensors/i2c.h"
#include "spec.gen.h"

enum { NEVER = UINT32_MAX, BYTE_NS = 22500, TIMEOUT_US = 10000 };

static struct i2c_device *device;
static uint64_t now_ns;
static uint32_t nacks, break_after = NEVER;
static bool stuck;
static const char *complaint;

void bus_open(struct i2c_device *with) {
    device = with;
    nacks = 0;
    break_after = NEVER;
    stuck = false;
    complaint = NULL;
}

uint64_t bus_us(void) { return now_ns / 1000; }
void bus_wait_us(uint64_t us) { now_ns += us * 1000; }
uint32_t bus_ms(void) { return (uint32_t)(now_ns / 1000000); }
void bus_nack(uint32_t count) { nacks = count; }
void bus_break_after(uint32_t bytes) { break_after = bytes; }
void bus_stick(void) { stuck = true; }
void bus_free(void) { stuck = false; }
const char *bus_complaint(void) { return complaint; }

void bus_wrong(const char *what) {
    if (!complaint) complaint = what;
}

static bool addressed(uint8_t address, bool reads) {
    now_ns += BYTE_NS;
    if (nacks > 0) {
        nacks--;
        return false;
    }
    return address == device->address && device->start(device, reads);
}

static int send(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        now_ns += BYTE_NS;
        if (!device->write(device, bytes[i])) return FTTE_ERR_SENSOR_BUS;
    }
    return FTTE_OK;
}

static int receive(uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (break_after == 0) {
            break_after = NEVER;
            return FTTE_ERR_SENSOR_BUS;
        }
        if (break_after != NEVER) break_after--;
        now_ns += BYTE_NS;
        bytes[i] = device->read(device);
    }
    return FTTE_OK;
}

static int transfer(uint8_t address, const uint8_t *write, size_t write_bytes, uint8_t *read, size_t read_bytes) {
    int result = FTTE_OK;
    if (write_bytes > 0) {
        if (!addressed(address, false)) return FTTE_ERR_SENSOR_ABSENT;
        result = send(write, write_bytes);
    }
    if (result < 0 || read_bytes == 0) return result;
    return addressed(address, true) ? receive(read, read_bytes) : FTTE_ERR_SENSOR_ABSENT;
}

int ftte_port_i2c_transfer(uint8_t address, const uint8_t *write, size_t write_bytes, uint8_t *read,
                           size_t read_bytes) {
    if (write_bytes > FTTE_I2C_BYTES || read_bytes > FTTE_I2C_BYTES)
        bus_wrong("a transfer is longer than i2c.h allows");
    if (stuck) {
        bus_wait_us(TIMEOUT_US);
        return FTTE_ERR_SENSOR_BUS;
    }
    int result = transfer(address, write, write_bytes, read, read_bytes);
    device->stop(device);
    return result;
}
