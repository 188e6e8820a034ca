// The contract suite of guest.h: what its comments promise, asked of one engine on one machine. Prints a line of
// report.h for each promise. Needs no file and no operating system.
#ifndef GUEST_CONTRACT_H
#define GUEST_CONTRACT_H

#include "guest/guest.h"

// A module that is no good as kernels, and what open or the first self-test must say of it.
struct guest_misfit {
    const char *name;
    const uint8_t *bytes;
    uint32_t length;
    int error;
};

struct guest_subject {
    const uint8_t *kernels; // the module; an engine ahead of time does not look
    uint32_t kernels_bytes;
    const uint8_t
        *record;   // of a trained classifier with more than FTTE_GUEST_FUEL turns in a step (record.h), 16-aligned
    uint8_t *pool; // 64-aligned; record and kernels lie behind it, within 4 GiB
    uint32_t pool_bytes;
    const struct guest_misfit *misfits; // of an engine that loads modules
    uint32_t misfit_count;
};

void guest_contract(const struct guest_subject *subject);

#endif
