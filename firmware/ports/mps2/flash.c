// NOR flash in memory that has none: bits go from 1 to 0, pages are erased whole, programs are aligned, and what goes
// past that is an error as on a chip. No time passes, where a chip's CPU stands still (85 ms for a page of an
// nRF52840). The MPU keeps everybody else from writing here.
#include <string.h>

#include "board.h"
#include "board_config.h"

static const struct ftte_flash_geometry geometry = {
    .map = (const uint8_t *)(BOARD_FLASH + FTTE_FLASH_AT),
    .bytes = FTTE_FLASH_BYTES,
    .page_bytes = FTTE_FLASH_PAGE_BYTES,
    .program_bytes = FTTE_FLASH_PROGRAM_BYTES,
    .partition_bytes = FTTE_FLASH_PARTITIONS,
};
static uint8_t *const flash = (uint8_t *)(BOARD_FLASH + FTTE_FLASH_AT);

const struct ftte_flash_geometry *ftte_port_flash_geometry(void) { return &geometry; }

int ftte_port_flash_erase(uint32_t offset) {
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    board_memory_unlock(true);
    memset(flash + offset, 0xff, geometry.page_bytes);
    board_memory_unlock(false);
    return FTTE_OK;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes) {
    const uint8_t *from = buf;
    if (offset > geometry.bytes || bytes > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || bytes % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    for (uint32_t i = 0; i < bytes; i++)
        if (from[i] & ~flash[offset + i]) return FTTE_ERR_FLASH_BITS;
    board_memory_unlock(true);
    memcpy(flash + offset, buf, bytes);
    board_memory_unlock(false);
    return FTTE_OK;
}
