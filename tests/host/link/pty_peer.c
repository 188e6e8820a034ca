// The far end of a pty, for tests of the host's serial pipe: prints the slave's path, then does one thing until
// standard input ends, and vanishes with the line. "echo" returns every byte, blocking like a board without flow
// control; "silent" reads and says nothing; "deaf" reads nothing; "babble" sends noise; "hello" sends bytes before
// anybody asks, then echoes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void *watch_stdin(void *unused) {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    (void)unused;
    _exit(0);
}

static void all(int fd, const uint8_t *bytes, ssize_t count) {
    for (ssize_t at = 0; at < count;) {
        ssize_t taken = write(fd, bytes + at, (size_t)(count - at));
        if (taken > 0)
            at += taken;
        else
            usleep(2000);
    }
}

static void babble(int fd) {
    uint32_t seed = 1;
    for (uint8_t noise[64];; usleep(2000)) {
        for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        all(fd, noise, sizeof noise);
    }
}

int main(int argc, char **argv) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (argc != 2 || fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) return 1;
    struct termios raw;
    // Held open so that the master can be read before and between the host's visits.
    int slave = open(ptsname(fd), O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) return 1;
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    puts(ptsname(fd));
    fflush(stdout);
    pthread_t watcher;
    pthread_create(&watcher, NULL, watch_stdin, NULL);
    if (strcmp(argv[1], "babble") == 0) babble(fd);
    if (strcmp(argv[1], "deaf") == 0)
        for (;;) pause();
    // Late at first, so that the host's first long write finds the line full while its read finds it empty.
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    usleep(50000);
    static uint8_t bytes[1024];
    if (strcmp(argv[1], "push") == 0)
        for (int i = 0; i < 200; i++) all(fd, bytes, sizeof bytes);
    for (;;) {
        ssize_t count = read(fd, bytes, sizeof bytes);
        if (count > 0 && strcmp(argv[1], "silent") != 0) all(fd, bytes, count);
        if (count <= 0) usleep(2000);
    }
}
