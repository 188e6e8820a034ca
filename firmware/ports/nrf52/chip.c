// Clock, random numbers, resets, watchdog, idle. TIMER 0 is the clock: the UART's receiver keeps the 16 MHz clock
// running whatever happens, so the RTC would save nothing. It runs from the crystal, as the line's rate must be exact.
#include "board.h"

#include <stddef.h>

enum {
    US_PER_MS = 1000,
    IDLE_MAX_MS = 60000, // the timer wraps after 71 minutes and must be read before
    WATCHDOG_S = 60,     // a guest's call may take 30 s before its deadline ends it (session/machine.c)
    RELOAD_REQUESTS = 8
};

static void open_watchdog(void) {
    if (WDT_RUNSTATUS) return; // a bootloader's; it can neither be stopped nor changed
    WDT_CONFIG = WDT_CONFIG_SLEEP_RUN;
    WDT_CRV = WATCHDOG_S * 32768u - 1;
    WDT_RREN = 1;
    WDT_TASKS_START = 1;
}

void board_chip_open(void) {
    CLOCK_EVENTS_HFCLKSTARTED = 0;
    CLOCK_TASKS_HFCLKSTART = 1;
    while (!CLOCK_EVENTS_HFCLKSTARTED) {
    }
    TIMER_MODE = TIMER_MODE_TIMER;
    TIMER_BITMODE = TIMER_BITMODE_32;
    TIMER_PRESCALER = TIMER_PRESCALER_1MHZ;
    TIMER_TASKS_START = 1;
    NVIC_ENABLE = 1u << IRQ_TIMER0;
    open_watchdog();
}

static uint32_t now_us(void) {
    TIMER_TASKS_CAPTURE(0) = 1;
    return TIMER_CC(0);
}

uint32_t ftte_port_clock_ms(void) {
    static uint32_t ms, counted; // microseconds up to the last whole millisecond
    uint32_t passed = (now_us() - counted) / US_PER_MS;
    ms += passed;
    counted += passed * US_PER_MS;
    return ms;
}

int ftte_port_random(void *buf, size_t bytes) {
    uint8_t *to = buf;
    RNG_CONFIG = RNG_CONFIG_DERCEN;
    RNG_TASKS_START = 1;
    for (size_t i = 0; i < bytes; i++) {
        RNG_EVENTS_VALRDY = 0;
        while (!RNG_EVENTS_VALRDY) {
        }
        to[i] = (uint8_t)RNG_VALUE;
    }
    RNG_TASKS_STOP = 1;
    return FTTE_OK;
}

const char *ftte_port_board_class(void) { return FTTE_BOARD_CLASS; }

int ftte_port_reset_reason(void) { return board_reset_reason(); }

void ftte_port_reset(int kind) {
    // Adafruit_nRF52_Bootloader, src/main.c: DFU_MAGIC_UF2_RESET, the drive opens. Without a bootloader nobody reads
    // it. What a factory reset forgets, the session has forgotten.
    if (kind == FTTE_RESET_KIND_BOOTLOADER && FTTE_APPLICATION_AT > 0) POWER_GPREGRET = 0x57;
    board_reset(FTTE_RESET_REASON_SOFTWARE);
}

void ftte_port_watchdog_feed(void) {
    // All that are enabled, as a bootloader may have enabled others.
    for (uint32_t i = 0; i < RELOAD_REQUESTS; i++) WDT_RR(i) = WDT_RELOAD;
}

static void disarm(void) {
    TIMER_INTENCLR = TIMER_INT_COMPARE1;
    TIMER_EVENTS_COMPARE(1) = 0;
}

void board_alarm_interrupt(void) { disarm(); }

// Until an interrupt is pending, even while they are masked. WFI and WFE bring the chip to the same low-power state
// ("POWER", System ON mode), and WFI needs no look at the event register.
static void sleep(void) {
#ifdef __ARM_FP
    // Anomaly 87 (nRF52832, nRF52833, nRF52840): a float exception's pending interrupt would end every sleep at once.
    uint32_t status;
    __asm volatile("vmrs %0, fpscr" : "=r"(status));
    __asm volatile("vmsr fpscr, %0" ::"r"(status & ~0x9fu));
    NVIC_UNPEND(1) = 1u << (IRQ_FPU - 32);
#endif
    __asm volatile("dsb\n wfi" ::: "memory");
}

void ftte_port_idle(uint32_t max_ms) {
    if (max_ms == 0) return;
    uint32_t us = (max_ms < IDLE_MAX_MS ? max_ms : IDLE_MAX_MS) * US_PER_MS, start = now_us();
    disarm();
    TIMER_CC(1) = start + us;
    TIMER_INTENSET = TIMER_INT_COMPARE1;
    // With interrupts masked, what arrives after the look still ends the wait; so does an alarm that was set too late
    // to fire, as the time is looked at after it was set.
    __asm volatile("cpsid i" ::: "memory");
    if (!board_link_waits() && now_us() - start < us) sleep();
    __asm volatile("cpsie i\n isb" ::: "memory");
    disarm();
}

int ftte_port_battery(void) { return 255; }
