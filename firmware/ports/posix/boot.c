// The virtual board's boot stage: the program that was named on the command line runs it, whatever came over the air
// since. An image from flash runs as a process on the same flash and terminal, under the eye of this one: when it dies,
// by a fault or because it never fed the watchdog, the board starts again, as a chip does. Its resets come back here as
// well.
#define _GNU_SOURCE
#include "boot/boot.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

enum { DEAD_MS = 50 }; // from an image's death to the next start

// The image as a file that can be executed.
static const char *file_of(const struct ftte_blob *blob) {
    static char path[32];
    const uint8_t *image = blob->bytes + sizeof(struct ftte_firmware_header);
    size_t bytes = blob->length - sizeof(struct ftte_firmware_header);
    int file = memfd_create("ftte-image", MFD_CLOEXEC);
    if (file < 0 || write(file, image, bytes) != (ssize_t)bytes) board_die("cannot lay out the firmware's image");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

// A chip's watchdog runs when its boot stage hands over; firmware that works takes it from there
// (board_watchdog_start).
static void start_watchdog(void) {
    struct itimerval timer = {.it_value = {(time_t)board_options.watchdog_s, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void run_image(const char *path) __attribute__((noreturn));
static void run_image(const char *path) {
    static char boot[PATH_MAX + 8] = "--boot=";
    ssize_t length = readlink("/proc/self/exe", boot + 7, PATH_MAX - 1);
    if (length < 0) board_die("cannot tell where the boot stage is");
    start_watchdog();
    execv(path, board_arguments(board_options.reset_reason, (const char *[]){boot, "--supervised", NULL}));
    _exit(127); // no program at all: as dead as one that fails
}

static void supervise(pid_t image) __attribute__((noreturn));
static void supervise(pid_t image) {
    int status;
    while (waitpid(image, &status, 0) < 0)
        if (errno != EINTR) board_die("cannot wait for the firmware's image");
    if (WIFEXITED(status) && WEXITSTATUS(status) == BOARD_POWER_CUT_STATUS) _exit(BOARD_POWER_CUT_STATUS);
    nanosleep(&(struct timespec){0, DEAD_MS * 1000000}, NULL);
    bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    board_restart(hung ? FTTE_RESET_REASON_WATCHDOG : FTTE_RESET_REASON_FAULT);
    board_die("cannot start again");
}

void board_boot(void) {
    static struct ftte_store store;
    if (board_options.boot || board_options.geometry.partition_bytes[FTTE_BLOB_KIND_FIRMWARE] == 0) return;
    if (ftte_store_open(&store) < 0) return; // the session says why
    struct ftte_blob blob = ftte_boot_choose(&store, board_options.reset_reason);
    if (!blob.bytes) return;
    const char *path = file_of(&blob);
    board_link_open();
    board_flash_close();
    if (board_options.supervised) run_image(path);
    pid_t parent = getpid(), image = fork();
    if (image < 0) board_die("cannot start the firmware's image");
    if (image > 0) supervise(image);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    run_image(path);
}
