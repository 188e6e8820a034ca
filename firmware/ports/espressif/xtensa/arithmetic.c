// Integer arithmetic that the compiler calls and Debian's libgcc for the ESP8266's core leaves to that chip's ROM:
// division, and multiplication to 64 bits. Named by the compiler (GCC internals, "Routines for integer arithmetic").
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);

// ---- 32 bits: the core has instructions that its compiler does not know, quou and remu (Xtensa ISA, "32-bit Integer
// Divide Option"); elsewhere, for its tests, this file divides bit by bit

#ifndef __xtensa__
static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest) {
    uint32_t quotient = 0, left = 0;
    for (int bit = 31; bit >= 0; bit--) {
        left = left << 1 | (a >> bit & 1);
        if (left < b) continue;
        left -= b;
        quotient |= 1u << bit;
    }
    *rest = left;
    return quotient;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    return divide(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    divide(a, b, &rest);
    return rest;
}
#else
// quou a2, a2, a3 and remu a2, a2, a3: op2 0xc and 0xe, op1 2, r 2, s 2, t 3.
uint32_t __udivsi3(uint32_t a, uint32_t b) {
    register uint32_t a2 __asm("a2") = a;
    register uint32_t a3 __asm("a3") = b;
    __asm(".byte 0x30, 0x22, 0xc2" : "+r"(a2) : "r"(a3));
    return a2;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    register uint32_t a2 __asm("a2") = a;
    register uint32_t a3 __asm("a3") = b;
    __asm(".byte 0x30, 0x22, 0xe2" : "+r"(a2) : "r"(a3));
    return a2;
}
#endif

static uint32_t magnitude(int32_t value) { return value < 0 ? 0u - (uint32_t)value : (uint32_t)value; }

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t quotient = __udivsi3(magnitude(a), magnitude(b));
    return (int32_t)((a ^ b) < 0 ? 0u - quotient : quotient);
}

// ---- 64 bits

uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    uint32_t a0 = a & 0xffff, a1 = a >> 16, b0 = b & 0xffff, b1 = b >> 16;
    uint32_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
    uint32_t middle = (p00 >> 16) + (p01 & 0xffff) + (p10 & 0xffff);
    uint32_t high = p11 + (p01 >> 16) + (p10 >> 16) + (middle >> 16);
    return (uint64_t)high << 32 | (middle << 16 | (p00 & 0xffff));
}

int64_t __muldi3(int64_t a, int64_t b) {
    uint32_t a0 = (uint32_t)a, a1 = (uint32_t)((uint64_t)a >> 32), b0 = (uint32_t)b, b1 = (uint32_t)((uint64_t)b >> 32);
    return (int64_t)(__umulsidi3(a0, b0) + ((uint64_t)(a0 * b1 + a1 * b0) << 32));
}

static uint64_t divide_long(uint64_t a, uint64_t b, uint64_t *rest) {
    uint64_t quotient = 0, left = 0;
    for (int bit = 63; bit >= 0; bit--) {
        left = left << 1 | (a >> bit & 1);
        if (left < b) continue;
        left -= b;
        quotient |= (uint64_t)1 << bit;
    }
    *rest = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    if (a >> 32 == 0 && b >> 32 == 0) return __udivsi3((uint32_t)a, (uint32_t)b);
    return divide_long(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    if (a >> 32 == 0 && b >> 32 == 0) return __umodsi3((uint32_t)a, (uint32_t)b);
    divide_long(a, b, &rest);
    return rest;
}

int64_t __divdi3(int64_t a, int64_t b) {
    uint64_t x = a < 0 ? 0u - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0u - (uint64_t)b : (uint64_t)b;
    uint64_t quotient = __udivdi3(x, y);
    return (int64_t)((a ^ b) < 0 ? 0u - quotient : quotient);
}
