// The link: a pseudo-terminal that carries bytes no faster than the baud rate, 10 bits a byte, each way. The slave's
// end stays open here, so the host may come and go. The transmit side gives bytes to the terminal when they would have
// left the chip; the receive side takes them when they would have arrived, counted from when the line was last seen
// empty.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

enum { PATIENT_BYTES = 32 }; // while a byte is on its way, sleep for about so many

struct lane {
    uint64_t carried_ns; // the line's time up to which bytes were carried
    bool waiting;        // bytes were left behind at the last look
};

static int master = -1, slave = -1;
static struct lane in, out;

static uint64_t nanoseconds(uint64_t bytes) {
    return board_options.baud ? bytes * 10000000000u / board_options.baud : 0;
}

// How many of `count` waiting bytes the line carried by now; books them.
static size_t carry(struct lane *lane, size_t count) {
    uint64_t now = board_clock_ns();
    if (board_options.baud == 0) return count;
    if (!lane->waiting && count > 0) lane->waiting = true;
    uint64_t ready = (now - lane->carried_ns) * board_options.baud / 10000000000u;
    if (ready >= count) lane->waiting = false;
    size_t taken = ready < count ? (size_t)ready : count;
    lane->carried_ns = lane->waiting ? lane->carried_ns + nanoseconds(taken) : now;
    return taken;
}

// The line is idle: bytes that come from now on begin now.
static void rest(struct lane *lane) {
    lane->waiting = false;
    lane->carried_ns = board_clock_ns();
}

static void open_pair(void) {
    struct termios raw;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) board_die("cannot open a pseudo-terminal");
    if (tcgetattr(slave, &raw) != 0) board_die("cannot set the terminal up");
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
}

const char *board_link_open(void) {
    master = board_options.inherited[0];
    slave = board_options.inherited[1];
    if (master < 0) open_pair();
    fcntl(master, F_SETFL, O_NONBLOCK);
    const char *path = ttyname(slave);
    if (!path) board_die("the terminal has no name");
    // After a reset it is there already, and must not blink: a host may be opening it.
    if (board_options.link && board_options.inherited[0] < 0) {
        unlink(board_options.link);
        if (symlink(path, board_options.link) != 0) board_die("cannot make the link %s", board_options.link);
    }
    rest(&in);
    rest(&out);
    return path;
}

void board_link_ends(int ends[2]) {
    ends[0] = master;
    ends[1] = slave;
}

void board_link_unlink(void) {
    if (board_options.link) unlink(board_options.link);
}

static size_t arrived(void) {
    int count = 0;
    return ioctl(master, FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

int ftte_port_link_read(void *buf, size_t cap) {
    size_t count = arrived();
    if (count == 0) rest(&in);
    if (count == 0) return 0;
    size_t ready = carry(&in, count < cap ? count : cap);
    if (ready == 0) return 0;
    ssize_t taken = read(master, buf, ready);
    // EIO: nobody has the other end open, which cannot be as we have it; EAGAIN: taken back by a flush of the host.
    if (taken < 0) return errno == EAGAIN || errno == EINTR || errno == EIO ? 0 : FTTE_ERR_LINK_GONE;
    return (int)taken;
}

int ftte_port_link_write(const void *buf, size_t bytes) {
    if (!out.waiting) out.carried_ns = board_clock_ns() - nanoseconds(1); // the first byte is on the line
    size_t ready = carry(&out, bytes);
    if (ready == 0) return 0;
    ssize_t taken = write(master, buf, ready);
    if (taken >= 0) return (int)taken;
    return errno == EAGAIN || errno == EINTR || errno == EIO ? 0 : FTTE_ERR_LINK_GONE;
}

static void sleep_ns(uint64_t ns) {
    struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    nanosleep(&time, NULL);
}

void board_link_wait(uint32_t max_ms) {
    uint64_t limit = (uint64_t)max_ms * 1000000u, some = nanoseconds(PATIENT_BYTES);
    struct pollfd input = {.fd = master, .events = POLLIN};
    if (max_ms == 0) return;
    // Bytes that wait for their time would make poll return at once.
    if (arrived() > 0 || out.waiting)
        sleep_ns(some < limit ? some : limit);
    else
        poll(&input, 1, max_ms > 1000000 ? 1000000 : (int)max_ms);
}
