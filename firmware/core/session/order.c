// A seeded affine permutation per epoch: index(j) = (a j + b) mod count with a coprime to count. Needs no memory and
// can begin at any step, which resuming from a checkpoint asks for. Not a uniformly random permutation.
#include "session/order.h"

// murmur3's finaliser.
static uint32_t mix(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
}

static uint32_t common_divisor(uint32_t a, uint32_t b) {
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

uint32_t ftte_order_index(uint32_t seed, uint32_t step, uint32_t count) {
    uint32_t first = mix(seed ^ mix(step / count + 0x9e3779b9u)), second = mix(first + 0x9e3779b9u);
    uint32_t a = first % count + 1;
    while (common_divisor(a, count) != 1) a = a % count + 1; // ends at 1 at the latest
    return (uint32_t)(((uint64_t)a * (step % count) + second % count) % count);
}
