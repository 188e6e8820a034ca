// The cache of the ESP32-C3, by the ROM's functions, as ESP-IDF uses them (v4.4, components/spi_flash/cache_utils.c and
// flash_mmap.c).
//
// ROM functions: ESP-IDF v5.5, components/esp_rom/esp32c3/ld/esp32c3.rom.ld; what they promise:
// components/esp_rom/include/esp32c3/rom/cache.h and spi_flash.h.
#include "c3_s3/peripherals.h"
#include "chip.h"

#define rom_attach ROM(0x40000164u, void, uint32_t, int)
#define rom_cache_invalidate ROM(0x400004d4u, int, uint32_t, uint32_t)
#define rom_cache_invalidate_all ROM(0x400004d8u, void, void)
#define rom_cache_suspend ROM(0x40000524u, uint32_t, void)
#define rom_cache_resume ROM(0x40000528u, void, uint32_t)

// components/soc/esp32c3: ext_mem_defs.h, mmu.h, extmem_reg.h. A page is 64 KiB; both buses share the table.
#define MMU_ENTRY(page) REGISTER(0x600c5000u + 4 * (page))
#define ICACHE_CTRL1 REGISTER(0x600c4004u)
enum { SHUT_BOTH_BUSES = 3, PAGES = (FTTE_FLASH_AT + FTTE_FLASH_BYTES + 0xffff) >> 16 };
_Static_assert(PAGES <= 64, "the ROM maps 4 MiB");

static uint32_t autoload;

ESP_RAM void esp_cache_suspend(void) { autoload = rom_cache_suspend(); }

ESP_RAM void esp_cache_resume(void) { rom_cache_resume(autoload); }

ESP_RAM void esp_cache_invalidate(uint32_t address, uint32_t bytes) {
    rom_cache_invalidate(ESP_FLASH_DATA + address, bytes);
}

// Not null in the form that the ROM loads into RAM (link.ld): it has mapped no flash then.
extern const uint8_t board_loaded_by_rom[] __attribute__((weak));

// As ESP-IDF's bootloader does it (v4.4, bootloader_utility.c, set_cache_and_start_app).
void esp_cache_open(void) {
    if (!board_loaded_by_rom) return;
    rom_attach(0, 0);
    esp_cache_suspend();
    rom_cache_invalidate_all();
    for (uint32_t page = 0; page < PAGES; page++) MMU_ENTRY(page) = page; // valid, flash
    ICACHE_CTRL1 &= ~(uint32_t)SHUT_BOTH_BUSES;
    esp_cache_resume();
}
