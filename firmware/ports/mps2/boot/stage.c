// The boot stage of boards that take firmware over the air: the first program after every reset, which no update
// replaces. Copies the image that came last from its slot to where images run, and starts it there; what to start is
// core/boot's choice. The machine's code memory is RAM that QEMU fills with the program of its command line at every
// reset, so that program is always there to go back to, and a copy that a power cut ends is made anew. A chip that runs
// from its flash would have to keep the image before in a slot as well.
#include <string.h>

#include "../board.h"
#include "board_config.h"
#include "boot/boot.h"

enum { WATCHDOG_S = 60 }; // as ports/mps2/chip.c has it, which takes it over

static uint8_t *const application = (uint8_t *)FTTE_APPLICATION_AT;
static struct ftte_store store;

// No MPU yet: nothing is protected.
void board_memory_unlock(bool unlocked) { (void)unlocked; }

// What an image begins with (ARMv7-M ARM, B1.5.3): a stack in RAM and, with the Thumb bit set, a place to begin in
// itself.
static bool can_start(uint32_t bytes) {
    uint32_t vectors[2];
    memcpy(vectors, application, sizeof vectors);
    bool has_stack = vectors[0] > FTTE_RAM_AT && vectors[0] <= FTTE_RAM_AT + FTTE_RAM_BYTES && vectors[0] % 8 == 0;
    return has_stack && (vectors[1] & 1) && vectors[1] > FTTE_APPLICATION_AT &&
           vectors[1] < FTTE_APPLICATION_AT + bytes;
}

// True when there is none, and the program from the command line stays.
static bool copy(const struct ftte_blob *blob) {
    uint32_t bytes = blob->length - (uint32_t)sizeof(struct ftte_firmware_header);
    if (!blob->bytes) return can_start(FTTE_FLASH_AT - FTTE_APPLICATION_AT);
    if (bytes < 8 || bytes > FTTE_FLASH_AT - FTTE_APPLICATION_AT) return false;
    memcpy(application, blob->bytes + sizeof(struct ftte_firmware_header), bytes);
    return can_start(bytes);
}

static void start_application(void) __attribute__((noreturn));
static void start_application(void) {
    uint32_t vectors[2];
    memcpy(vectors, application, sizeof vectors);
    WATCHDOG->load = WATCHDOG_S * CLOCK_HZ;
    WATCHDOG->control = WATCHDOG_INTERRUPT | WATCHDOG_RESET;
    SCB_VTOR = FTTE_APPLICATION_AT;
    __asm volatile("dsb\n isb\n"
                   "msr msp, %0\n"
                   "bx %1\n" ::"r"(vectors[0]),
                   "r"(vectors[1]));
    __builtin_unreachable();
}

static void restart(int reason) __attribute__((noreturn));
static void restart(int reason) {
    BOARD_LEFT->magic = BOARD_LEFT_MAGIC;
    BOARD_LEFT->reason = reason;
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_RESET;
    for (;;) __asm volatile("dsb");
}

static void fault(void) { restart(FTTE_RESET_REASON_FAULT); }

// The image reads the reason after this; a flash that the store refuses is told by its session.
static void boot(void) {
    extern uint32_t boot_bss[], boot_bss_end[];
    for (uint32_t *to = boot_bss; to < boot_bss_end;) *to++ = 0;
    int reason = BOARD_LEFT->magic == BOARD_LEFT_MAGIC ? BOARD_LEFT->reason : FTTE_RESET_REASON_POWER_ON;
    struct ftte_blob blob = {0};
    if (ftte_store_open(&store) >= 0) blob = ftte_boot_choose(&store, reason);
    if (!copy(&blob)) fault(); // at the next start it is given up
    start_application();
}

extern uint32_t boot_stack_end[];
typedef void handler(void);
extern const struct vectors {
    const void *stack;
    handler *entry[6];
} boot_vectors;
const struct vectors boot_vectors __attribute__((section(".vectors"), used)) = {
    .stack = boot_stack_end,
    .entry = {boot, fault, fault, fault, fault, fault}, // reset, NMI, HardFault and what escalates to it
};
