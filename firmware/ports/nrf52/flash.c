// The chip's own flash, by the NVMC. It is read in place. While a word is written (41 us) or a page erased (85 ms) the
// CPU stands still, as its code lies in the same flash.
//
// A word (nRF52840) may be written twice between erases, a block of 512 bytes (nRF52832) 181 times ("NVMC", nWRITE):
// words that stay as they are, are not written.
#include <string.h>

#include "board.h"

static const struct ftte_flash_geometry geometry = {
    .map = (const uint8_t *)FTTE_FLASH_AT,
    .bytes = FTTE_FLASH_BYTES,
    .page_bytes = FTTE_FLASH_PAGE_BYTES,
    .program_bytes = FTTE_FLASH_PROGRAM_BYTES,
    .partition_bytes = FTTE_FLASH_PARTITIONS,
};
_Static_assert(FTTE_FLASH_PROGRAM_BYTES % 4 == 0, "the NVMC writes words");

const struct ftte_flash_geometry *ftte_port_flash_geometry(void) { return &geometry; }

static void wait(void) {
    while (!(NVMC_READY & 1)) {
    }
}

static void allow(uint32_t what) {
    NVMC_CONFIG = what;
    wait();
}

int ftte_port_flash_erase(uint32_t offset) {
    uint32_t page = FICR_CODEPAGESIZE;
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    if (page == 0 || geometry.page_bytes % page != 0) return FTTE_ERR_FLASH; // the config is another chip's
    allow(NVMC_ERASE);
    for (uint32_t at = 0; at < geometry.page_bytes; at += page) {
        NVMC_ERASEPAGE = FTTE_FLASH_AT + offset + at;
        wait();
    }
    allow(NVMC_READ);
    return FTTE_OK;
}

static uint32_t word_of(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes) {
    const uint8_t *from = buf;
    if (offset > geometry.bytes || bytes > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || bytes % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    volatile uint32_t *to = (volatile uint32_t *)(FTTE_FLASH_AT + offset);
    for (uint32_t i = 0; i < bytes / 4; i++)
        if (word_of(from + 4 * i) & ~to[i]) return FTTE_ERR_FLASH_BITS;
    allow(NVMC_WRITE);
    for (uint32_t i = 0; i < bytes / 4; i++) {
        uint32_t word = word_of(from + 4 * i);
        if (word == to[i]) continue;
        to[i] = word;
        wait();
    }
    allow(NVMC_READ);
    return FTTE_OK;
}
