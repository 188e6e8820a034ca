// Clock, random numbers, id, resets, watchdog, idle, battery of the virtual board. A reset starts the program again on
// the same flash and the same terminal, as a chip behind a USB-UART bridge would.
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

enum { DRAIN_MS = 300000 }; // the battery loses one per cent in so long

uint64_t board_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t ftte_port_clock_ms(void) {
    static uint64_t start;
    uint64_t now = board_clock_ns();
    if (start == 0) start = now;
    return (uint32_t)((now - start) / 1000000u);
}

// splitmix64 (Steele, Lea and Flood, 2014).
static uint64_t next_seeded(void) {
    uint64_t z = board_options.seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int ftte_port_random(void *buf, size_t bytes) {
    uint8_t *to = buf;
    for (size_t done = 0; done < bytes;) {
        uint64_t word;
        if (board_options.seeded)
            word = next_seeded();
        else if (getrandom(&word, sizeof word, 0) != sizeof word)
            continue;
        size_t take = bytes - done < sizeof word ? bytes - done : sizeof word;
        memcpy(to + done, &word, take);
        done += take;
    }
    return FTTE_OK;
}

void ftte_port_chip_id(uint8_t id[16]) { memcpy(id, board_options.chip_id, 16); }

const char *ftte_port_board_class(void) { return board_options.board_class; }

int ftte_port_reset_reason(void) { return board_options.reset_reason; }

// The power cut that is still to come, with the bytes that are left until then.
static const char *cut_to_come(int reason) {
    static char cut[64];
    bool cut_already = reason == FTTE_RESET_REASON_BROWNOUT && board_options.power_returns;
    if (board_options.cut_after == UINT64_MAX || cut_already) return NULL;
    const char *name = board_options.power_returns ? "brownout" : "cut";
    snprintf(cut, sizeof cut, "--%s-after-flash-bytes=%" PRIu64, name, board_options.cut_after);
    return cut;
}

char **board_arguments(int reason, const char *const *further) {
    static const char *const once[] = {"--reset-reason=", "--inherit=", "--boot=", "--brownout-after-flash-bytes="};
    static char because[24], inherit[40];
    static const char *args[128];
    const char *own[] = {because, inherit, cut_to_come(reason)};
    size_t count = 0;
    int ends[2];
    board_link_ends(ends);
    snprintf(because, sizeof because, "--reset-reason=%d", reason);
    snprintf(inherit, sizeof inherit, "--inherit=%d,%d", ends[0], ends[1]);
    for (char **arg = board_options.argv; *arg && count < 110; arg++) {
        bool is_once = false;
        for (size_t i = 0; i < sizeof once / sizeof *once; i++) is_once |= !strncmp(*arg, once[i], strlen(once[i]));
        if (!is_once) args[count++] = *arg;
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i]) args[count++] = own[i];
    for (; further && *further; further++) args[count++] = *further;
    args[count] = NULL;
    return (char **)(uintptr_t)args;
}

void board_restart(int reason) {
    // A timer outlives exec, and would end the program before it has a handler again.
    setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
    execv(board_options.boot ? board_options.boot : "/proc/self/exe", board_arguments(reason, NULL));
}

void ftte_port_reset(int kind) {
    (void)kind; // no bootloader; the session has forgotten what a factory reset forgets
    board_restart(FTTE_RESET_REASON_SOFTWARE);
    board_die("cannot start again");
}

// ---- watchdog: counts the process's own processor time, so that a loaded machine, or a stopped process, never fires
// it

enum { TICKS = 8 }; // of the watchdog's time; it bites between TICKS and TICKS + 1 of them after the last feeding

static volatile sig_atomic_t hungry_ticks;

// The session hangs in the guest and owns no lock that formatting or exec could want.
static void tick(int number, siginfo_t *info, void *context) {
    static const char text[] = "ftte-posix: the watchdog saw no progress; the board restarts\n";
    sigset_t all;
    (void)number;
    if (++hungry_ticks <= TICKS) return;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    board_fault_note(FTTE_RESET_REASON_WATCHDOG, info, context);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL); // the mask would outlive exec
    board_restart(FTTE_RESET_REASON_WATCHDOG);
    _exit(1);
}

void board_watchdog_start(void) {
    uint64_t tick_us = (uint64_t)(board_options.watchdog_s * 1e6 / TICKS);
    struct timeval every = {(time_t)(tick_us / 1000000u), (suseconds_t)(tick_us % 1000000u)};
    struct itimerval timer = {every, every};
    struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &timer, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL); // the boot stage's
}

void ftte_port_watchdog_feed(void) { hungry_ticks = 0; }

void ftte_port_idle(uint32_t max_ms) { board_link_wait(max_ms); }

int ftte_port_battery(void) {
    int spent = (int)(ftte_port_clock_ms() / DRAIN_MS);
    if (board_options.battery == 255) return 255;
    return board_options.battery > spent ? board_options.battery - spent : 0;
}
