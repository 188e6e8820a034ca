// The two caches of the ESP32-S3, one for code and one for data, by the ROM's functions, as ESP-IDF uses them (v5.5,
// components/esp_system/port/cpu_start.c, components/hal/cache_hal.c with esp32s3/include/hal/cache_ll.h and mmu_ll.h,
// components/esp_rom/patches/esp_rom_cache_esp32s2_esp32s3.c). The ROM has loaded this program with the cache for code
// switched off, and has mapped nothing for it (so TinyGo's start-up for this chip, src/device/esp/esp32s3.S).
//
// ROM functions: ESP-IDF v5.5, components/esp_rom/esp32s3/ld/esp32s3.rom.ld; what they promise:
// components/esp_rom/esp32s3/include/esp32s3/rom/cache.h.
#include "c3_s3/peripherals.h"
#include "chip.h"

#define rom(address) esp_rom_call(address, 0, 0, 0, 0, 0, 0)
#define rom_of(address, value) esp_rom_call(address, value, 0, 0, 0, 0, 0)
#define rom_icache_mode(bytes, ways, line) esp_rom_call(0x40001a1cu, bytes, ways, line, 0, 0, 0)
#define rom_dcache_mode(bytes, ways, line) esp_rom_call(0x40001a28u, bytes, ways, line, 0, 0, 0)
#define rom_invalidate(address, bytes) esp_rom_call(0x400016b0u, address, bytes, 0, 0, 0, 0)
#define rom_icache_invalidate_all() rom(0x400016d4u)
#define rom_dcache_invalidate_all() rom(0x400016e0u)
#define rom_icache_disable() rom(0x4000186cu)
#define rom_icache_enable(autoload) rom_of(0x40001878u, autoload)
#define rom_dcache_disable() rom(0x40001884u)
#define rom_dcache_enable(autoload) rom_of(0x40001890u, autoload)
#define rom_icache_suspend() rom(0x4000189cu)
#define rom_icache_resume(autoload) rom_of(0x400018a8u, autoload)
#define rom_dcache_suspend() rom(0x400018b4u)
#define rom_dcache_resume(autoload) rom_of(0x400018c0u, autoload)

// components/soc/esp32s3: ext_mem_defs.h, extmem_reg.h. A page is 64 KiB; both buses share the table, so that a page of
// code and a page of data at one distance from the beginning of their windows are one page of flash.
#define MMU_ENTRY(page) REGISTER(0x600c5000u + 4 * (page))
#define DCACHE_CTRL1 REGISTER(0x600c4004u)
#define ICACHE_CTRL1 REGISTER(0x600c4064u)
#define CACHE_STATE REGISTER(0x600c4130u)
enum {
    ENTRIES = 512,
    INVALID = 1 << 14,
    SHUT_BOTH_CORES = 3,     // in CTRL1; which bit is whose, extmem_reg.h and cache_ll.h say differently
    IDLE = 1 << 12 | 1 << 0, // CACHE_STATE, of data and of code
    STATES = 0xffffff,
    PAGES = (FTTE_FLASH_AT + FTTE_FLASH_BYTES + 0xffff) >> 16,
    ICACHE_BYTES = 16384, // ESP-IDF's defaults: of the RAM before 0x40378000, and of that behind 0x3fcf0000
    DCACHE_BYTES = 32768,
    WAYS = 8,
    LINE_BYTES = 32
};
_Static_assert(PAGES <= ENTRIES, "the windows have 32 MiB");

static uint32_t icache_autoload, dcache_autoload;

ESP_RAM void esp_cache_suspend(void) {
    icache_autoload = rom_icache_suspend();
    dcache_autoload = rom_dcache_suspend();
    while ((CACHE_STATE & STATES) != IDLE) { // the ROM does not wait for it
    }
}

ESP_RAM void esp_cache_resume(void) {
    rom_dcache_resume(dcache_autoload);
    rom_icache_resume(icache_autoload);
}

ESP_RAM void esp_cache_invalidate(uint32_t address, uint32_t bytes) { rom_invalidate(ESP_FLASH_DATA + address, bytes); }

// Sizes and lines of both caches; the ROM's function gives the one for code its RAM, too.
ESP_RAM static void set_modes(void) {
    rom_icache_mode(ICACHE_BYTES, WAYS, LINE_BYTES);
    rom_dcache_suspend();
    rom_dcache_mode(DCACHE_BYTES, WAYS, LINE_BYTES);
    rom_dcache_resume(0);
}

// MEMCTL, special register 97, which the compiler does not know, to 0: with its loop buffer this core may find illegal
// instructions in the loops of the ROM's code (erratum 572 of the core:
// components/xtensa/esp32s3/include/xtensa/config/core.h).
ESP_RAM static void disable_loop_buffer(void) {
    register uint32_t a2 __asm("a2") = 0;
    __asm volatile(".byte 0x20, 0x61, 0x13" ::"r"(a2));
}

// Both caches see the flash from its first byte on.
ESP_RAM void board_map_flash(void) {
    disable_loop_buffer();
    set_modes();
    rom_icache_disable();
    rom_dcache_disable();
    for (uint32_t page = 0; page < ENTRIES; page++) MMU_ENTRY(page) = page < PAGES ? page : INVALID;
    ICACHE_CTRL1 &= ~(uint32_t)SHUT_BOTH_CORES;
    DCACHE_CTRL1 &= ~(uint32_t)SHUT_BOTH_CORES;
    rom_icache_invalidate_all();
    rom_dcache_invalidate_all();
    rom_icache_enable(0);
    rom_dcache_enable(0);
    __asm volatile("isync" ::: "memory");
}

void esp_cache_open(void) {} // start.S has called board_map_flash
