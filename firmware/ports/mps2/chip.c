// Clock, random numbers, id, resets, watchdog, idle. Timer 0 runs free, timer 1 ends a sleep: nothing ticks while the
// board idles.
#include "board.h"

#include <string.h>

#include "board_config.h"
#include "digest/sha256.h"

enum {
    TICKS_PER_MS = CLOCK_HZ / 1000,
    IDLE_MAX_MS = 60000, // the free timer wraps after 171 s and must be read before
    WATCHDOG_S = 60      // a guest's call may take 30 s before its deadline ends it (session/machine.c)
};

static const struct board_chip *const chip = (const void *)BOARD_CHIP;

void board_chip_open(void) {
    TIMER0->value = TIMER0->reload = UINT32_MAX;
    TIMER0->control = TIMER_ENABLE;
    NVIC_ENABLE = 1u << IRQ_TIMER1;
    WATCHDOG->load = WATCHDOG_S * CLOCK_HZ;
    WATCHDOG->control = WATCHDOG_INTERRUPT | WATCHDOG_RESET;
}

uint32_t ftte_port_clock_ms(void) {
    static uint32_t ms, counted; // ticks up to the last whole millisecond
    uint32_t passed = (UINT32_MAX - TIMER0->value - counted) / TICKS_PER_MS;
    ms += passed;
    counted += passed * TICKS_PER_MS;
    return ms;
}

// SHA-256 over the seed, the clock and a count. As good as the seed that the host drew.
static void draw(uint8_t block[32]) {
    static uint32_t count;
    uint32_t salt[2] = {++count, TIMER0->value};
    struct ftte_sha256 hash;
    ftte_sha256_start(&hash);
    ftte_sha256_add(&hash, chip->seed, sizeof chip->seed);
    ftte_sha256_add(&hash, salt, sizeof salt);
    ftte_sha256_finish(&hash, block);
}

int ftte_port_random(void *buf, size_t bytes) {
    uint8_t block[32], *to = buf;
    for (size_t done = 0; done < bytes; done += sizeof block) {
        size_t take = bytes - done < sizeof block ? bytes - done : sizeof block;
        draw(block);
        memcpy(to + done, block, take);
    }
    return FTTE_OK;
}

void ftte_port_chip_id(uint8_t id[16]) { memcpy(id, chip->id, sizeof chip->id); }

const char *ftte_port_board_class(void) { return FTTE_BOARD_CLASS; }

int ftte_port_reset_reason(void) { return board_reset_reason(); }

void ftte_port_reset(int kind) {
    (void)kind; // no bootloader; the session has forgotten what a factory reset forgets
    board_reset(FTTE_RESET_REASON_SOFTWARE);
}

void ftte_port_watchdog_feed(void) { WATCHDOG->clear = 1; }

void board_alarm_interrupt(void) {
    TIMER1->control = 0;
    TIMER1->interrupts = 1;
}

void ftte_port_idle(uint32_t max_ms) {
    if (max_ms == 0) return;
    uint32_t ms = max_ms < IDLE_MAX_MS ? max_ms : IDLE_MAX_MS;
    TIMER1->value = ms * TICKS_PER_MS;
    TIMER1->control = TIMER_ENABLE | TIMER_INTERRUPT;
    // With interrupts masked, what arrives after the look still ends the wait.
    __asm volatile("cpsid i" ::: "memory");
    if (!board_link_waits()) __asm volatile("wfi");
    __asm volatile("cpsie i\n isb" ::: "memory");
    board_alarm_interrupt();
}

int ftte_port_battery(void) { return 255; }
