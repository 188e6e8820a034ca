// The port contract on the virtual board: the peer is the pseudo-terminal's other end, opened by its path as a host
// would.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "contract.h"
#include "report.h"

static int line;

void board_die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    exit(1);
}

static void send_bytes(const void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t taken = write(line, (const char *)bytes + done, count - done);
        if (taken < 0 && errno != EAGAIN) board_die("the terminal is gone");
        if (taken > 0) done += (size_t)taken;
    }
}

static size_t receive_bytes(void *bytes, size_t cap) {
    ssize_t taken = read(line, bytes, cap);
    return taken > 0 ? (size_t)taken : 0;
}

// Uses so many seconds of processor time.
static void work(double seconds, bool feeds) {
    for (clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC); clock() < end;)
        if (feeds) ftte_port_watchdog_feed();
}

// The last call of watchdog() starts this program again.
static void watchdog(void) {
    double limit = board_options.watchdog_s;
    board_watchdog_start();
    work(2 * limit, true);
    report(true, "work that makes progress is left alone by the watchdog");
    work(0.7 * limit, false);
    ftte_port_watchdog_feed();
    usleep((useconds_t)(limit * 2e6));
    work(0.7 * limit, false);
    report(true, "sleep does not count");
    work(10 * limit, false);
    report(false, "work without progress ends in a reset by the watchdog");
}

int main(int argc, char **argv) {
    const struct port_peer peer = {send_bytes, receive_bytes};
    board_options_read(argc, argv);
    if (ftte_port_reset_reason() == FTTE_RESET_REASON_WATCHDOG) {
        report(true, "work without progress ends in a reset by the watchdog, which the port then names");
        printf("done\n");
        return 0;
    }
    board_memory_open();
    board_sensor_open();
    line = open(board_link_open(), O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (line < 0) board_die("cannot open the terminal");
    port_contract(&peer);
    if (board_options.watchdog_s < 1) watchdog();
    printf("done\n");
    return 0;
}
