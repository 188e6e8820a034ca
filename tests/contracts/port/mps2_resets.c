// Every way to lose control on the Cortex-M4F in QEMU, one after the other: each must end in a reset that knows why.
// How far the program is outlives resets in the notes of the port.
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "board_config.h"
#include "panic_trial.h"
#include "report.h"

static volatile uint32_t *const reached = (volatile uint32_t *)(BOARD_NOTES + 256);

static void write_at(uintptr_t place) { *(volatile uint32_t *)place = 1; }

static void writes_flash(void) { write_at(BOARD_FLASH + FTTE_FLASH_AT); }
static void writes_code(void) { write_at(0x1000); }
static void writes_beyond_ram(void) { write_at(FTTE_RAM_AT + FTTE_RAM_BYTES); }
static void runs_data(void) {
    static uint16_t code = 0x4770; // bx lr
    ((void (*)(void))((uintptr_t)&code | 1))();
    __asm volatile(""); // the call is not the last thing, so that it leaves where it came from
}
// The compiler must not make a loop of it: the frame is read after the call.
static uint32_t overflows_stack(uint32_t depth) {
    volatile uint32_t frame[16] = {depth};
    uint32_t deeper = depth == UINT32_MAX ? 0 : overflows_stack(depth + 1);
    return frame[depth & 15] + deeper;
}
static void overflows(void) { overflows_stack(0); }
static void hangs(void) {
    WATCHDOG->load = CLOCK_HZ / 10;
    for (;;) __asm volatile("wfi");
}
static void resets(void) { ftte_port_reset(FTTE_RESET_KIND_BOARD); }

static const struct {
    const char *what;
    void (*act)(void);
    int reason;
    enum panic_trial record;
} trials[] = {
    {"power on is power on", NULL, FTTE_RESET_REASON_POWER_ON, NOTHING},
    {"a write to flash is a fault", writes_flash, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a write to code is a fault", writes_code, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a write beyond the board's RAM is a fault", writes_beyond_ram, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a call into data is a fault", runs_data, FTTE_RESET_REASON_FAULT, CALLED},
    {"a stack overflow is a fault", overflows, FTTE_RESET_REASON_FAULT, STACK},
    {"a session that hangs is reset by the watchdog", hangs, FTTE_RESET_REASON_WATCHDOG, INSIDE},
    {"a reset that is asked for is the software's", resets, FTTE_RESET_REASON_SOFTWARE, NOTHING},
};
enum { TRIALS = sizeof trials / sizeof *trials };

static void session(void) {
    report(ftte_port_reset_reason() == trials[*reached].reason, "%s", trials[*reached].what);
    bool known = panic_is(trials[*reached].record, trials[*reached].act, FTTE_RAM_AT);
    report(known, "%s, and its record says where", trials[*reached].what);
    if (++*reached < TRIALS) trials[*reached].act();
    report(*reached == TRIALS, "every trial ends in a reset");
    printf("done\n");
    exit(0);
}

int main(void) {
    board_memory_open();
    board_chip_open();
    board_memory_run(session);
}
