// The runtime header that wasm2c's output includes. Two kinds of modules are translated:
//
//   kernels  (FTTE_WASM_RT_KERNELS) and layers read the plan, which is data from outside: every access is checked
//            against the memory's length and need not be aligned.
//   BLAS     gets operands that the gate has checked: no checks inside, typed access instead of memcpy. The instance
//            pointer is what addresses count from (ftte_blas_base), so an operand in flash is an address like any
//            other.
#ifndef FTTE_WASM_RT_H
#define FTTE_WASM_RT_H

#include <alloca.h>
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WASM_RT_CORE_TYPES_DEFINED
typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

#ifndef LIKELY
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif

#define WABT_BIG_ENDIAN 0
#define WASM_RT_USE_SEGUE 0
#define WASM_RT_STACK_DEPTH_COUNT 0
#define WASM_RT_SANITY_CHECKS 0
#ifdef FTTE_WASM_RT_KERNELS
#define WASM_RT_MEMCHECK_GUARD_PAGES 0
#else
#define WASM_RT_MEMCHECK_GUARD_PAGES 1 // no check per access
#endif
#define WASM_RT_SEGUE_FREE_SEGMENT 0

typedef enum {
    WASM_RT_TRAP_NONE,
    WASM_RT_TRAP_OOB,
    WASM_RT_TRAP_INT_OVERFLOW,
    WASM_RT_TRAP_DIV_BY_ZERO,
    WASM_RT_TRAP_INVALID_CONVERSION,
    WASM_RT_TRAP_UNREACHABLE,
    WASM_RT_TRAP_CALL_INDIRECT,
    WASM_RT_TRAP_EXHAUSTION,
    WASM_RT_TRAP_NULL_REF,
    WASM_RT_TRAP_UNALIGNED
} wasm_rt_trap_t;
typedef enum {
    WASM_RT_I32,
    WASM_RT_I64,
    WASM_RT_F32,
    WASM_RT_F64,
    WASM_RT_V128,
    WASM_RT_FUNCREF,
    WASM_RT_EXTERNREF
} wasm_rt_type_t;
void wasm_rt_trap(wasm_rt_trap_t trap) __attribute__((noreturn));

typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct {
    void (*fn)(void **);
} wasm_rt_tailcallee_t;
typedef const char *wasm_rt_func_type_t;
typedef struct {
    wasm_rt_func_type_t func_type;
    wasm_rt_function_ptr_t func;
    wasm_rt_tailcallee_t func_tailcallee;
    void *module_instance;
} wasm_rt_funcref_t;
typedef void *wasm_rt_externref_t;
#define wasm_rt_externref_null_value ((wasm_rt_externref_t)0)
#define wasm_rt_funcref_null_value ((wasm_rt_funcref_t){0, 0, {0}, 0})

#ifdef FTTE_WASM_RT_KERNELS
typedef struct {
    uint8_t *data; // the guest's linear memory, whoever allocated it
    uint32_t size, pages, max_pages;
} wasm_rt_memory_t;
#else
// The instance IS the memory. The other fields are named by code that never runs.
typedef union {
    uint8_t data[0];
    size_t size, pages, max_pages;
} wasm_rt_memory_t;
#endif
typedef struct {
    wasm_rt_funcref_t *data;
    u32 max_size, size;
} wasm_rt_funcref_table_t;
typedef struct {
    wasm_rt_externref_t *data;
    u32 max_size, size;
} wasm_rt_externref_table_t;

static inline bool wasm_rt_is_initialized(void) { return true; }
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, u64 initial, u64 max, bool is64, u32 page_size);
static inline void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; }

#ifdef FTTE_WASM_RT_KERNELS
#define wasm_rt_memcpy memcpy
#else
// Aligned, aliasing access of one scalar; the gate has checked the alignment. Of 64 bits it has checked that of their
// halves. Arm's LDRD, VLDR and LDM ask no more (ARMv6-M and ARMv7-M Architecture Reference Manuals, "Alignment
// behavior"), but a compiler that knows of it takes two loads.
#define ALIAS(t) t __attribute__((may_alias))
#ifdef __arm__
#define WORDS(t) ALIAS(t)
#else
#define WORDS(t) t __attribute__((may_alias, aligned(4)))
#endif
typedef ALIAS(u8) alias_u8;
typedef ALIAS(s8) alias_s8;
typedef ALIAS(u16) alias_u16;
typedef ALIAS(s16) alias_s16;
typedef ALIAS(u32) alias_u32;
typedef ALIAS(s32) alias_s32;
typedef WORDS(u64) alias_u64;
typedef ALIAS(s64) alias_s64;
typedef ALIAS(f32) alias_f32;
typedef ALIAS(f64) alias_f64;
#define ALIAS_OF(p)                                                                                                    \
    _Generic(*(p), f32                                                                                                 \
             : (alias_f32 *)0, f64                                                                                     \
             : (alias_f64 *)0, u32                                                                                     \
             : (alias_u32 *)0, s32                                                                                     \
             : (alias_s32 *)0, u16                                                                                     \
             : (alias_u16 *)0, s16                                                                                     \
             : (alias_s16 *)0, u64                                                                                     \
             : (alias_u64 *)0, s64                                                                                     \
             : (alias_s64 *)0, s8                                                                                      \
             : (alias_s8 *)0, default                                                                                  \
             : (alias_u8 *)0)
#define SCALAR_OF(d, s)                                                                                                \
    __typeof__(__builtin_choose_expr(__builtin_types_compatible_p(__typeof__(*(d)), u8), ALIAS_OF(s), ALIAS_OF(d)))
#define wasm_rt_memcpy(d, s, n)                                                                                        \
    __builtin_choose_expr(__builtin_constant_p(n),                                                                     \
                          (void)(*(SCALAR_OF(d, s))(void *)(d) = *(SCALAR_OF(d, s))(void *)(s)),                       \
                          (void)memcpy(d, s, n))
#endif

// wasm2c forces each load by an empty asm statement, which pins it and moves floats through integer registers.
#define __asm__(...) ((void)0)

#endif
