// Clock, watchdogs, interrupts, resets, id and random numbers of the ESP32, by registers.
//
// Registers: ESP-IDF v5.5, components/soc/esp32/register/soc/*.h, named beside each block, and the ESP32 Technical
// Reference Manual. Of the core: Xtensa Instruction Set Architecture Reference Manual; its interrupts: ESP-IDF v5.5,
// components/xtensa/esp32/include/xtensa/config/core-isa.h. The ROM's functions keep to another calling convention
// (windowed registers) and are not called. The second core stays in its reset.
#include "xtensa/core.h"

// rtc_cntl_reg.h
#define RTC_OPTIONS0 REGISTER(0x3ff48000u)
#define RTC_RESET_STATE REGISTER(0x3ff48034u)
#define RTC_STORE0 REGISTER(0x3ff4804cu) // outlives resets, not a power cut
#define RTC_CLK_CONF REGISTER(0x3ff48070u)
#define RTC_WDTCONFIG0 REGISTER(0x3ff4808cu)
#define RTC_WDTCONFIG1 REGISTER(0x3ff48090u) // ticks of stage 0
#define RTC_WDTFEED REGISTER(0x3ff480a0u)
#define RTC_WDTWPROTECT REGISTER(0x3ff480a4u)
#define RTC_RESET_SYSTEM (1u << 31)         // in OPTIONS0
#define RTC_RESET_CAUSE 0x3fu               // in RESET_STATE
#define RTC_SOC_CLK_SEL (3u << 27)          // in CLK_CONF; 0: the crystal
#define RTC_WDT_ENABLE (1u << 31)           // in WDTCONFIG0, like the next two
#define RTC_WDT_RESETS_SYSTEM (3u << 28)    // what stage 0 does
#define RTC_WDT_PULSE (7u << 14 | 7u << 11) // the longest
#define RTC_WDT_FEED (1u << 31)
#define WDT_KEY 0x50d83aa1u

// apb_ctrl_reg.h: the crystal's clock is divided by one more than this for the core, and APB has the same clock then
#define APB_CTRL_SYSCLK_CONF REGISTER(0x3ff66000u)
#define SYSCLK_DIVIDER 0x3ffu

// timer_group_reg.h: both groups' watchdogs, which the ROM starts; timer 0 of group 0
#define TIMG_WDTCONFIG0(group) REGISTER(0x3ff5f048u + (group)*0x1000u)
#define TIMG_WDTWPROTECT(group) REGISTER(0x3ff5f064u + (group)*0x1000u)
#define TIMG_T0CONFIG REGISTER(0x3ff5f000u)
#define TIMG_T0LO REGISTER(0x3ff5f004u)
#define TIMG_T0HI REGISTER(0x3ff5f008u)
#define TIMG_T0UPDATE REGISTER(0x3ff5f00cu)
#define T0_RUNS_UP (1u << 31 | 1u << 30)
#define T0_DIVIDER(by) ((by) << 13)

// dport_reg.h, efuse_reg.h, wdev_reg.h (through the data bus)
#define DPORT_PRO_UART_INTR_MAP REGISTER(0x3ff0018cu)
#define EFUSE_MAC_LOW REGISTER(0x3ff5a004u)
#define EFUSE_MAC_HIGH REGISTER(0x3ff5a008u)
#define WDEV_RND REGISTER(0x3ff75144u)

// core-isa.h: both of level 1
enum { LINE_UART = 0, LINE_ALARM = 6 };

#define NOTE 0x46540000u // in STORE0, before the reason

enum {
    CRYSTAL_MHZ = 40,
    WATCHDOG_S = 60,       // a guest's call may take 30 s before its deadline ends it (session/machine.c)
    SLOW_CLOCK_HZ = 150000 // RTC_SLOW_CLK, about (TRM, "Reset and Clock")
};

static void open_watchdogs(void) {
    for (uint32_t group = 0; group < 2; group++) {
        TIMG_WDTWPROTECT(group) = WDT_KEY;
        TIMG_WDTCONFIG0(group) = 0;
        TIMG_WDTWPROTECT(group) = 0;
    }
    RTC_WDTWPROTECT = WDT_KEY;
    RTC_WDTCONFIG0 = 0;
    RTC_WDTCONFIG1 = WATCHDOG_S * SLOW_CLOCK_HZ;
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
    // Core, APB, UART and timer from the crystal, whatever the ROM has left.
    APB_CTRL_SYSCLK_CONF &= ~SYSCLK_DIVIDER;
    RTC_CLK_CONF &= ~RTC_SOC_CLK_SEL;
    TIMG_T0CONFIG = T0_RUNS_UP | T0_DIVIDER((uint32_t)CRYSTAL_MHZ);
    DPORT_PRO_UART_INTR_MAP = LINE_UART;
    esp_core_enable_lines(1u << LINE_UART);
    esp_soc_unmask(ESP_CORE_INTERRUPTS);
}

uint64_t esp_soc_us(void) {
    TIMG_T0UPDATE = 1;
    uint32_t low = TIMG_T0LO;
    return (uint64_t)TIMG_T0HI << 32 | low;
}

static uint32_t cycle_count(void) {
    uint32_t cycles;
    __asm volatile("rsr.ccount %0" : "=r"(cycles));
    return cycles;
}

// Writing it also withdraws the interrupt.
static inline void set_alarm(uint32_t cycles) { __asm volatile("wsr.ccompare0 %0\n rsync" ::"r"(cycles)); }

ESP_RAM void esp_soc_interrupt(void) {
    uint32_t lines = esp_core_pending_lines();
    if (lines & 1u << LINE_ALARM) set_alarm(0);
    if (lines & 1u << LINE_UART) esp_link_interrupt();
}

// Masked until `waiti` lets interrupts come, so that the alarm cannot come before the sleep.
void esp_soc_sleep(uint32_t us) {
    uint32_t state = esp_soc_mask();
    set_alarm(cycle_count() + us * CRYSTAL_MHZ);
    esp_core_enable_lines(1u << LINE_UART | 1u << LINE_ALARM);
    __asm volatile("waiti 0" ::: "memory");
    esp_core_enable_lines(1u << LINE_UART);
    esp_soc_unmask(state);
}

// Unpredictable while a radio or the ADC runs; else a generator that the chip's clocks stir (TRM, "Random Number
// Generator"): good for sampling, not for keys.
uint32_t esp_soc_random(void) { return WDEV_RND; }

uint64_t esp_soc_mac(void) { return (uint64_t)(EFUSE_MAC_HIGH & 0xffff) << 32 | EFUSE_MAC_LOW; }

// components/soc/esp32/include/soc/reset_reasons.h
int esp_soc_reason(void) {
    uint32_t note = RTC_STORE0;
    RTC_STORE0 = 0;
    if ((note & 0xffff0000u) == NOTE) return (int)(note & 0xff);
    switch (RTC_RESET_STATE & RTC_RESET_CAUSE) {
    case 0x01: return FTTE_RESET_REASON_POWER_ON; // the EN pin too
    case 0x03:
    case 0x0c: return FTTE_RESET_REASON_SOFTWARE;
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0b:
    case 0x0d:
    case 0x10: return FTTE_RESET_REASON_WATCHDOG;
    case 0x0f: return FTTE_RESET_REASON_BROWNOUT;
    default: return FTTE_RESET_REASON_UNKNOWN;
    }
}

ESP_RAM void esp_soc_reset(int reason) {
    RTC_STORE0 = NOTE | (uint32_t)reason;
    RTC_OPTIONS0 |= RTC_RESET_SYSTEM;
    for (;;) {
    }
}

void esp_soc_download(void) {} // only GPIO0 at the reset asks for it
