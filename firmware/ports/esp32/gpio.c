// Pins of the ESP32 as open drain: the output is 0, and on or off. GPIO21 and GPIO22 only, where its boards have the
// bus: in the ESP32 each pin's multiplexer has a place of its own.
//
// Registers: ESP-IDF v5.5, components/soc/esp32/register/soc/gpio_reg.h and io_mux_reg.h.
#include "esp.h"

#define GPIO_OUT_W1TC REGISTER(0x3ff4400cu)
#define GPIO_ENABLE_W1TS REGISTER(0x3ff44024u)
#define GPIO_ENABLE_W1TC REGISTER(0x3ff44028u)
#define GPIO_IN REGISTER(0x3ff4403cu)
#define GPIO_FUNC_OUT_SEL(pin) REGISTER(0x3ff44530u + 4 * (pin))
#define IO_MUX_GPIO21 REGISTER(0x3ff4907cu) // GPIO22 is the next
enum {
    OUT_SEL_GPIO = 256 | 1 << 10, // the output and its enable are GPIO's
    MUX_GPIO = 2 << 12,           // MCU_SEL
    MUX_INPUT = 1 << 9,           // FUN_IE
    MUX_PULL_UP = 1 << 8          // FUN_WPU
};

#if defined(FTTE_PIN_SENSOR_SDA) && (FTTE_PIN_SENSOR_SDA != 21 || FTTE_PIN_SENSOR_SCL != 22)
#error "the ESP32's sensor is driven on GPIO21 (sda) and GPIO22 (scl)"
#endif

void esp_gpio_open(uint32_t pin) {
    volatile uint32_t *mux = &IO_MUX_GPIO21 + (pin - 21);
    GPIO_ENABLE_W1TC = 1u << pin;
    GPIO_OUT_W1TC = 1u << pin;
    GPIO_FUNC_OUT_SEL(pin) = OUT_SEL_GPIO;
    *mux = MUX_GPIO | MUX_INPUT | MUX_PULL_UP;
}

void esp_gpio_release(uint32_t pin, bool released) {
    if (released)
        GPIO_ENABLE_W1TC = 1u << pin;
    else
        GPIO_ENABLE_W1TS = 1u << pin;
}

bool esp_gpio_level(uint32_t pin) { return GPIO_IN >> pin & 1; }
