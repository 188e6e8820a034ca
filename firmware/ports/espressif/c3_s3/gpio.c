// Pins of the ESP32-C3 and the ESP32-S3 as open drain: the output is 0, and on or off. GPIO0 to GPIO31 only, which are
// in one register: the S3's others are in a second.
//
// Registers: ESP-IDF v5.5, components/soc/<chip>/register/soc/gpio_reg.h and io_mux_reg.h.
#include "chip.h"
#include "esp.h"

#define GPIO_OUT_W1TC REGISTER(0x6000400cu)
#define GPIO_ENABLE_W1TS REGISTER(0x60004024u)
#define GPIO_ENABLE_W1TC REGISTER(0x60004028u)
#define GPIO_IN REGISTER(0x6000403cu)
#define GPIO_FUNC_OUT_SEL(pin) REGISTER(0x60004554u + 4 * (pin))
#define IO_MUX(pin) REGISTER(0x60009004u + 4 * (pin))
enum {
    MUX_GPIO = 1 << 12,  // MCU_SEL
    MUX_INPUT = 1 << 9,  // FUN_IE
    MUX_PULL_UP = 1 << 8 // FUN_WPU
};

#ifdef FTTE_PIN_SENSOR_SDA
_Static_assert(FTTE_PIN_SENSOR_SDA < 32 && FTTE_PIN_SENSOR_SCL < 32, "the sensor must be on GPIO0 to GPIO31");
#endif

void esp_gpio_open(uint32_t pin) {
    GPIO_ENABLE_W1TC = 1u << pin;
    GPIO_OUT_W1TC = 1u << pin;
    GPIO_FUNC_OUT_SEL(pin) = OUT_SEL_GPIO;
    IO_MUX(pin) = MUX_GPIO | MUX_INPUT | MUX_PULL_UP;
}

void esp_gpio_release(uint32_t pin, bool released) {
    if (released)
        GPIO_ENABLE_W1TC = 1u << pin;
    else
        GPIO_ENABLE_W1TS = 1u << pin;
}

bool esp_gpio_level(uint32_t pin) { return GPIO_IN >> pin & 1; }
