// Ways to lose control on Espressif's chips, whose registers a machine's file replaces, one after the other: each must
// end in a reset that knows why, and leave a record of where. How far the program is outlives resets in RAM.
#include <stdio.h>

#include "esp.h"
#include "panic_trial.h"
#include "remote.h"
#include "report.h"

static struct { uint32_t magic, reached; } progress __attribute__((section(".noinit")));
#define MAGIC 0x72657374u

#ifdef __riscv
static void runs_no_instruction(void) { __asm volatile(".2byte 0"); } // "Instruction-Length Encoding": all zeros
#else
static void runs_no_instruction(void) { __asm volatile("ill"); }
#endif
static void runs_nothing(void) {
    ((void (*)(void))0x00000100)();
    __asm volatile(""); // the call is not the last thing, so that it leaves where it came from
}
static void resets(void) { ftte_port_reset(FTTE_RESET_KIND_BOARD); }

static const struct {
    const char *what;
    void (*act)(void);
    int reason;
    enum panic_trial record;
} trials[] = {
    {"power on is power on", NULL, FTTE_RESET_REASON_POWER_ON, NOTHING},
    {"what is no instruction is a fault", runs_no_instruction, FTTE_RESET_REASON_FAULT, INSIDE},
    {"a call to where nothing is is a fault", runs_nothing, FTTE_RESET_REASON_FAULT, CALLED},
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
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(session);
}
