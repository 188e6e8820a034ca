// What the ESP32's hand-encoded instructions compute, as one number per operation over many operands; the host computes
// the same (tests/core/esp32_arithmetic.test.ts).
#include <stdio.h>
#include <string.h>

#include "esp.h"
#include "remote.h"

enum { OPERANDS = 20000 };

static uint32_t state;
static uint32_t draw(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
// All NaNs are one.
static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return value != value ? 0x7fc00000u : bits;
}

static uint32_t sum(uint32_t a, uint32_t b) { return bits_of(float_of(a) + float_of(b)); }
static uint32_t difference(uint32_t a, uint32_t b) { return bits_of(float_of(a) - float_of(b)); }
static uint32_t product(uint32_t a, uint32_t b) { return bits_of(float_of(a) * float_of(b)); }
static uint32_t from_signed(uint32_t a, uint32_t b) { return bits_of((float)(int32_t)(a >> (b & 31))); }
static uint32_t from_unsigned(uint32_t a, uint32_t b) { return bits_of((float)(a >> (b & 31))); }
// A float from 0 to 2^32.
static uint32_t to_unsigned(uint32_t a, uint32_t b) { return (uint32_t)float_of((a & 0x7fffff) | (64 + b % 95) << 23); }
static uint32_t quotient(uint32_t a, uint32_t b) { return a / (b >> (a & 31) | 1); }
static uint32_t rest(uint32_t a, uint32_t b) { return a % (b >> (a & 31) | 1); }

static const struct {
    const char *name;
    uint32_t (*compute)(uint32_t a, uint32_t b);
} operations[] = {
    {"sum", sum},
    {"difference", difference},
    {"product", product},
    {"from_signed", from_signed},
    {"from_unsigned", from_unsigned},
    {"to_unsigned", to_unsigned},
    {"quotient", quotient},
    {"rest", rest},
};

// Every second pair has exponents near each other, every fourth may be subnormal.
static uint32_t digest(uint32_t (*compute)(uint32_t, uint32_t)) {
    uint32_t hash = 0x811c9dc5u;
    state = 1;
    for (uint32_t i = 0; i < OPERANDS; i++) {
        uint32_t a = draw(), b = draw();
        if (i & 1) b = (b & 0x807fffffu) | ((a + ((b >> 8 & 31) << 23)) & 0x7f800000u);
        if ((i & 3) == 2) a &= 0x81ffffffu;
        hash = (hash ^ compute(a, b)) * 0x01000193u;
    }
    return hash;
}

static void session(void) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        printf("%s %08lx\n", operations[i].name, (unsigned long)digest(operations[i].compute));
    printf("done\n");
    remote_rest();
}

int main(void) {
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(session);
}
