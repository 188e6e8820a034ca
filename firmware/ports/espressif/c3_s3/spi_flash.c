// The flash chip of an ESP32-C3 or ESP32-S3, written by the ROM's functions and read through the cache. While it is
// written it cannot be read, so this code lies in RAM and the cache stands still.
//
// ESP-IDF v5.5, components/esp_rom/include/esp_rom_spiflash.h; the windows:
// components/soc/<chip>/include/soc/ext_mem_defs.h.
#include "c3_s3/peripherals.h"
#include "chip.h"

enum { FLASH_END = FTTE_FLASH_AT + FTTE_FLASH_BYTES, BLOCK = 65536, PAGE = 256, STATUS_MASK = 0xffff };

// The id says nothing to the ROM; it refuses addresses behind the chip's end.
ESP_RAM static void open_chip(void) {
    esp_cache_suspend();
    rom_config_param(0, FLASH_END, BLOCK, ESP_SECTOR, PAGE, STATUS_MASK);
    rom_unlock();
    esp_cache_resume();
}

void esp_flash_open(void) {
    esp_cache_open();
    open_chip();
}

const uint8_t *esp_flash_map(void) { return (const uint8_t *)ESP_FLASH_DATA; }

ESP_RAM bool esp_flash_erase(uint32_t address) {
    esp_cache_suspend();
    int result = rom_erase_sector(address / ESP_SECTOR);
    esp_cache_invalidate(address, ESP_SECTOR);
    esp_cache_resume();
    return result == 0;
}

ESP_RAM bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    esp_cache_suspend();
    int result = rom_write(address, words, (int32_t)bytes);
    esp_cache_invalidate(address, bytes);
    esp_cache_resume();
    return result == 0;
}
