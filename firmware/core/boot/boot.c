// See boot.h.
#include "boot/boot.h"

#include "store/health.h"

static uint8_t reason_of(int reset_reason) {
    switch (reset_reason) {
    case FTTE_RESET_REASON_WATCHDOG: return FTTE_RETURN_REASON_WATCHDOG;
    case FTTE_RESET_REASON_FAULT: return FTTE_RETURN_REASON_FAULT;
    default: return FTTE_RETURN_REASON_RESET;
    }
}

// The image itself may have noted why it ended. What the board was at is not to blame for a reset that an image caused.
static void note_return(struct ftte_health *health, uint32_t crc, int reset_reason) {
    bool told = health->returned_kind == FTTE_BLOB_KIND_FIRMWARE && health->returned_crc == crc;
    health->absolved = 1;
    if (told) return;
    health->returned_kind = FTTE_BLOB_KIND_FIRMWARE;
    health->returned_crc = crc;
    health->returned_reason = reason_of(reset_reason);
}

struct ftte_blob ftte_boot_choose(struct ftte_store *store, int reset_reason) {
    struct ftte_health health;
    ftte_health_read(store, &health);
    for (;;) {
        struct ftte_blob image = ftte_store_get(store, FTTE_BLOB_KIND_FIRMWARE);
        if (!image.bytes || image.crc == health.firmware_confirmed) return image;
        if (image.crc != health.firmware_tried) {
            health.firmware_tried = image.crc;
            if (ftte_health_write(store, &health) >= 0) return image;
        }
        note_return(&health, image.crc, reset_reason);
        // The note first: cut in between, the next start comes to the same end. Without it the board starts all the
        // same.
        (void)ftte_health_write(store, &health);
        if (ftte_store_revert(store, FTTE_BLOB_KIND_FIRMWARE) < 0) return (struct ftte_blob){0};
    }
}
