// The minimal port: the least that makes the firmware run, to be copied (firmware/ports/README.md). A process whose
// standard input and output are the link and whose flash is RAM, so that it forgets everything when it ends. It has no
// sensor, no battery, no watchdog, and does not limit its speed; ports/posix does all that.
//
// What its parts share. Private to ports/minimal.
#ifndef BOARD_H
#define BOARD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "ftte_port.h"

enum { BOARD_POOL_BYTES = 128 * 1024, BOARD_FLASH_BYTES = 384 * 1024 };

// On a chip the linker script places these two. Here flash lies behind the pool, because on 64-bit machines the engine
// reaches flash by 32-bit offsets from the guest's memory.
struct board_memory {
    _Alignas(16) uint8_t pool[BOARD_POOL_BYTES];
    _Alignas(16) uint8_t flash[BOARD_FLASH_BYTES];
};
extern struct board_memory board_memory;

// ---- flash.c
// Makes the flash blank, as a factory-new chip has it. Once, before anything else.
void board_flash_open(void);

// ---- link.c
// Waits until the link has a byte for the board, at most `max_ms`.
void board_link_wait(uint32_t max_ms);
// True once the other end is gone for good: a pipe does not come back.
bool board_link_ended(void);

// ---- chip.c
// Where a reset continues: set by main, as the reset vector of a chip is.
extern jmp_buf board_reset_vector;
extern int board_reset_reason;

#endif
