// What the guest suites are given and where they run: the same C on this machine and on every chip. A bundle says what
// to do, in one run of 16-aligned bytes (suite.ts writes it): entries of
//
//     u32 what, i32 number, u32 name bytes, u32 bytes; the name with its final 0, then the bytes, each padded to 16
//
// in the order in which they are done, and SUITE_END. What is printed are lines of report.h, then "engine stack N", the
// most native stack that a call of the engine took.
#ifndef GUEST_SUITE_H
#define GUEST_SUITE_H

#include <stdbool.h>
#include <stdint.h>

enum suite_what {
    SUITE_END,
    SUITE_KERNELS,  // good ones, for everything behind
    SUITE_RECORD,   // record.h
    SUITE_MISFIT,   // for the contract; number: the error that it must be answered with
    SUITE_CONTRACT, // contract.h, over the kernels, the record and the misfits so far
    SUITE_MODULE,   // opened, its selfTest called; number: what must come of it
    SUITE_TARGET,   // a module for the attacks behind it
    SUITE_ATTACKS,  // i32 error (1: any of the engine's, or none), u32 argument, u32 words, words[], repeated: each is
                   // put into the target's linear memory at WORDS_AT (hostile.c) and its infer called with the argument
    SUITE_TRUNCATIONS, // every `number`-th prefix of the kernels
    SUITE_MUTATIONS, // `number` variants of the kernels with a few bytes changed, put in or left out, run on the record
    SUITE_PLANS      // `number` variants of the record's plan: one op with hostile arguments, or a few words changed;
                     // the bytes are the first words of every kind of op
};

struct suite_entry {
    uint32_t what;
    int32_t number;
    const char *name;
    const uint8_t *bytes; // 16-aligned
    uint32_t length;
};

// Memory for a suite. Behind the pool SUITE_GUARD bytes, in which the suites keep regions and their guards. On 64-bit
// hosts the bundle lies behind both, within 4 GiB.
enum { SUITE_GUARD = 4096 };
struct suite_room {
    uint8_t *pool; // 64-aligned
    uint32_t pool_bytes;
    uint8_t *scratch; // for a copy of the kernels that ends where this ends; 8 bytes longer than they
    uint32_t scratch_bytes;
};

void suite_run(const struct suite_room *room, const uint8_t *bundle);

// The most native stack that ftte_guest_open and ftte_guest_call took. The suite is linked with
// --wrap=ftte_guest_open,--wrap=ftte_guest_call for whoever implements it (posix.c, chip.c).
uint32_t suite_engine_stack(void);

#endif
