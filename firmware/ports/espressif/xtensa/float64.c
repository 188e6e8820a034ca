// Double arithmetic and the conversions to and from it, in integers: what the compiler calls and Debian's libgcc for
// the ESP8266's core leaves to that chip's ROM. Nothing of ftte computes in doubles; wasm3 can, and must be linked with
// them.
#define WORD uint64_t
#define MANTISSA 52
#define EXPONENTS 2047

#include <stdint.h>
#include <string.h>

static void multiply(uint64_t a, uint64_t b, uint64_t *high, uint64_t *low) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
    uint64_t middle = (p00 >> 32) + (uint32_t)p01 + (uint32_t)p10;
    *low = middle << 32 | (uint32_t)p00;
    *high = p11 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
}

#include "soft_float.h"

// Named by the compiler (GCC internals, "Routines for floating point emulation").
double __adddf3(double a, double b);
double __subdf3(double a, double b);
double __muldf3(double a, double b);
double __divdf3(double a, double b);
double __extendsfdf2(float a);
float __truncdfsf2(double a);
double __floatsidf(int32_t a);
double __floatunsidf(uint32_t a);
int32_t __fixdfsi(double a);
uint32_t __fixunsdfsi(double a);

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double __adddf3(double a, double b) { return from_bits(add_bits(bits_of(a), bits_of(b))); }
double __subdf3(double a, double b) {
    uint64_t bits = bits_of(b);
    return from_bits(add_bits(bits_of(a), is_nan(bits) ? bits : bits ^ SIGN));
}
double __muldf3(double a, double b) { return from_bits(multiply_bits(bits_of(a), bits_of(b))); }

// x / y with the leading one at MANTISSA + GUARD, given x >= y.
static uint64_t quotient(uint64_t x, uint64_t y) {
    uint64_t result = 0;
    for (int bit = MANTISSA + GUARD; bit >= 0; bit--, x <<= 1) {
        if (x < y) continue;
        result |= (uint64_t)1 << bit;
        x -= y;
    }
    return result | (x != 0);
}

static uint64_t divide_bits(uint64_t a, uint64_t b) {
    uint64_t sign = (a ^ b) & SIGN, x = a & ~SIGN, y = b & ~SIGN;
    int from_a, from_b;
    if (is_nan(a)) return a | QUIET;
    if (is_nan(b)) return b | QUIET;
    if (x == y && (x == 0 || x == INFINITE)) return INFINITE | QUIET;
    if (x == INFINITE || y == 0) return sign | INFINITE;
    if (x == 0 || y == INFINITE) return sign;
    x = normalised(a, &from_a);
    y = normalised(b, &from_b);
    int exponent = from_a - from_b + BIAS;
    if (x < y) {
        x <<= 1;
        exponent--;
    }
    return pack(sign, exponent, quotient(x, y));
}

double __divdf3(double a, double b) { return from_bits(divide_bits(bits_of(a), bits_of(b))); }

// ---- conversions

enum { F32_MANTISSA = 23, F32_EXPONENTS = 255, F32_BIAS = 127, SHIFT = MANTISSA - F32_MANTISSA };

double __extendsfdf2(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    uint64_t sign = (uint64_t)(bits >> 31) << 63, fraction = bits & ((1u << F32_MANTISSA) - 1);
    int exponent = (int)(bits >> F32_MANTISSA & F32_EXPONENTS);
    if (exponent == F32_EXPONENTS) return from_bits(sign | INFINITE | fraction << SHIFT | (fraction ? QUIET : 0));
    if (exponent == 0 && fraction == 0) return from_bits(sign);
    if (exponent == 0) // a subnormal is fraction * 2^-149
        return from_bits(integer_bits(sign, fraction) - ((uint64_t)149 << MANTISSA));
    return from_bits(sign | (uint64_t)(exponent - F32_BIAS + BIAS) << MANTISSA | fraction << SHIFT);
}

// The f32 that is nearest to the double's bits.
static uint32_t narrow(uint64_t bits) {
    uint32_t sign = (uint32_t)(bits >> 32) & 0x80000000u, infinite = (uint32_t)F32_EXPONENTS << F32_MANTISSA;
    if (is_nan(bits)) return sign | infinite | 1u << (F32_MANTISSA - 1) | ((uint32_t)(bits >> SHIFT) & 0x3fffff);
    int exponent = exponent_of(bits) - BIAS + F32_BIAS;
    if (exponent >= F32_EXPONENTS) return sign | infinite;
    if (exponent_of(bits) == 0) return sign; // far below the smallest f32
    uint64_t significand = significand_of(bits);
    if (exponent < 1) {
        significand = shift_right(significand, 1 - exponent);
        exponent = 1;
    }
    uint64_t rest = significand & ((1ull << SHIFT) - 1), half = 1ull << (SHIFT - 1);
    uint32_t rounded = (uint32_t)(significand >> SHIFT);
    rounded += rest > half || (rest == half && (rounded & 1));
    return sign | (((uint32_t)(exponent - 1) << F32_MANTISSA) + rounded);
}

float __truncdfsf2(double a) {
    uint32_t bits = narrow(bits_of(a));
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double __floatunsidf(uint32_t a) { return a == 0 ? 0 : from_bits(integer_bits(0, a)); }
double __floatsidf(int32_t a) {
    if (a == 0) return 0;
    return from_bits(integer_bits(a < 0 ? SIGN : 0, a < 0 ? 0u - (uint32_t)a : (uint32_t)a));
}

// Towards zero; what has no place in 64 bits is the largest value.
static uint64_t magnitude_of(uint64_t bits) {
    int shift = exponent_of(bits) - BIAS - MANTISSA;
    if (shift > 10) return UINT64_MAX;
    if (shift < -MANTISSA) return 0;
    return shift < 0 ? significand_of(bits) >> -shift : significand_of(bits) << shift;
}

int32_t __fixdfsi(double a) {
    uint64_t bits = bits_of(a), magnitude = magnitude_of(bits);
    if (is_nan(bits)) return 0;
    if (bits & SIGN) return magnitude > 0x80000000u ? INT32_MIN : (int32_t)(0u - (uint32_t)magnitude);
    return magnitude > INT32_MAX ? INT32_MAX : (int32_t)magnitude;
}

uint32_t __fixunsdfsi(double a) {
    uint64_t bits = bits_of(a), magnitude = magnitude_of(bits);
    if (is_nan(bits) || bits & SIGN) return 0;
    return magnitude > UINT32_MAX ? UINT32_MAX : (uint32_t)magnitude;
}
