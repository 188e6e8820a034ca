// The flash chip beside the processor: its region for ftte, read in place through the cache.
#include <string.h>

#include "esp.h"

static struct ftte_flash_geometry geometry = {
    .bytes = FTTE_FLASH_BYTES,
    .page_bytes = FTTE_FLASH_PAGE_BYTES,
    .program_bytes = FTTE_FLASH_PROGRAM_BYTES,
    .partition_bytes = FTTE_FLASH_PARTITIONS,
};
_Static_assert(FTTE_FLASH_PAGE_BYTES % ESP_SECTOR == 0 && FTTE_FLASH_AT % ESP_SECTOR == 0, "the flash erases sectors");
_Static_assert(FTTE_FLASH_PROGRAM_BYTES % 4 == 0, "words are programmed");

const struct ftte_flash_geometry *ftte_port_flash_geometry(void) {
    geometry.map = esp_flash_map() + FTTE_FLASH_AT;
    return &geometry;
}

int ftte_port_flash_erase(uint32_t offset) {
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    for (uint32_t at = 0; at < geometry.page_bytes; at += ESP_SECTOR)
        if (!esp_flash_erase(FTTE_FLASH_AT + offset + at)) return FTTE_ERR_FLASH;
    return FTTE_OK;
}

// Through RAM, as `from` may lie in flash, which cannot be read meanwhile.
static bool program(uint32_t address, const uint8_t *from, uint32_t bytes) {
    uint32_t words[ESP_FLASH_CHUNK / 4];
    for (uint32_t done = 0; done < bytes; done += ESP_FLASH_CHUNK) {
        uint32_t count = bytes - done < ESP_FLASH_CHUNK ? bytes - done : ESP_FLASH_CHUNK;
        memcpy(words, from + done, count);
        if (!esp_flash_program(address + done, words, count)) return false;
    }
    return true;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes) {
    const uint8_t *from = buf, *held = esp_flash_map() + FTTE_FLASH_AT + offset;
    if (offset > geometry.bytes || bytes > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || bytes % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    for (uint32_t i = 0; i < bytes; i++)
        if (from[i] & ~held[i]) return FTTE_ERR_FLASH_BITS;
    return program(FTTE_FLASH_AT + offset, from, bytes) ? FTTE_OK : FTTE_ERR_FLASH;
}
