// Clock, random numbers, id, resets, watchdog, idle, battery.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board.h"

jmp_buf board_reset_vector;
int board_reset_reason = FTTE_RESET_REASON_POWER_ON;

uint32_t ftte_port_clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000u + (uint32_t)now.tv_nsec / 1000000u;
}

int ftte_port_random(void *buf, size_t bytes) {
    FILE *source = fopen("/dev/urandom", "rb"); // a chip's RNG peripheral
    bool filled = source && fread(buf, 1, bytes, source) == bytes;
    if (!filled) abort();
    fclose(source);
    return FTTE_OK;
}

// A chip has a number of its own in its fuses. A process is a new chip each time, as its flash is new, so a number
// drawn at its start will do.
void ftte_port_chip_id(uint8_t id[16]) {
    static uint8_t own[16];
    if (own[0] == 0) {
        ftte_port_random(own, 8);
        own[0] |= 1;
    }
    memcpy(id, own, sizeof own);
}

const char *ftte_port_board_class(void) { return "minimal"; }

int ftte_port_reset_reason(void) { return board_reset_reason; }

// A fault ends the process, so there is never one to tell of.
struct ftte_panic_record *ftte_port_panic(void) {
    static struct ftte_panic_record none;
    return &none;
}

void ftte_port_reset(int kind) {
    (void)kind; // there is no bootloader to go to; the session has forgotten what a factory reset forgets
    board_reset_reason = FTTE_RESET_REASON_SOFTWARE;
    longjmp(board_reset_vector, 1);
}

void ftte_port_watchdog_feed(void) {}

void ftte_port_idle(uint32_t max_ms) { board_link_wait(max_ms); }

int ftte_port_battery(void) { return 255; }
