// The ESP32's arithmetic in integers against this machine's hardware, bit for bit: all pairs of awkward numbers, and
// random ones near and far. NaNs count as equal whatever they carry.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define WORD uint32_t
#define MANTISSA 23
#define EXPONENTS 255
static void multiply(uint32_t a, uint32_t b, uint32_t *high, uint32_t *low) {
    uint64_t product = (uint64_t)a * b;
    *high = (uint32_t)(product >> 32);
    *low = (uint32_t)product;
}
#include "soft_float.h"

// soft_float64.c is float64.c and arithmetic.c with these names, so that the compiler's own are left alone.
#include "soft_float_names.h"

static uint64_t state = 0x9e3779b97f4a7c15u;
static uint64_t random_bits(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static const uint32_t awkward32[] = {
    0,          1,          2,          0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x33800000,
    0x34000000, 0x3effffff, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x40000000, 0x4b7fffff, 0x4b800000, 0x7effffff,
    0x7f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x00000123,
};
static const uint64_t awkward64[] = {
    0,
    1,
    2,
    0x000fffffffffffff,
    0x0010000000000000,
    0x0010000000000001,
    0x001fffffffffffff,
    0x3690000000000000,
    0x36a0000000000000,
    0x380fffffe0000000,
    0x380ffffff0000000,
    0x3810000000000000,
    0x3ca0000000000000,
    0x3fefffffffffffff,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0x41efffffffe00000,
    0x433fffffffffffff,
    0x47efffffe0000000,
    0x47effffff0000000,
    0x7fdfffffffffffff,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001,
    0x7ff8000000000000,
};
enum { AWKWARD32 = sizeof awkward32 / sizeof *awkward32, AWKWARD64 = sizeof awkward64 / sizeof *awkward64 };
enum { RANDOM = 400000 };

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
static bool same32(uint32_t a, float expected) {
    return is_nan(a) ? expected != expected : a == bits_of_float(expected);
}
static bool same64(double a, double expected) {
    return a != a ? expected != expected : bits_of_double(a) == bits_of_double(expected);
}

// Two numbers: the i-th pair of awkward ones with either sign, then random ones whose exponents are near each other
// half the time.
static bool pair32(uint32_t i, uint32_t *a, uint32_t *b) {
    uint32_t pairs = 4 * AWKWARD32 * AWKWARD32;
    if (i < pairs) {
        *a = awkward32[i / 4 % AWKWARD32] | (i & 1) << 31;
        *b = awkward32[i / 4 / AWKWARD32] | (i & 2) << 30;
        return true;
    }
    *a = (uint32_t)random_bits();
    *b = (uint32_t)random_bits();
    if (i & 1) *b = (*b & 0x807fffff) | ((*a + ((*b >> 8 & 63) << 23) - (24u << 23)) & 0x7f800000);
    return i < pairs + RANDOM;
}
static bool pair64(uint32_t i, uint64_t *a, uint64_t *b) {
    uint32_t pairs = 4 * AWKWARD64 * AWKWARD64;
    if (i < pairs) {
        *a = awkward64[i / 4 % AWKWARD64] | (uint64_t)(i & 1) << 63;
        *b = awkward64[i / 4 / AWKWARD64] | (uint64_t)(i & 2) << 62;
        return true;
    }
    *a = random_bits();
    *b = random_bits();
    if (i & 1) *b = (*b & 0x800fffffffffffff) | ((*a + ((*b & 127) << 52) - (64ull << 52)) & 0x7ff0000000000000);
    return i < pairs + RANDOM;
}

static void checks_f32(void) {
    uint32_t a, b, sums = 0, products = 0;
    for (uint32_t i = 0; pair32(i, &a, &b); i++) {
        sums += !same32(add_bits(a, b), float_of(a) + float_of(b));
        products += !same32(multiply_bits(a, b), float_of(a) * float_of(b));
    }
    report(sums == 0, "f32 sums are the hardware's, every bit");
    report(products == 0, "f32 products are the hardware's, every bit");
}

static void checks_f64(void) {
    uint32_t sums = 0, differences = 0, products = 0, quotients = 0, narrowed = 0;
    uint64_t a, b;
    for (uint32_t i = 0; pair64(i, &a, &b); i++) {
        double x = double_of(a), y = double_of(b);
        sums += !same64(__adddf3(x, y), x + y);
        differences += !same64(__subdf3(x, y), x - y);
        products += !same64(__muldf3(x, y), x * y);
        quotients += !same64(__divdf3(x, y), x / y);
        // Half of the exponents where an f32 begins or ends.
        uint64_t near =
            i & 1 ? (a & 0x800fffffffffffff) | (0x36a + (b & 0x7f) + (b & 0x80 ? 0x400 : 0)) % 2047 << 52 : a;
        narrowed += !same32(bits_of_float(__truncdfsf2(double_of(near))), (float)double_of(near));
    }
    report(sums == 0 && differences == 0, "f64 sums and differences are the hardware's, every bit");
    report(products == 0, "f64 products are the hardware's, every bit");
    report(quotients == 0, "f64 quotients are the hardware's, every bit");
    report(narrowed == 0, "f64 to f32 rounds as the hardware does");
}

static void checks_conversions(void) {
    uint32_t widened = 0, from = 0, to = 0, a, b;
    for (uint32_t i = 0; pair32(i, &a, &b); i++) {
        widened += !same64(__extendsfdf2(float_of(a)), (double)float_of(a));
        from += !same64(__floatsidf((int32_t)a), (double)(int32_t)a) || !same64(__floatunsidf(a), (double)a);
        double value = ((double)(int32_t)a + (double)b / 4294967296.0) * (i & 1 ? 1 : 1e-6);
        to += value > -2147483649.0 && value < 2147483648.0 && __fixdfsi(value) != (int32_t)value;
        double positive = value < 0 ? -value : value;
        to += positive < 4294967296.0 && __fixunsdfsi(positive) != (uint32_t)positive;
    }
    report(widened == 0, "f32 to f64 is exact");
    report(from == 0, "integers to f64 are exact");
    report(to == 0, "f64 to integers cuts towards zero");
    report(__fixdfsi(1e300) == INT32_MAX && __fixdfsi(-1e300) == INT32_MIN && __fixunsdfsi(1e10) == UINT32_MAX &&
               __fixunsdfsi(-3) == 0,
           "what does not fit becomes the nearest that does");
}

static void checks_integers(void) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < RANDOM; i++) {
        uint64_t a = random_bits() >> (random_bits() & 63), b = random_bits() >> (random_bits() & 63);
        if ((uint32_t)b == 0) b = 3;
        wrong += __udivdi3(a, b) != a / b || __umoddi3(a, b) != a % b;
        wrong += (uint64_t)__muldi3((int64_t)a, (int64_t)b) != a * b;
        wrong += __umulsidi3((uint32_t)a, (uint32_t)b) != (uint64_t)(uint32_t)a * (uint32_t)b;
        wrong += __udivsi3((uint32_t)a, (uint32_t)b) != (uint32_t)a / (uint32_t)b;
        wrong += __umodsi3((uint32_t)a, (uint32_t)b) != (uint32_t)a % (uint32_t)b;
        int64_t x = (int64_t)(a ^ -(i & 1ull)), y = (int64_t)(b ^ -(i >> 1 & 1ull));
        if (y != 0 && y != -1) wrong += __divdi3(x, y) != x / y;
        int32_t s = (int32_t)x, t = (int32_t)y;
        if (t != 0 && t != -1) wrong += __divsi3(s, t) != s / t;
    }
    report(wrong == 0, "integer products and quotients are the hardware's");
}

int main(void) {
    checks_f32();
    checks_f64();
    checks_conversions();
    checks_integers();
    printf("done\n");
    return 0;
}
