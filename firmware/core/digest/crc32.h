// CRC-32 (IEEE 802.3, reflected, as zlib's).
#ifndef FTTE_CRC32_H
#define FTTE_CRC32_H

#include <stddef.h>
#include <stdint.h>

// The CRC of `count` bytes, going on from `crc` (0 to begin).
uint32_t ftte_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
