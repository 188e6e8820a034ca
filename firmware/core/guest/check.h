// The check of a module before it is interpreted. Kernels come over the air, and wasm3 trusts what it compiles: types,
// stack heights, nesting and the time that a loop takes are its caller's business. What passes here is valid
// WebAssembly of the first version (plus sign extension and saturating conversion), and more narrowly:
//
//   sections   type, import, function, memory, global, export, code, data, in this order; no table, no start function,
//              no custom section
//   imports    what the firmware has natively, with its own signatures
//   loops      every way from a loop's head back to it passes a call, where the engine can end the guest
//   sizes      as in the enum below, so that wasm3's own fixed arrays are never full and its recursion is bounded
//   nesting    every way through a function fits the native stack where the compiler makes no tail calls. There each of
//              wasm3's operations lies on that of the one before, until a loop turns (m3_exec.h: ContinueLoop returns
//              to Loop) or the function returns: what lies behind a call or a loop comes on top of what lies before it,
//              but not of what the call or the loop did. Asked on every chip: a fleet's boards take the same kernels
//
// What a valid module computes, where it reads and how deep it calls is bounded when it runs, not here.
// Private to guest/.
#ifndef FTTE_GUEST_CHECK_H
#define FTTE_GUEST_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/pool.h"

enum {
    FTTE_CHECK_TYPES = 64,
    FTTE_CHECK_FUNCTIONS = 256, // imports included
    FTTE_CHECK_GLOBALS = 32,
    FTTE_CHECK_PARAMETERS = 16,
    FTTE_CHECK_LOCALS = 32, // beside the parameters
    FTTE_CHECK_OPERANDS = 24,
    FTTE_CHECK_DEPTH = 12, // of nested blocks, the function itself included
    FTTE_CHECK_BODY_BYTES = 2048,
    FTTE_CHECK_CONSTANTS = 62, // in wasm3's table, of 32 bits, the unused slot that aligns others left out
    // Of native stack, on one way through a function. With this, the calls around it (wasm3.c) and the session's own,
    // every port has enough (host/build/stack.ts). Of ours the interpreted layers take most, 9,056.
    FTTE_CHECK_NESTED_BYTES = 9216,
    // What an operation takes, on Xtensa (gcc 12) or ARMv6-M, whichever is more, a jump to another page of code before
    // it included: of i32 arithmetic, i32 loads, copies and branches, and of all others (host/build/stack.ts asks the
    // call graph).
    FTTE_CHECK_LIGHT_BYTES = 80,
    FTTE_CHECK_HEAVY_BYTES = 112
};

// Reads from `at` up to `end`. Past the end, and after anything malformed, `bad` stays set and zeros are read.
struct ftte_check_bytes {
    const uint8_t *at, *end;
    bool bad;
};

uint8_t ftte_check_u8(struct ftte_check_bytes *in);
uint32_t ftte_check_u32(struct ftte_check_bytes *in);          // LEB128
void ftte_check_signed(struct ftte_check_bytes *in, int bits); // skips a signed LEB128 of `bits` bits
void ftte_check_skip(struct ftte_check_bytes *in, uint32_t bytes);

// Value types as small numbers, in the order of their bytes 0x7f downwards.
enum { FTTE_CHECK_I32, FTTE_CHECK_I64, FTTE_CHECK_F32, FTTE_CHECK_F64, FTTE_CHECK_NONE };
uint8_t ftte_check_type(struct ftte_check_bytes *in);

struct ftte_check_block {
    uint8_t opcode, result, height; // height: operands below the block
    bool dead;                      // what follows is never reached
    uint32_t entry, joined;         // `called` at an if's entry; of all the ways to the block's end
    uint32_t entry_nested, nested;  // `nested` at the block's entry; of the deepest way to its end
};

struct ftte_check_signature {
    uint8_t parameters, result, parameter[FTTE_CHECK_PARAMETERS];
};

// What the check keeps while it reads; about 2 KB, from the pool.
struct ftte_check {
    struct ftte_check_bytes in;
    // The module
    uint32_t types, functions, imports, globals;
    struct ftte_check_signature type[FTTE_CHECK_TYPES];
    uint8_t type_of[FTTE_CHECK_FUNCTIONS];
    uint8_t global[FTTE_CHECK_GLOBALS];
    bool mutable[FTTE_CHECK_GLOBALS];
    // The body of one function
    uint32_t locals, operands, depth;
    uint8_t local[FTTE_CHECK_PARAMETERS + FTTE_CHECK_LOCALS];
    uint8_t operand[FTTE_CHECK_OPERANDS];
    struct ftte_check_block block[FTTE_CHECK_DEPTH];
    // Bit d: since the head of the loop that is block d, the guest has called something.
    uint32_t called;
    uint32_t nested;    // native stack that the operations so far take at most, without tail calls
    uint32_t held;      // operands up to the one that may be in a register, 0 when none is
    uint32_t constants; // 32-bit words of them
};

// Both return null, or what is wrong: a constant string.
const char *ftte_check_body(struct ftte_check *check, const struct ftte_check_signature *type);
struct ftte_check_name {
    const uint8_t *text;
    uint32_t length;
};
// The signature of what may be imported, or null.
typedef const char *ftte_check_import(struct ftte_check_name module, struct ftte_check_name name);
const char *ftte_check_module(struct ftte_check *check, const uint8_t *wasm, uint32_t bytes, ftte_check_import *find);

#endif
