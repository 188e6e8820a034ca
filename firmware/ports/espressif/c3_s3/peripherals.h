// What the ESP32-C3 and the ESP32-S3 share because of their peripherals: uart.c, gpio.c, spi_flash.c and soc.c, here,
// over what differs between the two: numbers in each chip's chip.h, and these functions. Registers: ESP-IDF v5.5,
// components/soc/<chip>/register/soc/*.h, which agree but for chip.h.
#ifndef C3_S3_PERIPHERALS_H
#define C3_S3_PERIPHERALS_H

#include "esp.h"

// components/soc/<chip>/include/soc/ext_mem_defs.h: where data in flash is read
#define ESP_FLASH_DATA 0x3c000000u

// systimer_reg.h: of the alarm that ends a sleep
#define SYSTIMER_INT_CLR REGISTER(0x6002306cu)

// ---- what a chip gives: interrupts.c, which also has esp_soc_mask and esp_soc_unmask
// Lets the interrupts of the UART and of the alarm come: they are served by esp_link_interrupt, and by writing 1 to
// SYSTIMER_INT_CLR.
void esp_interrupts_open(void);
// Sleeps until the next one.
void esp_interrupts_wait(void);

// ---- what a chip gives: cache.c
// Makes the flash readable at ESP_FLASH_DATA, if nobody has.
void esp_cache_open(void);
// Between these two flash cannot be read. Not nested. ESP_RAM.
void esp_cache_suspend(void);
void esp_cache_resume(void);
// Forgets what was read from flash at `address`. ESP_RAM.
void esp_cache_invalidate(uint32_t address, uint32_t bytes);

#endif
