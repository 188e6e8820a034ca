// The log's ring against a list that forgets nothing: whatever is written and sent in whatever order, what comes out is
// the written entries in order, none twice, and what is missing is what a gap in the numbers says.
#include <string.h>

#include "digest/crc32.h"
#include "ftte_panic.h"
#include "link/log_ring.h"
#include "report.h"

static uint32_t seed = 1;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % below;
}

// Entry number n is recognised by its words.
static void write_number(struct ftte_log_ring *ring, uint32_t n) {
    struct ftte_log_entry entry = {.ms = 3 * n, .code = (uint8_t)n, .a = n, .b = ~n, .c = n * n};
    ftte_log_ring_write(ring, &entry);
}

static bool is_number(const struct ftte_log_entry *entry, uint32_t n) {
    return entry->ms == 3 * n && entry->code == (uint8_t)n && entry->a == n && entry->b == ~n && entry->c == n * n;
}

static void empty(void) {
    struct ftte_log_ring ring = {0};
    const struct ftte_log_entry *entries;
    report(ftte_log_ring_ready(&ring, &entries) == 0, "a new ring has nothing to send");
    ftte_log_ring_rewind(&ring, 7);
    report(ring.next == 0 && ftte_log_ring_ready(&ring, &entries) == 0, "a number not given yet means the oldest");
}

static void wraps(void) {
    struct ftte_log_ring ring = {0};
    const struct ftte_log_entry *entries;
    uint32_t count = 0, expected = FTTE_LOG_RING_ENTRIES / 2, got;
    bool right = true;
    for (uint32_t n = 0; n < 3 * FTTE_LOG_RING_ENTRIES / 2; n++) write_number(&ring, n);
    report(ring.next == expected, "a full ring drops the oldest: a gap of as many as were lost");
    for (; (got = ftte_log_ring_ready(&ring, &entries)) > 0; ftte_log_ring_sent(&ring, got), count += got)
        for (uint32_t i = 0; i < got; i++) right = right && is_number(entries + i, ring.next + i);
    report(right && count == FTTE_LOG_RING_ENTRIES, "the newest are kept, in order, over the ring's end");
    ftte_log_ring_rewind(&ring, 0);
    report(ring.next == expected, "asked from the start it goes on at the oldest that is left");
    ftte_log_ring_rewind(&ring, expected + 3);
    bool there = ftte_log_ring_ready(&ring, &entries) > 0 && is_number(entries, expected + 3);
    report(there, "asked from the middle it goes on there");
}

// Random writes, sends and rewinds. What was received must be all that was written but the gaps.
static void agrees_with_a_list(void) {
    struct ftte_log_ring ring = {0};
    uint32_t written = 0, have = 0, lost = 0, received = 0;
    bool right = true;
    for (int turn = 0; turn < 20000; turn++) {
        const struct ftte_log_entry *entries;
        for (uint32_t n = draw(3) * draw(9); n > 0; n--) write_number(&ring, written++);
        if (draw(50) == 0) ftte_log_ring_rewind(&ring, draw(2) ? have : 0);
        uint32_t first = ring.next, count = ftte_log_ring_ready(&ring, &entries);
        right = right && count <= FTTE_LOG_FRAME_ENTRIES;
        for (uint32_t i = 0; i < count; i++) {
            right = right && is_number(entries + i, first + i);
            if (first + i < have) continue; // a repeat
            lost += first + i - have;
            have = first + i + 1;
            received++;
        }
        ftte_log_ring_sent(&ring, count);
    }
    report(right && lost > 0, "what comes out is what was written, at most a frame at a time");
    bool all = received + lost == have && written - have <= FTTE_LOG_RING_ENTRIES;
    report(all, "received and lost add up to what was written");
}

static void seals(void) {
    struct ftte_panic_record record = {.panic = {.architecture = 1, .pc = 0x12345678, .lr = 0x9abcdef1}};
    report(!ftte_panic_sealed(&record), "a record that was not sealed is none");
    ftte_panic_seal(&record);
    bool same = record.check == ftte_crc32(0, &record.panic, sizeof record.panic);
    report(same && ftte_panic_sealed(&record), "a record is sealed by the CRC-32 of its bytes");
    bool found = true;
    for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
        ((uint8_t *)&record)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        found = found && !ftte_panic_sealed(&record);
        ((uint8_t *)&record)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    report(found, "every flipped bit breaks the seal");
    ftte_panic_forget(&record);
    report(!ftte_panic_sealed(&record), "a forgotten record is none");
}

int main(void) {
    empty();
    wraps();
    agrees_with_a_list();
    seals();
    printf("done\n");
    return 0;
}
