// The sensor: plays a recording (sensors/replay.h) that lies in a file. How many rows were given is kept beside the
// flash file (<flash>.sensor), as a real sensor does not repeat itself after a reset: it is written when more are asked
// for, so a power cut at worst repeats what was given last.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "sensors/replay.h"

static struct ftte_replay replay;
static struct ftte_sensor *sensor;
static int progress = -1;

static void note(uint32_t given) {
    if (pwrite(progress, &given, sizeof given, 0) != sizeof given) board_die("cannot note the sensor's progress");
}

static uint32_t open_progress(void) {
    char path[PATH_MAX];
    uint32_t given;
    int length = snprintf(path, sizeof path, "%s.sensor", board_options.flash);
    if (length < 0 || length >= (int)sizeof path) board_die("the path %s is too long", board_options.flash);
    progress = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (progress < 0) board_die("cannot open %s", path);
    return pread(progress, &given, sizeof given, 0) == sizeof given ? given : 0;
}

void board_sensor_open(void) {
    struct stat info;
    if (!board_options.samples) return;
    int file = open(board_options.samples, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) board_die("cannot open %s", board_options.samples);
    size_t bytes = (size_t)info.st_size;
    void *recording = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    close(file);
    if (recording != MAP_FAILED) sensor = ftte_replay_open(&replay, recording, bytes, open_progress(), note);
    if (!sensor) board_die("%s is not a recording", board_options.samples);
}

struct ftte_sensor *ftte_port_sensor(void) {
    return sensor;
}
