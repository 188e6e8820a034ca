// What the ESP32 and the ESP32-S3 share because of their core: interrupts.c, rom_call.S, and in start.S the way in.
#ifndef XTENSA_CORE_H
#define XTENSA_CORE_H

#include "esp.h"

enum { ESP_CORE_INTERRUPTS = 0x20 }; // a state for esp_soc_unmask that lets them come: PS with user vectors, level 0

void esp_core_enable_lines(uint32_t lines);
// ESP_RAM.
uint32_t esp_core_pending_lines(void);

// Calls a function of the ROM, whose convention is another; interrupts may come meanwhile. ESP_RAM.
uint32_t esp_rom_call(uint32_t function, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f);

// ---- what a chip gives to start.S. ESP_RAM.
// Called before anything that lies in flash: makes it readable.
void board_map_flash(void);
// Called for interrupts of level 1.
void esp_soc_interrupt(void);

#endif
