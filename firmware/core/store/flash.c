// See flash.h. Knows offsets and pages, not what lies in them.
#include "store/flash.h"

#include <string.h>

bool ftte_flash_blank(const struct ftte_store *store, uint32_t at, uint32_t count) {
    const uint8_t *bytes = store->flash->map + at;
    for (uint32_t i = 0; i < count; i++)
        if (bytes[i] != 0xff) return false;
    return true;
}

int ftte_flash_prepare(struct ftte_store *store, uint32_t page_at) {
    uint32_t page = store->flash->page_bytes;
    if (ftte_flash_blank(store, page_at, page)) return FTTE_OK;
    store->counters.erases++;
    int result = ftte_port_flash_erase(page_at);
    if (result < 0) return result;
    return ftte_flash_blank(store, page_at, page) ? FTTE_OK : FTTE_ERR_FLASH;
}

int ftte_flash_write(struct ftte_store *store, uint32_t at, const void *bytes, uint32_t count) {
    store->counters.programs++;
    int result = ftte_port_flash_program(at, bytes, count);
    if (result < 0) return result;
    return memcmp(store->flash->map + at, bytes, count) == 0 ? FTTE_OK : FTTE_ERR_FLASH;
}

int ftte_flash_write_padded(struct ftte_store *store, uint32_t at, const void *bytes, uint32_t count) {
    uint32_t unit = store->flash->program_bytes, whole = count & ~(unit - 1);
    uint8_t last[FTTE_STORE_PROGRAM_MAX];
    int result = whole > 0 ? ftte_flash_write(store, at, bytes, whole) : FTTE_OK;
    if (result < 0 || whole == count) return result;
    memset(last, 0xff, sizeof last);
    memcpy(last, (const uint8_t *)bytes + whole, count - whole);
    return ftte_flash_write(store, at + whole, last, unit);
}
