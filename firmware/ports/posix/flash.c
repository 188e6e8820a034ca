// NOR flash in a file: bits go from 1 to 0, pages are erased whole, programs are aligned, and what goes past that is an
// error as on a chip. The file is written by pwrite and read through the mapping. Kernel buffers survive the death of
// the process, as flash survives a reset; fsync would only guard against the death of the whole machine.
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"

enum { CHUNK = 256 };

static int file = -1, log_file = -1;
static struct ftte_flash_geometry geometry;

static void write_at(uint32_t offset, const void *bytes, uint32_t count) {
    if (pwrite(file, bytes, count, (off_t)offset) != (ssize_t)count) board_die("cannot write %s", board_options.flash);
}

static void fill(uint32_t offset, uint32_t count) {
    uint8_t blank[CHUNK];
    memset(blank, 0xff, sizeof blank);
    for (uint32_t done = 0; done < count; done += CHUNK)
        write_at(offset + done, blank, count - done < CHUNK ? count - done : CHUNK);
}

int board_flash_open(void) {
    const char *path = board_options.flash;
    struct stat info;
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || fstat(file, &info) != 0) board_die("cannot open %s", path);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) board_die("%s belongs to a board that is running", path);
    geometry = board_options.geometry;
    if ((uint64_t)info.st_size < geometry.bytes) fill((uint32_t)info.st_size, geometry.bytes - (uint32_t)info.st_size);
    return file;
}

// The mapping would hold the lock on.
void board_flash_close(void) {
    flock(file, LOCK_UN);
    close(file);
}

const struct ftte_flash_geometry *ftte_port_flash_geometry(void) {
    geometry.map = board_memory.flash;
    return &geometry;
}

// How many of `count` bytes are still done before the power fails.
static uint32_t until_cut(uint32_t count) {
    uint64_t left = board_options.cut_after;
    if (left == UINT64_MAX) return count;
    uint32_t done = left < count ? (uint32_t)left : count;
    board_options.cut_after = left - done;
    return done;
}

static void power_fails(void) {
    if (board_options.power_returns) board_restart(FTTE_RESET_REASON_BROWNOUT);
    _exit(BOARD_POWER_CUT_STATUS);
}

// One line for each erase and program, as it begins.
static void note(const char *what, uint32_t offset, uint32_t bytes) {
    char line[64];
    if (!board_options.flash_log) return;
    if (log_file < 0) log_file = open(board_options.flash_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int length = snprintf(line, sizeof line, "%s %" PRIu32 " %" PRIu32 "\n", what, offset, bytes);
    if (log_file < 0 || write(log_file, line, (size_t)length) != length)
        board_die("cannot write %s", board_options.flash_log);
}

int ftte_port_flash_erase(uint32_t offset) {
    if (offset % geometry.page_bytes != 0 || offset >= geometry.bytes) return FTTE_ERR_FLASH_RANGE;
    note("erase", offset, geometry.page_bytes);
    uint32_t done = until_cut(geometry.page_bytes);
    fill(offset, done);
    if (done < geometry.page_bytes) power_fails();
    return FTTE_OK;
}

int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes) {
    const uint8_t *from = buf, *held = board_memory.flash + offset;
    if (offset > geometry.bytes || bytes > geometry.bytes - offset) return FTTE_ERR_FLASH_RANGE;
    if (offset % geometry.program_bytes != 0 || bytes % geometry.program_bytes != 0) return FTTE_ERR_FLASH_RANGE;
    for (uint32_t i = 0; i < bytes; i++)
        if (from[i] & ~held[i]) return FTTE_ERR_FLASH_BITS;
    note("program", offset, bytes);
    uint32_t done = until_cut(bytes);
    write_at(offset, buf, done);
    if (done < bytes) power_fails();
    return FTTE_OK;
}
