// From reset to main: vectors, FPU, data and bss; and the way back, why the chip starts again. Thread code runs on its
// own stack (memory.c), handlers on a small one here, so that a fault is handled even when the session's stack
// overflowed.
#include "board.h"
#include "board_config.h"
#include "fault.h"

extern uint32_t board_data[], board_data_end[], board_data_image[], board_bss[], board_bss_end[];

void board_start(void) __attribute__((noreturn));

enum { HANDLER_STACK_BYTES = 512 };
static uint64_t handler_stack[HANDLER_STACK_BYTES / 8] __attribute__((section(".noinit")));

static int reset_reason = FTTE_RESET_REASON_POWER_ON;

void board_reset(int reason) {
    BOARD_LEFT->magic = BOARD_LEFT_MAGIC;
    BOARD_LEFT->reason = reason;
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_RESET;
    for (;;) __asm volatile("dsb");
}

int board_reset_reason(void) { return reset_reason; }

void board_start(void) {
    SCB_CPACR |= CPACR_FPU;
    __asm volatile("dsb\n isb");
    for (uint32_t *from = board_data_image, *to = board_data; to < board_data_end;) *to++ = *from++;
    for (uint32_t *to = board_bss; to < board_bss_end;) *to++ = 0;
    if (BOARD_LEFT->magic == BOARD_LEFT_MAGIC) reset_reason = BOARD_LEFT->reason;
    BOARD_LEFT->magic = 0;
    main();
    for (;;) __asm volatile("wfi");
}

typedef void handler(void);
enum { EXCEPTIONS = 16, INTERRUPTS = 32 };
extern const struct vectors {
    const void *stack;
    handler *entry[EXCEPTIONS + INTERRUPTS - 1];
} board_vectors;
#define EXCEPTION(n) [(n)-1]
#define INTERRUPT(n) [EXCEPTIONS + (n)-1]

const struct vectors board_vectors __attribute__((section(".vectors"), used)) = {
    .stack = handler_stack + HANDLER_STACK_BYTES / 8,
    .entry =
        {
            EXCEPTION(1) = board_start,
            EXCEPTION(2) = cortexm_hang,  // NMI: the watchdog
            EXCEPTION(3) = cortexm_fault, // HardFault; the others escalate to it
            EXCEPTION(4) = cortexm_fault,
            EXCEPTION(5) = cortexm_fault,
            EXCEPTION(6) = cortexm_fault,
            INTERRUPT(IRQ_UART0_RX) = board_link_interrupt,
            INTERRUPT(IRQ_TIMER1) = board_alarm_interrupt,
        },
};
