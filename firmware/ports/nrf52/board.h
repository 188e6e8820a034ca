// What the parts of this port share: the chip's registers and the places of its memory. Private to ports/nrf52.
//
// Registers: Nordic's MDK (nrfx, bsp/stable/mdk/nrf52840.h, nrf52.h, nrf52840_bitfields.h) and the product
// specifications of nRF52832 (v1.8) and nRF52840 (v1.7), whose chapter is named beside each block. All of those used
// here lie at the same place on nRF52832, nRF52833 and nRF52840, and those that QEMU's microbit machine models (UART,
// TIMER, RNG, NVMC, FICR) on the nRF51 too. Core registers: ARMv7-M ARM (DDI 0403), B3; ARMv6-M ARM (DDI 0419), B3.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"
#include "ftte_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

// ---- CLOCK and POWER ("CLOCK", "POWER")
#define CLOCK_TASKS_HFCLKSTART REGISTER(0x40000000u)
#define CLOCK_EVENTS_HFCLKSTARTED REGISTER(0x40000100u)
#define POWER_RESETREAS REGISTER(0x40000400u) // write 1 to clear
enum { RESETREAS_PIN = 1, RESETREAS_DOG = 2, RESETREAS_SOFTWARE = 4, RESETREAS_LOCKUP = 8 };
#define POWER_GPREGRET REGISTER(0x4000051cu) // outlives a reset; bootloaders read it

// ---- APPROTECT and UICR ("Debug and trace", "UICR")
#define APPROTECT_DISABLE REGISTER(0x40000558u) // 0x5a opens the debug port until the next reset
#define UICR_APPROTECT REGISTER(0x10001208u)

// ---- UART0, the one without EasyDMA ("UART")
#define UART_TASKS_STARTRX REGISTER(0x40002000u)
#define UART_TASKS_STARTTX REGISTER(0x40002008u)
#define UART_EVENTS_RXDRDY REGISTER(0x40002108u)
#define UART_EVENTS_TXDRDY REGISTER(0x4000211cu)
#define UART_EVENTS_ERROR REGISTER(0x40002124u)
#define UART_INTENSET REGISTER(0x40002304u)
#define UART_INTENCLR REGISTER(0x40002308u)
#define UART_ERRORSRC REGISTER(0x40002480u) // write 1 to clear
#define UART_ENABLE REGISTER(0x40002500u)
#define UART_PSEL_RTS REGISTER(0x40002508u) // pin number, 32 to a port; bit 31 set: not connected
#define UART_PSEL_TXD REGISTER(0x4000250cu)
#define UART_PSEL_CTS REGISTER(0x40002510u)
#define UART_PSEL_RXD REGISTER(0x40002514u)
#define UART_RXD REGISTER(0x40002518u)
#define UART_TXD REGISTER(0x4000251cu)
#define UART_BAUDRATE REGISTER(0x40002524u)
#define UART_CONFIG REGISTER(0x4000256cu)
enum { UART_ENABLED = 4, UART_CONFIG_HWFC = 1, UART_INT_RXDRDY = 1 << 2, UART_INT_TXDRDY = 1 << 7 };

// ---- TIMER0 ("TIMER")
#define TIMER_TASKS_START REGISTER(0x40008000u)
#define TIMER_TASKS_CAPTURE(n) REGISTER(0x40008040u + 4 * (n))
#define TIMER_EVENTS_COMPARE(n) REGISTER(0x40008140u + 4 * (n))
#define TIMER_INTENSET REGISTER(0x40008304u)
#define TIMER_INTENCLR REGISTER(0x40008308u)
#define TIMER_MODE REGISTER(0x40008504u)
#define TIMER_BITMODE REGISTER(0x40008508u)
#define TIMER_PRESCALER REGISTER(0x40008510u)
#define TIMER_CC(n) REGISTER(0x40008540u + 4 * (n))
enum { TIMER_MODE_TIMER = 0, TIMER_BITMODE_32 = 3, TIMER_PRESCALER_1MHZ = 4, TIMER_INT_COMPARE1 = 1 << 17 };

// ---- RNG ("RNG")
#define RNG_TASKS_START REGISTER(0x4000d000u)
#define RNG_TASKS_STOP REGISTER(0x4000d004u)
#define RNG_EVENTS_VALRDY REGISTER(0x4000d100u)
#define RNG_CONFIG REGISTER(0x4000d504u)
#define RNG_VALUE REGISTER(0x4000d508u)
enum { RNG_CONFIG_DERCEN = 1 }; // bias correction

// ---- WDT ("WDT")
#define WDT_TASKS_START REGISTER(0x40010000u)
#define WDT_RUNSTATUS REGISTER(0x40010400u)
#define WDT_CRV REGISTER(0x40010504u) // ticks of 32768 Hz, less one
#define WDT_RREN REGISTER(0x40010508u)
#define WDT_CONFIG REGISTER(0x4001050cu)
#define WDT_RR(n) REGISTER(0x40010600u + 4 * (n))
enum { WDT_CONFIG_SLEEP_RUN = 1 }; // counts while the CPU sleeps, not while a debugger holds it
#define WDT_RELOAD 0x6e524635u

// ---- NVMC and FICR ("NVMC", "FICR")
#define NVMC_READY REGISTER(0x4001e400u)
#define NVMC_CONFIG REGISTER(0x4001e504u)
#define NVMC_ERASEPAGE REGISTER(0x4001e508u)
enum { NVMC_READ = 0, NVMC_WRITE = 1, NVMC_ERASE = 2 };
#define FICR_CODEPAGESIZE REGISTER(0x10000010u)
#define FICR_DEVICEID(n) REGISTER(0x10000060u + 4 * (n))

// ---- the core
#define NVIC_ENABLE REGISTER(0xe000e100u) // interrupts 0..31
#define NVIC_DISABLE(n) REGISTER(0xe000e180u + 4 * (n))
#define NVIC_UNPEND(n) REGISTER(0xe000e280u + 4 * (n))
#define SCB_VTOR REGISTER(0xe000ed08u)
#define SCB_AIRCR REGISTER(0xe000ed0cu)
#define SCB_CPACR REGISTER(0xe000ed88u)
#define AIRCR_RESET 0x05fa0004u // the key and SYSRESETREQ
#define CPACR_FPU (0xfu << 20)  // full access to coprocessors 10 and 11
enum { IRQ_UART0 = 2, IRQ_TIMER0 = 8, IRQ_FPU = 38 };

// ---- start.c
// Restarts the chip; `reason` is what board_reset_reason gives then.
void board_reset(int reason) __attribute__((noreturn));
int board_reset_reason(void);
int main(void);

// ---- debug_port.c
// Leaves the debug port as UICR has it, on chips that close it at every reset.
void board_keep_debug_port(void);

// ---- memory.c
// Runs `session` on the painted stack at the bottom of RAM.
void board_memory_run(void (*session)(void)) __attribute__((noreturn));
// The session's stack and what is left for the pool.
void board_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes);

// ---- link.c
void board_link_open(void);
// True when a byte waits.
bool board_link_waits(void);
void board_link_interrupt(void);

// ---- chip.c
void board_chip_open(void);
void board_alarm_interrupt(void);

#endif
