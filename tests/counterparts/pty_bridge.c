// A pty whose master is spoken for by a program at the other end of standard input and output: what comes from standard
// input goes to whoever has the line open, and the line's side is told as records of type, 16-bit little-endian length
// and body: 'P' the slave's path, 'D' bytes, 'R' the baud rate as 32 bits, before the first bytes at it, 'C' that
// nobody has the line open any more. When standard input ends, the line vanishes. Modem lines do not exist on a pty, so
// DTR and RTS are not seen.
#define _GNU_SOURCE
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { poll_ms = 5, piece = 4096 };

static void record(uint8_t type, const void *body, size_t length) {
    uint8_t bytes[3 + piece] = {type, (uint8_t)length, (uint8_t)(length >> 8)};
    memcpy(bytes + 3, body, length);
    for (size_t at = 0; at < length + 3;) {
        ssize_t taken = write(STDOUT_FILENO, bytes + at, length + 3 - at);
        if (taken <= 0) exit(1);
        at += (size_t)taken;
    }
}

// Says the rate when it is not the one said last. Returns whether it is new.
static bool tell_rate(int master) {
    static uint32_t said;
    struct termios2 line;
    if (ioctl(master, TCGETS2, &line) != 0 || line.c_ospeed == said) return false;
    said = line.c_ospeed;
    record('R', &said, sizeof said);
    return true;
}

static void make_raw(const char *path) {
    int slave = open(path, O_RDWR | O_NOCTTY);
    struct termios2 line;
    if (slave < 0 || ioctl(slave, TCGETS2, &line) != 0) exit(1);
    line.c_iflag = line.c_oflag = line.c_lflag = 0;
    ioctl(slave, TCSETS2, &line);
    close(slave);
}

static struct {
    uint8_t bytes[piece];
    size_t length, at;
} pending; // from standard input, not yet taken by the line

static void from_stdin(void) {
    ssize_t count = read(STDIN_FILENO, pending.bytes, sizeof pending.bytes);
    if (count <= 0) exit(0);
    pending.length = (size_t)count;
    pending.at = 0;
}

// As much as the line takes; what nobody listens to is lost, as on a real port.
static void to_line(int master, bool open) {
    if (!open) pending.at = pending.length;
    while (pending.at < pending.length) {
        ssize_t taken = write(master, pending.bytes + pending.at, pending.length - pending.at);
        if (taken <= 0) return;
        pending.at += (size_t)taken;
    }
}

// Returns whether the line is open.
static bool from_line(int master, bool was_open, short events) {
    uint8_t bytes[piece];
    ssize_t count = events & POLLIN ? read(master, bytes, sizeof bytes) : 0;
    bool is_open = !(events & POLLHUP);
    bool new_rate = tell_rate(master);
    if (count > 0) record('D', bytes, (size_t)count);
    if (!is_open && count <= 0 && (was_open || new_rate)) record('C', "", 0);
    return is_open || count > 0;
}

int main(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return 1;
    const char *path = ptsname(master);
    make_raw(path);
    tell_rate(master);
    record('P', path, strlen(path));
    for (bool open = false;;) {
        bool full = pending.at < pending.length; // then wait for the line, and let standard input wait
        struct pollfd fds[] = {{.fd = master, .events = full ? POLLIN | POLLOUT : POLLIN},
                               {.fd = STDIN_FILENO, .events = full ? 0 : POLLIN}};
        if (poll(fds, 2, poll_ms) < 0 && errno != EINTR) return 1;
        open = from_line(master, open, fds[0].revents);
        if (fds[1].revents && !full) from_stdin();
        if (fds[1].revents & POLLHUP && full) return 0;
        to_line(master, open);
        if (!open) poll(NULL, 0, poll_ms);
    }
}
