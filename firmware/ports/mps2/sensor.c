// The sensor: samples that the host puts into memory, each once, in the format of ports/posix/sensor.c. How many were
// delivered outlives resets, as a real sensor does not repeat itself; it is noted when the next one is asked for, so a
// power cut at worst repeats one.
#include <string.h>

#include "board.h"

#define MAGIC 0x314d5346u

struct samples {
    uint32_t magic, record_bytes, records, zero;
    uint8_t record[];
};

static const struct samples *const samples = (const void *)BOARD_SAMPLES;
static struct board_notes *const notes = (void *)BOARD_NOTES;
static bool handed_out; // a sample that is not yet noted

int ftte_port_sample_read(void *buf, size_t cap) {
    if (samples->magic != MAGIC) return 0;
    if (handed_out) notes->delivered++;
    handed_out = false;
    if (notes->delivered >= samples->records) return 0;
    if (cap < samples->record_bytes) return FTTE_ERR_SAMPLE_SIZE;
    memcpy(buf, samples->record + samples->record_bytes * notes->delivered, samples->record_bytes);
    handed_out = true;
    return (int)samples->record_bytes;
}
