// The sensor: samples from a file, each once. Format, little endian:
//
//     0   u32 0x314d5346 ("FSM1")   4   u32 bytes of a record   8   u32 records   12   u32 0
//     16  the records: label u16, two bytes zero, the elements, zeros up to a multiple of 4
//
// How many were delivered is kept beside the flash file (<flash>.sensor), as a real sensor does not repeat itself after
// a reset: it is written when the next one is asked for, so a power cut at worst repeats one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"

enum { HEADER_BYTES = 16 };
#define MAGIC 0x314d5346u

static int samples = -1, progress = -1;
static uint32_t record_bytes, records, delivered;
static bool handed_out; // `delivered` counts a sample that is not yet noted

static void open_progress(void) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s.sensor", board_options.flash);
    if (length < 0 || length >= (int)sizeof path) board_die("the path %s is too long", board_options.flash);
    progress = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (progress < 0) board_die("cannot open %s", path);
    if (pread(progress, &delivered, sizeof delivered, 0) != sizeof delivered) delivered = 0;
}

void board_sensor_open(void) {
    uint32_t header[HEADER_BYTES / 4];
    struct stat info;
    if (!board_options.samples) return;
    samples = open(board_options.samples, O_RDONLY | O_CLOEXEC);
    if (samples < 0 || fstat(samples, &info) != 0) board_die("cannot open %s", board_options.samples);
    bool whole = pread(samples, header, sizeof header, 0) == sizeof header && header[0] == MAGIC;
    record_bytes = whole ? header[1] : 0;
    records = whole ? header[2] : 0;
    uint64_t bytes = HEADER_BYTES + (uint64_t)record_bytes * records;
    if (!whole || record_bytes < 8 || record_bytes % 4 != 0 || (uint64_t)info.st_size < bytes)
        board_die("%s is not a file of samples", board_options.samples);
    open_progress();
}

int ftte_port_sample_read(void *buf, size_t cap) {
    if (samples < 0) return 0;
    if (handed_out && pwrite(progress, &delivered, sizeof delivered, 0) != sizeof delivered)
        board_die("cannot note the sensor's progress");
    handed_out = false;
    if (delivered >= records) return 0;
    if (cap < record_bytes) return FTTE_ERR_SAMPLE_SIZE;
    off_t at = HEADER_BYTES + (off_t)record_bytes * delivered;
    if (pread(samples, buf, record_bytes, at) != (ssize_t)record_bytes) board_die("cannot read the samples");
    delivered++;
    handed_out = true;
    return (int)record_bytes;
}
