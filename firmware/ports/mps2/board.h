// What the parts of this port share: the machine's registers and the places of its memory. Private to ports/mps2.
//
// Registers: Cortex-M System Design Kit TRM (ARM DDI 0479), APB timer, UART and watchdog; their places and interrupts:
// Application Note AN386 (ARM DAI 0386). QEMU models them in hw/arm/mps2.c. Core registers: ARMv7-M ARM (DDI 0403).
//
// The machine has no flash controller and no unique id. Its 16 MiB of PSRAM stand in for them: QEMU may keep it in a
// file (host/boards/emulated.ts), so that what a chip's flash would keep outlives resets and the process.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "ftte_port.h"

// ---- registers

struct cmsdk_uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupts; // write 1 to clear
    volatile uint32_t baud_divisor;
};
enum { UART_TX_FULL = 1, UART_RX_FULL = 2 };                            // state
enum { UART_TX_ENABLE = 1, UART_RX_ENABLE = 2, UART_RX_INTERRUPT = 8 }; // control
enum { UART_INTERRUPT_RX = 2 };                                         // interrupts

struct cmsdk_timer {
    volatile uint32_t control;
    volatile uint32_t value; // counts down
    volatile uint32_t reload;
    volatile uint32_t interrupts; // write 1 to clear
};
enum { TIMER_ENABLE = 1, TIMER_INTERRUPT = 8 }; // control

struct cmsdk_watchdog {
    volatile uint32_t load;
    volatile uint32_t value;
    volatile uint32_t control;
    volatile uint32_t clear;
};
enum { WATCHDOG_INTERRUPT = 1, WATCHDOG_RESET = 2 }; // control

#define CLOCK_HZ 25000000u // of everything
#define TIMER0 ((struct cmsdk_timer *)0x40000000u)
#define TIMER1 ((struct cmsdk_timer *)0x40001000u)
#define UART0 ((struct cmsdk_uart *)0x40004000u)
#define WATCHDOG ((struct cmsdk_watchdog *)0x40008000u) // its interrupt is the NMI
enum { IRQ_UART0_RX = 0, IRQ_TIMER1 = 9 };

#define NVIC_ENABLE (*(volatile uint32_t *)0xe000e100u) // interrupts 0..31
#define SCB_VTOR (*(volatile uint32_t *)0xe000ed08u)
#define SCB_AIRCR (*(volatile uint32_t *)0xe000ed0cu)
#define SCB_CPACR (*(volatile uint32_t *)0xe000ed88u)
#define AIRCR_RESET 0x05fa0004u // the key and SYSRESETREQ
#define CPACR_FPU (0xfu << 20)  // full access to coprocessors 10 and 11

// ---- the PSRAM: the chip's flash address A lies at BOARD_FLASH + A
#define BOARD_FLASH 0x21000000u   // 4 MiB, read-only but while it is programmed
#define BOARD_SAMPLES 0x21800000u // read-only: the sensor's recording, when the host puts one there
#define BOARD_SAMPLES_BYTES (8u << 20)
#define BOARD_CHIP 0x21400000u  // 1 MiB, read-only: struct board_chip
#define BOARD_NOTES 0x21500000u // 1 MiB: struct board_notes

// What a chip's factory would have written; the host writes it into the file.
struct board_chip {
    uint8_t id[16];
    uint8_t seed[32]; // new at every start of the process: there is no random number generator
};

// What the sensor remembers.
struct board_notes {
    uint32_t given; // rows of the recording
};

// ---- the last words of RAM: why the chip starts again, for whichever program starts. They outlive a reset and not a
// power cut: the machine has no register for it.
struct board_left {
    uint32_t magic;
    int reason;
};
#define BOARD_LEFT_MAGIC 0x46545445u
#define BOARD_LEFT ((volatile struct board_left *)(FTTE_RAM_AT + FTTE_RAM_BYTES - 16))

// ---- start.c
// Resets the chip; `reason` is what board_reset_reason will give.
void board_reset(int reason) __attribute__((noreturn));
int board_reset_reason(void);
int main(void);

// ---- memory.c
// Protects the memory map: code and flash read-only, nothing but the board's own RAM.
void board_memory_open(void);
// Runs `session` on the painted stack at the bottom of RAM.
void board_memory_run(void (*session)(void)) __attribute__((noreturn));
// The session's stack and what is left for the pool.
void board_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes);
// Lets flash be written, or protects it again.
void board_memory_unlock(bool unlocked);

// ---- link.c
void board_link_open(void);
// True when a byte waits.
bool board_link_waits(void);
void board_link_interrupt(void);

// ---- chip.c
void board_chip_open(void);
void board_alarm_interrupt(void);

#endif
