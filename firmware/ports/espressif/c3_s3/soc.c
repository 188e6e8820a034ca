// Clock, watchdogs, resets, id and random numbers of the ESP32-C3 and the ESP32-S3, by registers.
//
// Registers: ESP-IDF v5.5, components/soc/<chip>/register/soc/*.h, named beside each block, and the chips' Technical
// Reference Manuals. The processor stays at the clock that the ROM leaves (the crystal's 40 MHz or a part of it). The
// S3's second core stays in its reset.
#include "c3_s3/peripherals.h"
#include "chip.h"

// rtc_cntl_reg.h
#define RTC_OPTIONS0 REGISTER(0x60008000u)
#define RTC_RESET_STATE REGISTER(0x60008038u)
#define RTC_STORE0 REGISTER(0x60008050u)    // outlives resets, not a power cut
#define RTC_RESET_SYSTEM (1u << 31)         // in OPTIONS0
#define RTC_RESET_CAUSE 0x3fu               // in RESET_STATE
#define RTC_FORCE_DOWNLOAD 1u               // in OPTION1
#define RTC_WDT_ENABLE (1u << 31)           // in WDTCONFIG0, like the next two
#define RTC_WDT_RESETS_SYSTEM (3u << 28)    // what stage 0 does
#define RTC_WDT_PULSE (7u << 16 | 7u << 13) // the longest
#define RTC_WDT_FEED (1u << 31)
#define RTC_SWD_AUTO_FEED (1u << 31)
#define WDT_KEY 0x50d83aa1u
#define SWD_KEY 0x8f1d312au

// timer_group_reg.h: both groups' watchdogs, which the ROM starts
#define TIMG_WDTCONFIG0(group) REGISTER(0x6001f048u + (group)*0x1000u)
#define TIMG_WDTWPROTECT(group) REGISTER(0x6001f064u + (group)*0x1000u)

// systimer_reg.h: 52 bits at 16 MHz, from the crystal
#define SYSTIMER_CONF REGISTER(0x60023000u)
#define SYSTIMER_UNIT0_OP REGISTER(0x60023004u)
#define SYSTIMER_TARGET0_CONF REGISTER(0x60023034u) // period in bits 0 to 25
#define SYSTIMER_UNIT0_VALUE_HI REGISTER(0x60023040u)
#define SYSTIMER_UNIT0_VALUE_LO REGISTER(0x60023044u)
#define SYSTIMER_COMP0_LOAD REGISTER(0x60023050u)
#define SYSTIMER_INT_ENA REGISTER(0x60023064u)
#define SYSTIMER_CLOCK (1u << 31 | 1u << 30) // CLK_EN, TIMER_UNIT0_WORK_EN
#define SYSTIMER_TARGET0_WORKS (1u << 24)
#define SYSTIMER_PERIODIC (1u << 30)
#define SYSTIMER_UPDATE (1u << 30)
#define SYSTIMER_VALID (1u << 29)
enum { TICKS_PER_US = 16 };

#define NOTE 0x46540000u // in STORE0, before the reason

enum {
    WATCHDOG_S = 60,       // a guest's call may take 30 s before its deadline ends it (session/machine.c)
    SLOW_CLOCK_HZ = 136000 // RC_SLOW_CLK, about (TRM, "Reset and Clock")
};

static void open_watchdogs(void) {
    for (uint32_t group = 0; group < 2; group++) {
        TIMG_WDTWPROTECT(group) = WDT_KEY;
        TIMG_WDTCONFIG0(group) = 0;
        TIMG_WDTWPROTECT(group) = 0;
    }
    RTC_SWD_WPROTECT = SWD_KEY;
    RTC_SWD_CONF |= RTC_SWD_AUTO_FEED;
    RTC_SWD_WPROTECT = 0;
    RTC_WDTWPROTECT = WDT_KEY;
    RTC_WDTCONFIG0 = 0;
    RTC_WDTCONFIG1 = WATCHDOG_S * SLOW_CLOCK_HZ / 2;
    RTC_WDTCONFIG0 = RTC_WDT_ENABLE | RTC_WDT_RESETS_SYSTEM | RTC_WDT_PULSE;
    RTC_WDTFEED = RTC_WDT_FEED;
    RTC_WDTWPROTECT = 0;
}

void esp_soc_feed(void) {
    RTC_WDTWPROTECT = WDT_KEY;
    RTC_WDTFEED = RTC_WDT_FEED;
    RTC_WDTWPROTECT = 0;
}

void esp_soc_open(void) {
    open_watchdogs();
    SYSTIMER_CONF |= SYSTIMER_CLOCK;
    SYSTIMER_INT_ENA = 1;
    esp_interrupts_open();
}

static uint64_t ticks(void) {
    SYSTIMER_UNIT0_OP = SYSTIMER_UPDATE;
    while (!(SYSTIMER_UNIT0_OP & SYSTIMER_VALID)) {
    }
    return (uint64_t)SYSTIMER_UNIT0_VALUE_HI << 32 | SYSTIMER_UNIT0_VALUE_LO;
}

uint64_t esp_soc_us(void) { return ticks() / TICKS_PER_US; }

// The alarm repeats: if it comes before the processor sleeps, the next one ends the sleep. (The manuals do not say
// whether an interrupt that is masked ends the C3's wfi.)
void esp_soc_sleep(uint32_t us) {
    SYSTIMER_CONF &= ~SYSTIMER_TARGET0_WORKS;
    SYSTIMER_TARGET0_CONF = us * TICKS_PER_US; // unit 0
    SYSTIMER_COMP0_LOAD = 1;
    SYSTIMER_TARGET0_CONF |= SYSTIMER_PERIODIC;
    SYSTIMER_CONF |= SYSTIMER_TARGET0_WORKS;
    esp_interrupts_wait();
    SYSTIMER_CONF &= ~SYSTIMER_TARGET0_WORKS;
}

// Unpredictable while a radio or the ADC runs; else a generator that the chip's clocks stir (TRM, "Random Number
// Generator"): good for sampling, not for keys.
uint32_t esp_soc_random(void) { return RANDOM; }

uint64_t esp_soc_mac(void) { return (uint64_t)(EFUSE_MAC_HIGH & 0xffff) << 32 | EFUSE_MAC_LOW; }

// components/soc/<chip>/include/soc/reset_reasons.h
int esp_soc_reason(void) {
    uint32_t note = RTC_STORE0;
    RTC_STORE0 = 0;
    if ((note & 0xffff0000u) == NOTE) return (int)(note & 0xff);
    switch (RTC_RESET_STATE & RTC_RESET_CAUSE) {
    case 0x01: return FTTE_RESET_REASON_POWER_ON; // the EN pin, a brown-out and the super watchdog too
    case 0x03:
    case 0x0c: return FTTE_RESET_REASON_SOFTWARE;
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0b:
    case 0x0d:
    case 0x10:
    case 0x11:
    case 0x12: return FTTE_RESET_REASON_WATCHDOG;
    case 0x0f: return FTTE_RESET_REASON_BROWNOUT;
    case 0x15:
    case 0x16: return FTTE_RESET_REASON_PIN; // by the host, through USB
    default: return FTTE_RESET_REASON_UNKNOWN;
    }
}

ESP_RAM void esp_soc_reset(int reason) {
    RTC_STORE0 = NOTE | (uint32_t)reason;
    RTC_OPTIONS0 |= RTC_RESET_SYSTEM;
    for (;;) {
    }
}

void esp_soc_download(void) { RTC_OPTION1 |= RTC_FORCE_DOWNLOAD; }
