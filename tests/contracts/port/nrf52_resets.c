// Ways to lose control on the nRF5 in QEMU's microbit machine, one after the other: each must end in a reset that knows
// why. How far the program is outlives resets in RAM.
#include <stdio.h>

#include "board.h"
#include "panic_trial.h"
#include "remote.h"
#include "report.h"

static struct { uint32_t magic, reached; } progress __attribute__((section(".noinit")));
#define MAGIC 0x72657374u

static void writes_flash(void) { *(volatile uint8_t *)FTTE_FLASH_AT = 0; } // the NVMC takes words
static void writes_beyond_ram(void) { *(volatile uint32_t *)(FTTE_RAM_AT + FTTE_RAM_BYTES) = 1; }
static void runs_nothing(void) { ((void (*)(void))(FTTE_RAM_AT + FTTE_RAM_BYTES + 1))(); }
// The compiler must not make a loop of it: the frame is read after the call.
static uint32_t overflows_stack(uint32_t depth) {
    volatile uint32_t frame[16] = {depth};
    uint32_t deeper = depth == UINT32_MAX ? 0 : overflows_stack(depth + 1);
    return frame[depth & 15] + deeper;
}
static void overflows(void) { overflows_stack(0); }
static void resets(void) { ftte_port_reset(FTTE_RESET_KIND_BOARD); }

static const struct {
    const char *what;
    void (*act)(void);
    int reason;
    enum panic_trial record;
} trials[] = {
    // The machine's RESETREAS always reads 1: after a power-on too, the port must take it for the pin.
    {"RESETREAS is understood", NULL, FTTE_RESET_REASON_PIN, NOTHING},
    {"a byte written to flash is a fault", writes_flash, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a write beyond RAM is a fault", writes_beyond_ram, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a call beyond RAM is a fault", runs_nothing, FTTE_RESET_REASON_FAULT, CALLED},
    {"a stack overflow is a fault", overflows, FTTE_RESET_REASON_FAULT, STACK},
    {"a reset that is asked for is the software's", resets, FTTE_RESET_REASON_SOFTWARE, NOTHING},
};
enum { TRIALS = sizeof trials / sizeof *trials };

static void session(void) {
    if (progress.magic != MAGIC) progress.reached = 0;
    progress.magic = MAGIC;
    report(ftte_port_reset_reason() == trials[progress.reached].reason, "%s", trials[progress.reached].what);
    bool known = panic_is(trials[progress.reached].record, trials[progress.reached].act, FTTE_RAM_AT);
    report(known, "%s, and its record says where", trials[progress.reached].what);
    remote_flush();
    if (++progress.reached < TRIALS) trials[progress.reached].act();
    report(progress.reached == TRIALS, "every trial ends in a reset");
    printf("done\n");
    remote_rest();
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(session);
}
