// Numbers of the ESP32-S3 for ports/espressif/c3_s3: where its registers and its ROM's functions lie.
//
// ESP-IDF v5.5, components/soc/esp32s3: register/soc/*.h, named beside each block, include/soc/wdev_reg.h and
// gpio_sig_map.h.
#ifndef CHIP_H
#define CHIP_H

#include "xtensa/core.h"

// rtc_cntl_reg.h
#define RTC_WDTCONFIG0 REGISTER(0x60008098u)
#define RTC_WDTCONFIG1 REGISTER(0x6000809cu) // ticks of stage 0, halved
#define RTC_WDTFEED REGISTER(0x600080acu)
#define RTC_WDTWPROTECT REGISTER(0x600080b0u)
#define RTC_SWD_CONF REGISTER(0x600080b4u)
#define RTC_SWD_WPROTECT REGISTER(0x600080b8u)
#define RTC_OPTION1 REGISTER(0x6000812cu)

// efuse_reg.h, wdev_reg.h
#define EFUSE_MAC_LOW REGISTER(0x60007044u)
#define EFUSE_MAC_HIGH REGISTER(0x60007048u)
#define RANDOM REGISTER(0x6003507cu)

// uart_reg.h
#define UART_TIMEOUT (1u << 23)                   // in CONF1
#define UART_SENDING_LEVEL(bytes) ((bytes) << 10) // in CONF1
#define UART_TIMEOUT_BITS(bits) ((bits) << 17)    // in MEM_CONF

// gpio_reg.h
enum { OUT_SEL_GPIO = 256 | 1 << 10 }; // the output and its enable are GPIO's

// The pins where the ROM has UART 0.
enum { PIN_U0TXD = 43, PIN_U0RXD = 44 };

// components/esp_rom/esp32s3/ld/esp32s3.rom.ld; what they promise: components/esp_rom/esp32s3/include/esp32s3/rom/*.h
#define rom_erase_sector(sector) ((int)esp_rom_call(0x400009fcu, sector, 0, 0, 0, 0, 0))
#define rom_write(at, words, bytes) ((int)esp_rom_call(0x40000a14u, at, (uint32_t)(words), (uint32_t)(bytes), 0, 0, 0))
#define rom_config_param(id, chip, block, sector, page, mask)                                                          \
    esp_rom_call(0x40000a50u, id, chip, block, sector, page, mask)
#define rom_unlock() esp_rom_call(0x40000a2cu, 0, 0, 0, 0, 0, 0)

#endif
