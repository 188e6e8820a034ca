// SHA-256 after FIPS 180-4, sections 4.1.2 and 6.2, with the message schedule kept in 16 words (64 bytes of stack).
// It says whether a transfer arrived whole; it is not keyed and proves no sender.
#include "digest/sha256.h"

#include <string.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

// W[t] of the message schedule, replacing W[t - 16].
static uint32_t schedule(uint32_t w[16], int t) {
    uint32_t a = w[(t + 1) & 15], b = w[(t + 14) & 15];
    uint32_t s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3);
    uint32_t s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10);
    return w[t & 15] += s0 + w[(t + 9) & 15] + s1;
}

static void round_step(uint32_t s[8], uint32_t k_plus_w) {
    uint32_t sum1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
    uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
    uint32_t t1 = s[7] + sum1 + choice + k_plus_w;
    uint32_t sum0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
    uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    for (int i = 7; i > 0; i--) s[i] = s[i - 1];
    s[4] += t1;
    s[0] = t1 + sum0 + majority;
}

static void compress(uint32_t state[8], const uint8_t block[64]) {
    uint32_t w[16], s[8];
    for (int i = 0; i < 16; i++) {
        const uint8_t *b = block + 4 * i;
        w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    memcpy(s, state, sizeof s);
    for (int t = 0; t < 64; t++) round_step(s, K[t] + (t < 16 ? w[t] : schedule(w, t)));
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

void ftte_sha256_start(struct ftte_sha256 *sha) {
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, initial, sizeof initial);
    sha->bytes = 0;
}

void ftte_sha256_add(struct ftte_sha256 *sha, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    while (count > 0) {
        size_t used = sha->bytes % 64, take = 64 - used < count ? 64 - used : count;
        memcpy(sha->block + used, at, take);
        sha->bytes += take;
        at += take;
        count -= take;
        if (used + take == 64) compress(sha->state, sha->block);
    }
}

void ftte_sha256_finish(struct ftte_sha256 *sha, uint8_t digest[32]) {
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->bytes * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    ftte_sha256_add(sha, padding, 1 + (119 - sha->bytes % 64) % 64);
    ftte_sha256_add(sha, length, 8);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}
