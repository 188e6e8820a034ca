// The virtual board's main: memory, link, then the session for ever. Prints one line of JSON when it is ready.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "session/session.h"

// Also called on the session's stack, which has no room for the buffer that stdio takes to print on stderr.
void board_die(const char *format, ...) {
    static char text[512];
    int error = errno;
    size_t used = (size_t)snprintf(text, sizeof text, "ftte-posix: ");
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    used = strlen(text);
    snprintf(text + used, sizeof text - used, error ? ": %s\n" : "\n", strerror(error));
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(2);
    _exit(1);
}

static void end(int signal) {
    (void)signal;
    board_link_unlink();
    _exit(0);
}

// On a stack of its own: the session's is measured, and has no room for a signal frame.
static void handle_end(void) {
    static uint8_t stack[65536];
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = end, .sa_flags = SA_ONSTACK};
    sigaltstack(&own, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGHUP, SIG_IGN);
}

static void follow_parent(void) {
    pid_t parent = getppid();
    if (board_options.stay) return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) exit(0);
}

static uint64_t processor_ns(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

// A slower chip: what took t takes t / speed.
static void slow_down(uint64_t used_ns) {
    uint64_t more = (uint64_t)((double)used_ns * (1 / board_options.speed - 1));
    struct timespec pause = {(time_t)(more / 1000000000u), (long)(more % 1000000000u)};
    nanosleep(&pause, NULL);
}

static void run(void) {
    const uint32_t *stack = (const uint32_t *)(void *)board_memory.stack;
    struct ftte_session *session =
        ftte_session_open(board_memory.pool, board_memory.pool_bytes, stack, board_options.stack_bytes);
    if (!session) {
        static const char text[] =
            "ftte-posix: the session cannot start: too little RAM, or a flash geometry that it refuses\n";
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(2);
        _exit(1);
    }
    for (;;) {
        uint64_t start = processor_ns();
        uint32_t sleep_ms = ftte_session_poll(session);
        if (board_options.speed < 1) slow_down(processor_ns() - start);
        ftte_port_idle(sleep_ms);
    }
}

static void tell(const char *terminal) {
    char id[33];
    for (int i = 0; i < 16; i++) snprintf(id + 2 * i, 3, "%02x", board_options.chip_id[i]);
    printf("{\"chipId\":\"%s\",\"link\":\"%s\"}\n", id, terminal);
    fflush(stdout);
}

int main(int argc, char **argv) {
    board_options_read(argc, argv);
    follow_parent();
    handle_end();
    errno = 0;
    board_fault_open();
    board_memory_open();
    board_boot();
    board_sensor_open();
    tell(board_link_open());
    board_watchdog_start();
    board_memory_run(run);
}
