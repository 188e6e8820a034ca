// Numbers of the ESP32-C3 for ports/espressif/c3_s3: where its registers and its ROM's functions lie.
//
// ESP-IDF v5.5, components/soc/esp32c3: register/soc/*.h, named beside each block, and include/soc/gpio_sig_map.h.
#ifndef CHIP_H
#define CHIP_H

// rtc_cntl_reg.h
#define RTC_WDTCONFIG0 REGISTER(0x60008090u)
#define RTC_WDTCONFIG1 REGISTER(0x60008094u) // ticks of stage 0, halved
#define RTC_WDTFEED REGISTER(0x600080a4u)
#define RTC_WDTWPROTECT REGISTER(0x600080a8u)
#define RTC_SWD_CONF REGISTER(0x600080acu)
#define RTC_SWD_WPROTECT REGISTER(0x600080b0u)
#define RTC_OPTION1 REGISTER(0x600080f4u)

// efuse_reg.h, syscon_reg.h
#define EFUSE_MAC_LOW REGISTER(0x60008844u)
#define EFUSE_MAC_HIGH REGISTER(0x60008848u)
#define RANDOM REGISTER(0x600260b0u)

// uart_reg.h
#define UART_TIMEOUT (1u << 21)                  // in CONF1
#define UART_SENDING_LEVEL(bytes) ((bytes) << 9) // in CONF1
#define UART_TIMEOUT_BITS(bits) ((bits) << 16)   // in MEM_CONF

// gpio_reg.h
enum { OUT_SEL_GPIO = 128 | 1 << 9 }; // the output and its enable are GPIO's

// The pins where the ROM has UART 0.
enum { PIN_U0TXD = 21, PIN_U0RXD = 20 };

// components/esp_rom/esp32c3/ld/esp32c3.rom.ld; what they promise: components/esp_rom/include/esp32c3/rom/*.h
#define ROM(address, result, ...) ((result(*)(__VA_ARGS__))(address))
#define rom_erase_sector ROM(0x40000128u, int, uint32_t)
#define rom_write ROM(0x4000012cu, int, uint32_t, const uint32_t *, int32_t)
#define rom_config_param ROM(0x40000134u, int, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t)
#define rom_unlock ROM(0x40000140u, int, void)

#endif
