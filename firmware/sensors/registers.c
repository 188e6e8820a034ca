// See registers.h.
#include "sensors/registers.h"

int ftte_registers_read(uint8_t address, uint8_t at, uint8_t *into, size_t bytes) {
    return ftte_port_i2c_transfer(address, &at, 1, into, bytes);
}

int ftte_register_write(uint8_t address, uint8_t at, uint8_t value) {
    const uint8_t both[2] = {at, value};
    return ftte_port_i2c_transfer(address, both, sizeof both, NULL, 0);
}

int ftte_registers_write(uint8_t address, const struct ftte_setting *settings, size_t count) {
    int result = FTTE_OK;
    for (size_t i = 0; i < count && result >= 0; i++)
        result = ftte_register_write(address, settings[i].at, settings[i].value);
    return result;
}

int ftte_registers_verify(uint8_t address, const struct ftte_setting *settings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t value;
        int result = ftte_registers_read(address, settings[i].at, &value, 1);
        if (result < 0) return result;
        if (value != settings[i].value) return FTTE_ERR_SENSOR_RESET;
    }
    return FTTE_OK;
}
