// What a board knows about itself across resets, in one small blob: resets by reason, which kernels passed their
// self-test, which kernels and firmware are confirmed, and what became of the last that were not. Reads and writes it;
// what it means is session/health.c, session/trial.c and boot/boot.c.
#ifndef FTTE_HEALTH_H
#define FTTE_HEALTH_H

#include "store/store.h"

enum { FTTE_REASONS = 7 };

// Grows at its end: what an older firmware wrote is shorter, and zeros stand for the rest.
struct ftte_health {
    uint16_t resets[FTTE_REASONS], reserved;
    uint32_t kernels_passed;                // CRC of the kernels whose self-test passed last
    uint32_t kernels_confirmed;             // of those that came on trial and were confirmed last
    uint32_t firmware_confirmed;            // of the firmware blob confirmed last
    uint32_t firmware_tried;                // of the one that was started last without being confirmed
    uint32_t returned_crc;                  // of the last blob that was given up for the one before
    uint8_t returned_kind, returned_reason; // enum ftte_blob_kind, enum ftte_return_reason
    uint8_t absolved;                       // the last reset is the returned firmware's doing
    uint8_t reserved2;
};
_Static_assert(sizeof(struct ftte_health) == 40, "health");

// Zeros when there is none.
void ftte_health_read(const struct ftte_store *store, struct ftte_health *health);
// Returns FTTE_OK or an error of the store; a cut leaves what was written before.
int ftte_health_write(struct ftte_store *store, const struct ftte_health *health);

#endif
