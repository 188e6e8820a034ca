// The virtual board: what the options say, and what its parts share. Private to ports/posix.
//
// RAM and flash are one mapping: a guard page, the RAM (native stack of the session, then its pool), the flash. The
// engine reaches flash by 32-bit offsets from the guest's memory, so flash lies behind the pool.
#ifndef BOARD_H
#define BOARD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "ftte_port.h"

struct board_options {
    const char *link;  // path of the symbolic link to the pty; may be null
    const char *flash; // path of the flash's file
    const char *samples;
    const char *board_class;
    uint8_t chip_id[16];
    struct ftte_flash_geometry geometry; // `map` excepted
    uint32_t ram_bytes, stack_bytes;
    double speed;  // 1: as fast as this machine
    uint32_t baud; // 0: no limit
    int battery;   // 255: none
    bool stay;     // outlive the parent
    bool seeded;   // random numbers from `seed`
    uint64_t seed;
    uint64_t cut_after; // flash bytes until the power is cut; UINT64_MAX: never
    bool power_returns; // and is back at once
    const char *flash_log;
    int reset_reason;
    double watchdog_s; // processor seconds without progress until it bites; 0: never
    const char *boot;  // the boot stage's program; null: this is it, and what it was flashed with
    bool supervised;   // a boot stage waits for this process
    int inherited[2];  // the pty's two ends, handed over by a reset; -1: none
    char **argv;
};

struct board_memory {
    uint8_t *stack, *pool, *flash;
    uint32_t pool_bytes;
};

extern struct board_options board_options;
extern struct board_memory board_memory;

// ---- options.c
// Fills board_options, or prints what is wrong and exits with status 2.
void board_options_read(int argc, char **argv);

// ---- memory.c: RAM and, behind it, the flash file. Exits with status 1 when it cannot.
void board_memory_open(void);
// Runs `session` on the stack that lies in the RAM. Does not return.
void board_memory_run(void (*session)(void)) __attribute__((noreturn));

// ---- flash.c
// Opens the file, makes it as long as the geometry says, new bytes 0xff. Returns the descriptor.
int board_flash_open(void);
// Leaves the file to another process; what was mapped stays readable.
void board_flash_close(void);
enum { BOARD_POWER_CUT_STATUS = 3 }; // of the process, when --cut-after-flash-bytes cut it

// ---- link.c
// Opens the pty and sets the symbolic link. Returns the slave's path.
const char *board_link_open(void);
// The pty's ends, so that a reset can hand them over.
void board_link_ends(int ends[2]);
// Waits until the link has a byte for the board, at most `max_ms`.
void board_link_wait(uint32_t max_ms);
void board_link_unlink(void);

// ---- chip.c
uint64_t board_clock_ns(void);
// Starts the watchdog, once the link is open.
void board_watchdog_start(void);
// Starts the board again, from its boot stage, on the same flash and the same terminal. Returns only when it cannot.
void board_restart(int reason);
// The command line for the next program of this board: the options as they were, those that hold for one start made
// anew, then `further` up to its null.
char **board_arguments(int reason, const char *const *further);

// ---- boot.c
// Runs the image that came over the air last instead of this program, if there is one. Flash must be open; the link is
// opened when there is.
void board_boot(void);

// ---- fault.c
// Makes faults leave a record and restart the board. Needs a signal stack.
void board_fault_open(void);
// Leaves the record: `reason` is enum ftte_reset_reason, the others what a handler is given.
void board_fault_note(int reason, const siginfo_t *info, const void *context);

// ---- sensor.c
void board_sensor_open(void);

// Prints "ftte-posix: <format>: <errno text>" and exits with status 1.
void board_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
