// The check of a module before it is interpreted. Kernels come over the air, and wasm3 trusts what it compiles: types,
// stack heights, nesting and the time that a loop takes are its caller's business. What passes here is valid
// WebAssembly of the first version (plus sign extension and saturating conversion), and more narrowly:
//
//   sections   type, import, function, memory, global, export, code, data, in this order; no table, no start function,
//              no custom section
//   imports    what the firmware has natively, with its own signatures
//   loops      every way from a loop's head back to it passes a call, where the engine can end the guest
//   sizes      as in the enum below, so that wasm3's own fixed arrays are never full and its recursion is bounded
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
    FTTE_CHECK_BODY_BYTES = 2048
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
