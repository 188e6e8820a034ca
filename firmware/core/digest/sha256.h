// SHA-256 (FIPS 180-4).
#ifndef FTTE_SHA256_H
#define FTTE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct ftte_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void ftte_sha256_start(struct ftte_sha256 *sha);
void ftte_sha256_add(struct ftte_sha256 *sha, const void *bytes, size_t count);
void ftte_sha256_finish(struct ftte_sha256 *sha, uint8_t digest[32]);

#endif
