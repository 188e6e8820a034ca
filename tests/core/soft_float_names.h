// The compiler's names for the ESP32's arithmetic, changed: this machine has its own functions of those names.
#ifndef SOFT_FLOAT_NAMES_H
#define SOFT_FLOAT_NAMES_H

#include <stdint.h>

#define __adddf3 soft_adddf3
#define __subdf3 soft_subdf3
#define __muldf3 soft_muldf3
#define __divdf3 soft_divdf3
#define __extendsfdf2 soft_extendsfdf2
#define __truncdfsf2 soft_truncdfsf2
#define __floatsidf soft_floatsidf
#define __floatunsidf soft_floatunsidf
#define __fixdfsi soft_fixdfsi
#define __fixunsdfsi soft_fixunsdfsi
#define __udivsi3 soft_udivsi3
#define __umodsi3 soft_umodsi3
#define __divsi3 soft_divsi3
#define __umulsidi3 soft_umulsidi3
#define __muldi3 soft_muldi3
#define __udivdi3 soft_udivdi3
#define __umoddi3 soft_umoddi3
#define __divdi3 soft_divdi3

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
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);

#endif
