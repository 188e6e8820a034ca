#include "nor_flash.h"

#include <stdlib.h>
#include <string.h>

jmp_buf nor_flash_power;

static struct ftte_flash_geometry geometry;
static uint8_t *bytes;
static uint32_t *erases;
static uint64_t steps, cut_at = NOR_FLASH_NEVER;

void nor_flash_start(const struct ftte_flash_geometry *wanted) {
    free(bytes);
    free(erases);
    geometry = *wanted;
    bytes = malloc(geometry.bytes);
    erases = calloc(geometry.bytes / geometry.page_bytes, sizeof *erases);
    if (!bytes || !erases) abort();
    memset(bytes, 0xff, geometry.bytes);
    geometry.map = bytes;
    steps = 0;
    cut_at = NOR_FLASH_NEVER;
}

uint8_t *nor_flash_bytes(void) { return bytes; }
uint64_t nor_flash_steps(void) { return steps; }
void nor_flash_cut_at(uint64_t step) { cut_at = step; }
uint32_t nor_flash_erases(uint32_t offset) { return erases[offset / geometry.page_bytes]; }
const struct ftte_flash_geometry *ftte_port_flash_geometry(void) { return &geometry; }

// Noise that depends only on the step and `i`, so that a failing cut can be tried again (murmur3's finaliser).
static uint8_t noise(uint32_t i) {
    uint32_t x = (uint32_t)steps * 0x9e3779b9u + i;
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return (uint8_t)(x ^ (x >> 16));
}

static void cut(void) {
    cut_at = NOR_FLASH_NEVER;
    longjmp(nor_flash_power, 1);
}

static void erase_partly(uint8_t *page, uint32_t done) {
    uint32_t left = geometry.page_bytes - done;
    for (uint32_t i = 0; i < geometry.page_bytes; i++) {
        switch (done % 4) {
        case 0: page[i] |= i < done ? 0xff : 0; break;
        case 1: page[i] |= i >= left ? 0xff : 0; break;
        case 2: page[i] |= noise(i); break;
        default: page[i] = noise(i); break;
        }
    }
}

int ftte_port_flash_erase(uint32_t offset) {
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    if (cut_at >= steps && cut_at - steps < geometry.page_bytes) {
        uint32_t done = (uint32_t)(cut_at - steps);
        steps = cut_at;
        if (done > 0) erase_partly(bytes + offset, done);
        cut();
    }
    steps += geometry.page_bytes;
    memset(bytes + offset, 0xff, geometry.page_bytes);
    erases[offset / geometry.page_bytes]++;
    return FTTE_OK;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t count) {
    const uint8_t *from = buf;
    if (offset > geometry.bytes || count > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || count % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    for (uint32_t i = 0; i < count; i++)
        if (from[i] & ~bytes[offset + i]) return FTTE_ERR_FLASH_BITS;
    for (uint32_t i = 0; i < count; i++, steps++) {
        if (steps == cut_at) {
            bytes[offset + i] &= from[i] | noise(i);
            cut();
        }
        bytes[offset + i] = from[i];
    }
    return FTTE_OK;
}
