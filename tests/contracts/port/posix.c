// The port contract on the virtual board: the peer is the pseudo-terminal's other end, opened by its path as a host
// would.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "board.h"
#include "contract.h"

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

int main(int argc, char **argv) {
    const struct port_peer peer = {send_bytes, receive_bytes};
    board_options_read(argc, argv);
    board_memory_open();
    board_sensor_open();
    line = open(board_link_open(), O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (line < 0) board_die("cannot open the terminal");
    port_contract(&peer);
    printf("done\n");
    return 0;
}
