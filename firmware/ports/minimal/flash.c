// NOR flash in RAM: bits go from 1 to 0, pages are erased whole, programs are aligned. A chip's flash controller gives
// these rules for nothing; the range checks are the port's on every chip.
#include <string.h>

#include "board.h"

struct board_memory board_memory;

// A fact of the board: the numbers of its board-configs/<id>.json. Two slots per kind, samples take what is left.
static const struct ftte_flash_geometry geometry = {
    .map = board_memory.flash,
    .bytes = BOARD_FLASH_BYTES,
    .page_bytes = 4096,
    .program_bytes = 4,
    .partition_bytes =
        {
            [FTTE_BLOB_KIND_KERNELS] = 16 * 1024,
            [FTTE_BLOB_KIND_PLAN] = 4 * 1024,
            [FTTE_BLOB_KIND_FROZEN] = 16 * 1024,
            [FTTE_BLOB_KIND_SLICE] = 12 * 1024,
            [FTTE_BLOB_KIND_DELTA] = 4 * 1024,
            [FTTE_BLOB_KIND_UPDATE] = 4 * 1024,
            [FTTE_BLOB_KIND_CHECKPOINT] = 24 * 1024,
            [FTTE_BLOB_KIND_RESIDUAL] = 12 * 1024,
            [FTTE_BLOB_KIND_HEALTH] = 4 * 1024,
        },
};

void board_flash_open(void) { memset(board_memory.flash, 0xff, sizeof board_memory.flash); }

const struct ftte_flash_geometry *ftte_port_flash_geometry(void) { return &geometry; }

int ftte_port_flash_erase(uint32_t offset) {
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    memset(board_memory.flash + offset, 0xff, geometry.page_bytes);
    return FTTE_OK;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes) {
    const uint8_t *from = buf;
    if (offset > geometry.bytes || bytes > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || bytes % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    uint8_t *to = board_memory.flash + offset;
    for (uint32_t i = 0; i < bytes; i++)
        if (from[i] & ~to[i]) return FTTE_ERR_FLASH_BITS;
    for (uint32_t i = 0; i < bytes; i++) to[i] &= from[i];
    return FTTE_OK;
}
