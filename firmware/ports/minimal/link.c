// The link: standard input to the board, standard output to the host. The operating system buffers both ways; on a chip
// an interrupt fills a receive ring of at least FTTE_WINDOW_BYTES, and the transmitter takes what its buffer holds.
#define _POSIX_C_SOURCE 200809L
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "board.h"

enum { WRITE_MOST = 512 }; // at once: what a pipe that can be written takes without blocking (POSIX: PIPE_BUF)

static bool ended;

// True when `file` can be read or written now, or within `ms`, without blocking.
static bool ready(int file, short events, int ms) {
    struct pollfd line = {.fd = file, .events = events};
    return poll(&line, 1, ms) > 0;
}

int ftte_port_link_read(void *buf, size_t cap) {
    if (cap == 0 || !ready(STDIN_FILENO, POLLIN, 0)) return 0;
    ssize_t count = read(STDIN_FILENO, buf, cap);
    if (count > 0) return (int)count;
    ended = true;
    return FTTE_ERR_LINK_GONE;
}

int ftte_port_link_write(const void *buf, size_t bytes) {
    if (!ready(STDOUT_FILENO, POLLOUT, 0)) return 0;
    ssize_t count = write(STDOUT_FILENO, buf, bytes < WRITE_MOST ? bytes : WRITE_MOST);
    return count >= 0 ? (int)count : FTTE_ERR_LINK_GONE;
}

void board_link_wait(uint32_t max_ms) { ready(STDIN_FILENO, POLLIN, max_ms < INT_MAX ? (int)max_ms : INT_MAX); }

bool board_link_ended(void) { return ended; }
