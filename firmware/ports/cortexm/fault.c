// See fault.h. The exception has put r0 to r3, r12, lr, pc and xpsr on the stack that was in use (ARMv7-M ARM, DDI
// 0403, B1.5.6; ARMv6-M ARM, DDI 0419, B1.5.6), unless that stack had left RAM: then only where it was is known. The
// fault's status: ARMv7-M ARM, B3.2.15 to B3.2.18; ARMv6-M has none.
#include "fault.h"

#include <stddef.h>

#include "board.h"

extern uint32_t board_stack[], board_ram_end[];

static struct ftte_panic_record record __attribute__((section(".noinit")));

struct ftte_panic_record *ftte_port_panic(void) {
    return &record;
}

#define SCB_CFSR (*(volatile uint32_t *)0xe000ed28u)
#define SCB_MMFAR (*(volatile uint32_t *)0xe000ed34u)
#define SCB_BFAR (*(volatile uint32_t *)0xe000ed38u)
enum { CFSR_MMARVALID = 1 << 7, CFSR_BFARVALID = 1 << 15 };
enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_XPSR = 7, FRAME_WORDS = 8 };

static void note_status(struct ftte_panic *panic) {
#if __ARM_ARCH >= 7
    panic->cause = SCB_CFSR;
    if (panic->cause & CFSR_MMARVALID) panic->address = SCB_MMFAR;
    if (panic->cause & CFSR_BFARVALID) panic->address = SCB_BFAR;
#else
    (void)panic;
#endif
}

static void note_frame(struct ftte_panic *panic, const uint32_t *frame) {
    panic->sp = (uint32_t)frame;
    if (frame < board_stack || frame + FRAME_WORDS > board_ram_end) return;
    panic->lr = frame[FRAME_LR];
    panic->pc = frame[FRAME_PC];
    panic->status = frame[FRAME_XPSR];
}

static void leave(const uint32_t *frame, int reason) __attribute__((noreturn, used));
static void leave(const uint32_t *frame, int reason) {
    record.panic = (struct ftte_panic){.architecture = FTTE_ARCHITECTURE_CORTEX_M, .reason = (uint8_t)reason};
    note_frame(&record.panic, frame);
    note_status(&record.panic);
    ftte_panic_seal(&record);
    board_reset(reason);
}

// lr holds how the exception returns: its bit 2 says from which stack it came (EXC_RETURN, B1.5.8). In Thumb-1, so that
// a Cortex-M0 has it too.
#define LEAVE(reason)                                                                                                  \
    __asm volatile(".syntax unified\n"                                                                                 \
                   "movs r1, #4\n"                                                                                     \
                   "mov r2, lr\n"                                                                                      \
                   "tst r2, r1\n"                                                                                      \
                   "beq 1f\n"                                                                                          \
                   "mrs r0, psp\n"                                                                                     \
                   "b 2f\n"                                                                                            \
                   "1: mrs r0, msp\n"                                                                                  \
                   "2: movs r1, %0\n"                                                                                  \
                   "ldr r3, =%c1\n"                                                                                    \
                   "bx r3\n" ::"i"(reason),                                                                            \
                   "i"(leave))

__attribute__((naked)) void cortexm_fault(void) { LEAVE(FTTE_RESET_REASON_FAULT); }
__attribute__((naked)) void cortexm_hang(void) { LEAVE(FTTE_RESET_REASON_WATCHDOG); }
