// The I2C bus on the pins that the board's config gives its sensor, as sensors/i2c_pins.h makes one of pins. The chips'
// bus controllers are not driven.
#include "esp.h"
#include "sensors/i2c_pins.h"

#ifdef FTTE_PIN_SENSOR_SDA

static void open_pins(void) {
    static bool opened;
    if (opened) return;
    opened = true;
    esp_gpio_open(FTTE_PIN_SENSOR_SDA);
    esp_gpio_open(FTTE_PIN_SENSOR_SCL);
}

void ftte_pins_sda(bool released) { esp_gpio_release(FTTE_PIN_SENSOR_SDA, released); }
void ftte_pins_scl(bool released) { esp_gpio_release(FTTE_PIN_SENSOR_SCL, released); }

// A transfer begins with a look at both lines.
bool ftte_pins_sda_level(void) {
    open_pins();
    return esp_gpio_level(FTTE_PIN_SENSOR_SDA);
}

bool ftte_pins_scl_level(void) {
    open_pins();
    return esp_gpio_level(FTTE_PIN_SENSOR_SCL);
}

void ftte_pins_wait_us(uint32_t us) {
    for (uint64_t end = esp_soc_us() + us; esp_soc_us() < end;) {
    }
}

#else // a board without a bus: as if both lines were held low

void ftte_pins_sda(bool released) { (void)released; }
void ftte_pins_scl(bool released) { (void)released; }
bool ftte_pins_sda_level(void) { return false; }
bool ftte_pins_scl_level(void) { return false; }
void ftte_pins_wait_us(uint32_t us) { (void)us; }

#endif
