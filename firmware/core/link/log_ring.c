// See log_ring.h. A board that writes an entry every millisecond gives numbers for 49 days; the next start begins anew.
#include "link/log_ring.h"

static uint32_t oldest(const struct ftte_log_ring *ring) {
    return ring->written > FTTE_LOG_RING_ENTRIES ? ring->written - FTTE_LOG_RING_ENTRIES : 0;
}

void ftte_log_ring_write(struct ftte_log_ring *ring, const struct ftte_log_entry *entry) {
    ring->entries[ring->written % FTTE_LOG_RING_ENTRIES] = *entry;
    ring->written++;
    if (ring->next < oldest(ring)) ring->next = oldest(ring);
}

void ftte_log_ring_rewind(struct ftte_log_ring *ring, uint32_t from) {
    ring->next = from < oldest(ring) || from > ring->written ? oldest(ring) : from;
}

uint32_t ftte_log_ring_ready(const struct ftte_log_ring *ring, const struct ftte_log_entry **entries) {
    uint32_t at = ring->next % FTTE_LOG_RING_ENTRIES, count = ring->written - ring->next;
    if (count > FTTE_LOG_RING_ENTRIES - at) count = FTTE_LOG_RING_ENTRIES - at;
    if (count > FTTE_LOG_FRAME_ENTRIES) count = FTTE_LOG_FRAME_ENTRIES;
    *entries = ring->entries + at;
    return count;
}

void ftte_log_ring_sent(struct ftte_log_ring *ring, uint32_t count) { ring->next += count; }
