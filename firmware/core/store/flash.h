// The store's way to flash: counted, read back, padded to the program unit. Private to store/.
#ifndef FTTE_FLASH_H
#define FTTE_FLASH_H

#include "store/store.h"

// True when `count` bytes at `at` are all 0xff.
bool ftte_flash_blank(const struct ftte_store *store, uint32_t at, uint32_t count);
// Makes the page at `page_at` (a multiple of the page) blank, erasing it only if it is not. Returns
// FTTE_OK or an error of the flash.
int ftte_flash_prepare(struct ftte_store *store, uint32_t page_at);
// Programs `count` bytes (a multiple of the program unit) and compares what can be read then.
int ftte_flash_write(struct ftte_store *store, uint32_t at, const void *bytes, uint32_t count);
// The same for any `count`: the last unit is filled up with 0xff.
int ftte_flash_write_padded(struct ftte_store *store, uint32_t at, const void *bytes, uint32_t count);

#endif
