// The flash chip of an ESP32: written through SPI 1, read through the cache, which uses SPI 0. Both are as the ROM has
// left them after it loaded this program. Code and constants lie in that flash too (link.ld), so whatever runs while it
// is written or not yet mapped is ESP_RAM.
//
// Registers: ESP-IDF v5.5, components/soc/esp32/register/soc/spi_reg.h, dport_reg.h. How the ROM's functions do it,
// which cannot be called here (soc.c): ESP-IDF v4.4, components/spi_flash/esp32/spi_flash_rom_patch.c, cache_utils.c,
// and components/bootloader_support/src/bootloader_utility.c (set_cache_and_start_app).
#include "xtensa/core.h"

#define SPI1_CMD REGISTER(0x3ff42000u)
#define SPI1_ADDR REGISTER(0x3ff42004u)
#define SPI1_RD_STATUS REGISTER(0x3ff42010u)
#define SPI1_USER1 REGISTER(0x3ff42020u)
#define SPI1_W(n) REGISTER(0x3ff42080u + 4 * (n))
#define SPI1_EXT2 REGISTER(0x3ff420f8u)
#define CMD_WRITE_ENABLE (1u << 30)
#define CMD_READ_STATUS (1u << 27)
#define CMD_PROGRAM (1u << 25)
#define CMD_ERASE_SECTOR (1u << 24)
#define USER1_ADDRESS_BITS (0x3fu << 26) // one less than their number
#define USER1_24_BITS (23u << 26)
#define EXT2_STATE 7u
enum { STATUS_BUSY = 1, STATUS_WRITE_ENABLED = 2, PROGRAM_BYTES = 32, ADDRESS = 0xffffff };

#define PRO_CACHE_CTRL REGISTER(0x3ff00040u)
#define PRO_CACHE_CTRL1 REGISTER(0x3ff00044u)
#define PRO_DCACHE_DBUG0 REGISTER(0x3ff003f0u)
#define PRO_FLASH_MMU(entry) REGISTER(0x3ff10000u + 4 * (entry)) // DROM0 comes first, then IRAM0
#define CACHE_ENABLE (1u << 3)
#define CACHE_FLUSH (1u << 4)
#define CACHE_FLUSHED (1u << 5)
#define CACHE_MASKS (1u << 4 | 1u << 0) // in CTRL1: DROM0, IRAM0
#define CACHE_STATE(debug) ((debug) >> 7 & 0xfff)
#define FLASH_DATA 0x3f400000u
enum {
    CACHE_IDLE = 1,
    PAGES = (FTTE_FLASH_AT + FTTE_FLASH_BYTES + 0xffff) >> 16,
    CODE_ENTRY = 64 + 13, // of 0x400d0000 (components/hal/esp32/include/hal/mmu_ll.h)
    CODE_PAGE = 3         // link.ld: PAGES_AT
};
_Static_assert(PAGES <= 64, "the window of DROM0 has 4 MiB");

ESP_RAM static void run(uint32_t command) {
    SPI1_CMD = command;
    while (SPI1_CMD) {
    }
}

ESP_RAM static uint32_t status(void) {
    SPI1_RD_STATUS = 0;
    run(CMD_READ_STATUS);
    return SPI1_RD_STATUS & 0xff;
}

ESP_RAM static void wait(void) {
    while (SPI1_EXT2 & EXT2_STATE) {
    }
    while (status() & STATUS_BUSY) {
    }
}

ESP_RAM static bool enable_writes(void) {
    wait();
    run(CMD_WRITE_ENABLE);
    return (status() & STATUS_WRITE_ENABLED) != 0;
}

ESP_RAM static void stop_cache(void) {
    if (PRO_CACHE_CTRL & CACHE_ENABLE)
        while (CACHE_STATE(PRO_DCACHE_DBUG0) != CACHE_IDLE) {
        }
    PRO_CACHE_CTRL &= ~CACHE_ENABLE;
}

// What it held may have changed.
ESP_RAM static void start_cache(void) {
    PRO_CACHE_CTRL &= ~CACHE_FLUSH;
    PRO_CACHE_CTRL |= CACHE_FLUSH;
    while (!(PRO_CACHE_CTRL & CACHE_FLUSHED)) {
    }
    PRO_CACHE_CTRL &= ~CACHE_FLUSH;
    PRO_CACHE_CTRL |= CACHE_ENABLE;
}

extern const uint8_t board_pages_used[]; // link.ld: their number

ESP_RAM void board_map_flash(void) {
    stop_cache();
    for (uint32_t page = 0; page < PAGES; page++) PRO_FLASH_MMU(page) = page;
    for (uint32_t page = 0; page < (uint32_t)board_pages_used; page++)
        PRO_FLASH_MMU(CODE_ENTRY + page) = CODE_PAGE + page;
    PRO_CACHE_CTRL1 &= ~CACHE_MASKS;
    start_cache();
}

void esp_flash_open(void) {
    SPI1_USER1 = (SPI1_USER1 & ~USER1_ADDRESS_BITS) | USER1_24_BITS; // reading in two lanes takes more
}

const uint8_t *esp_flash_map(void) { return (const uint8_t *)FLASH_DATA; }

ESP_RAM bool esp_flash_erase(uint32_t address) {
    stop_cache();
    bool enabled = enable_writes();
    if (enabled) {
        SPI1_ADDR = address & ADDRESS;
        run(CMD_ERASE_SECTOR);
        wait();
    }
    start_cache();
    return enabled;
}

// Bytes that follow each other in one of the chip's pages of 256, at most PROGRAM_BYTES.
ESP_RAM static bool program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    if (!enable_writes()) return false;
    SPI1_ADDR = (address & ADDRESS) | bytes << 24;
    for (uint32_t i = 0; i < bytes / 4; i++) SPI1_W(i) = words[i];
    run(CMD_PROGRAM);
    wait();
    return true;
}

ESP_RAM bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    bool good = true;
    stop_cache();
    for (uint32_t done = 0; done < bytes && good;) {
        uint32_t to_line = PROGRAM_BYTES - (address + done) % PROGRAM_BYTES;
        uint32_t count = bytes - done < to_line ? bytes - done : to_line;
        good = program(address + done, words + done / 4, count);
        done += count;
    }
    start_cache();
    return good;
}
