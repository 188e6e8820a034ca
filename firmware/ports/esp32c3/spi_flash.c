// The flash chip of an ESP32-C3, written by the ROM's functions and read through the cache.
//
// While it is written it cannot be read, so this code lies in RAM and the cache stands still, as ESP-IDF does it
// (v4.4, components/spi_flash/cache_utils.c, flash_mmap.c). ROM functions: ESP-IDF v5.5,
// components/esp_rom/esp32c3/ld/esp32c3.rom.ld; what they promise: components/esp_rom/include/esp32c3/rom/*.h.
#include "esp.h"

#define ROM(address, result, ...) ((result(*)(__VA_ARGS__))(address))
#define rom_erase_sector ROM(0x40000128u, int, uint32_t)
#define rom_write ROM(0x4000012cu, int, uint32_t, const uint32_t *, int32_t)
#define rom_config_param ROM(0x40000134u, int, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t)
#define rom_unlock ROM(0x40000140u, int, void)
#define rom_attach ROM(0x40000164u, void, uint32_t, int)
#define rom_cache_invalidate ROM(0x400004d4u, int, uint32_t, uint32_t)
#define rom_cache_invalidate_all ROM(0x400004d8u, void, void)
#define rom_cache_suspend ROM(0x40000524u, uint32_t, void)
#define rom_cache_resume ROM(0x40000528u, void, uint32_t)

// components/soc/esp32c3: ext_mem_defs.h, mmu.h, extmem_reg.h. A page is 64 KiB; both buses share the table.
#define FLASH_DATA 0x3c000000u
#define MMU_ENTRY(page) REGISTER(0x600c5000u + 4 * (page))
#define ICACHE_CTRL1 REGISTER(0x600c4004u)
enum { SHUT_BOTH_BUSES = 3, PAGES = (FTTE_FLASH_AT + FTTE_FLASH_BYTES + 0xffff) >> 16, FLASH_CHIP_BYTES = 4 << 20 };
_Static_assert(FTTE_FLASH_AT + FTTE_FLASH_BYTES <= FLASH_CHIP_BYTES, "the ROM maps 4 MiB");

// Not null in the form that the ROM loads into RAM (link.ld): it has mapped no flash then.
extern const uint8_t board_loaded_by_rom[] __attribute__((weak));

// As ESP-IDF's bootloader does it (v4.4, bootloader_utility.c, set_cache_and_start_app).
static void map_flash(void) {
    uint32_t autoload = rom_cache_suspend();
    rom_cache_invalidate_all();
    for (uint32_t page = 0; page < PAGES; page++) MMU_ENTRY(page) = page; // valid, flash
    ICACHE_CTRL1 &= ~(uint32_t)SHUT_BOTH_BUSES;
    rom_cache_resume(autoload);
}

ESP_RAM static void open_chip(void) {
    uint32_t autoload = rom_cache_suspend();
    rom_config_param(0, FLASH_CHIP_BYTES, 65536, ESP_SECTOR, 256, 0xffff);
    rom_unlock();
    rom_cache_resume(autoload);
}

void esp_flash_open(void) {
    if (board_loaded_by_rom) {
        rom_attach(0, 0);
        map_flash();
    }
    open_chip();
}

const uint8_t *esp_flash_map(void) { return (const uint8_t *)FLASH_DATA; }

ESP_RAM bool esp_flash_erase(uint32_t address) {
    uint32_t autoload = rom_cache_suspend();
    int result = rom_erase_sector(address / ESP_SECTOR);
    rom_cache_invalidate(FLASH_DATA + address, ESP_SECTOR);
    rom_cache_resume(autoload);
    return result == 0;
}

ESP_RAM bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    uint32_t autoload = rom_cache_suspend();
    int result = rom_write(address, words, (int32_t)bytes);
    rom_cache_invalidate(FLASH_DATA + address, bytes);
    rom_cache_resume(autoload);
    return result == 0;
}
