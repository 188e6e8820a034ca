// Guests that try to break out of the engine. Whatever they do, an error code comes out: nothing outside their memory
// changes, nothing stays in the pool, and good kernels run afterwards. Prints lines of report.h.
#ifndef GUEST_HOSTILE_H
#define GUEST_HOSTILE_H

#include "suite.h"

struct hostile_subject {
    const char *name; // of the kernels
    const uint8_t *kernels;
    uint32_t kernels_bytes;
    const uint8_t *record;
    struct suite_room room;
};

// One for each entry of a bundle (suite.h says what they do).
void hostile_module(const struct hostile_subject *of, const struct suite_entry *module);
void hostile_attacks(const struct hostile_subject *of, const struct suite_entry *target,
                     const struct suite_entry *attacks);
void hostile_truncations(const struct hostile_subject *of, uint32_t step);
void hostile_mutations(const struct hostile_subject *of, uint32_t count);
void hostile_plans(const struct hostile_subject *of, const struct suite_entry *ops);

#endif
