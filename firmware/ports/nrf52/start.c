// From reset to main: vectors, FPU, errata, data and bss; and the way back, why the chip starts again. Thread code runs
// on its own stack (memory.c), handlers on a small one here, so that a fault is handled even when the session's stack
// overflowed.
#include "board.h"
#include "fault.h"

extern uint32_t board_data[], board_data_end[], board_data_image[], board_bss[], board_bss_end[];

void board_start(void) __attribute__((noreturn));

enum { HANDLER_STACK_BYTES = 512 };
static uint64_t handler_stack[HANDLER_STACK_BYTES / 8] __attribute__((section(".noinit")));

// What the firmware noted before it restarted the chip. RAM outlives a soft reset, so a fault can be told from a
// command; RESETREAS says "soft reset" of both.
static struct {
    uint32_t magic;
    int reason;
} left __attribute__((section(".noinit")));
#define MAGIC 0x46545445u
static int reset_reason;

void board_reset(int reason) {
    left.magic = MAGIC;
    left.reason = reason;
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_RESET;
    for (;;) __asm volatile("dsb");
}

int board_reset_reason(void) { return reset_reason; }

static int reason_of(uint32_t bits) {
    // After a pin reset other bits may be set that should not be: nRF52832 anomaly 136, nRF52840 anomaly 136.
    if (bits & RESETREAS_PIN) return FTTE_RESET_REASON_PIN;
    if (bits & RESETREAS_DOG) return FTTE_RESET_REASON_WATCHDOG;
    if (bits & RESETREAS_LOCKUP) return FTTE_RESET_REASON_FAULT;
    if (bits & RESETREAS_SOFTWARE) return FTTE_RESET_REASON_SOFTWARE;
    return bits ? FTTE_RESET_REASON_UNKNOWN : FTTE_RESET_REASON_POWER_ON; // or a brown-out: no bit tells them apart
}

static void learn_reason(void) {
    uint32_t bits = POWER_RESETREAS;
    POWER_RESETREAS = bits;
    reset_reason = left.magic == MAGIC ? left.reason : reason_of(bits);
    left.magic = 0;
}

typedef void handler(void);
enum { EXCEPTIONS = 16, INTERRUPTS = 48 };
extern const struct vectors {
    const void *stack;
    handler *entry[EXCEPTIONS + INTERRUPTS - 1];
} board_vectors;

// A bootloader may have left interrupts enabled and the vectors its own.
static void take_over(void) {
    __asm volatile("cpsid i" ::: "memory");
#if __ARM_ARCH >= 7
    for (uint32_t i = 0; i < 2; i++) {
        NVIC_DISABLE(i) = UINT32_MAX;
        NVIC_UNPEND(i) = UINT32_MAX;
    }
    SCB_VTOR = (uint32_t)&board_vectors;
    SCB_CPACR |= CPACR_FPU;
#endif
    __asm volatile("dsb\n isb\n cpsie i" ::: "memory");
}

void board_start(void) {
    take_over();
#ifdef FTTE_CHIP_NRF52832
    // nRF52832 anomaly 108: RAM cannot be trusted after a sleep, unless its trim is restored (MDK, system_nrf52.c).
    REGISTER(0x40000ee4u) = REGISTER(0x10000258u) & 0x4f;
#endif
    board_keep_debug_port();
    for (uint32_t *from = board_data_image, *to = board_data; to < board_data_end;) *to++ = *from++;
    for (uint32_t *to = board_bss; to < board_bss_end;) *to++ = 0;
    learn_reason();
    main();
    for (;;) __asm volatile("wfi");
}

#define EXCEPTION(n) [(n)-1]
#define INTERRUPT(n) [EXCEPTIONS + (n)-1]

const struct vectors board_vectors __attribute__((section(".vectors"), used)) = {
    .stack = handler_stack + HANDLER_STACK_BYTES / 8,
    .entry =
        {
            EXCEPTION(1) = board_start,
            EXCEPTION(2) = cortexm_fault, // NMI: nobody raises it
            EXCEPTION(3) = cortexm_fault, // HardFault; the others escalate to it
            INTERRUPT(IRQ_UART0) = board_link_interrupt,
            INTERRUPT(IRQ_TIMER0) = board_alarm_interrupt,
        },
};
