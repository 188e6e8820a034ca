// The link: UART 0 with a receive ring. When the ring is full the byte is left in the data register and its interrupt
// is masked, so QEMU holds the others back on the host's side instead of losing them. Transmission has no ring: the
// core keeps what the UART does not take.
#include "board.h"
#include "board_config.h"

enum { RING_BYTES = 1024 }; // a window of 960 bytes with its framing; a power of two

static volatile uint8_t ring[RING_BYTES];
static volatile uint32_t received, taken; // counts

static void receive(void) {
    while (UART0->state & UART_RX_FULL) {
        if (received - taken == RING_BYTES) {
            UART0->control &= ~(uint32_t)UART_RX_INTERRUPT;
            return;
        }
        ring[received % RING_BYTES] = (uint8_t)UART0->data;
        received++;
    }
}

void board_link_interrupt(void) {
    UART0->interrupts = UART_INTERRUPT_RX;
    receive();
}

void board_link_open(void) {
    UART0->baud_divisor = CLOCK_HZ / FTTE_LINK_BAUD;
    UART0->control = UART_TX_ENABLE | UART_RX_ENABLE | UART_RX_INTERRUPT;
    NVIC_ENABLE = 1u << IRQ_UART0_RX;
}

bool board_link_waits(void) { return received != taken; }

// Room again: takes the byte that was left behind, with the interrupt off as it moves the same count.
static void unmask(void) {
    if (UART0->control & UART_RX_INTERRUPT) return;
    __asm volatile("cpsid i" ::: "memory");
    UART0->control |= UART_RX_INTERRUPT;
    receive();
    __asm volatile("cpsie i" ::: "memory");
}

int ftte_port_link_read(void *buf, size_t cap) {
    uint8_t *to = buf;
    size_t count = 0;
    for (; count < cap && received != taken; count++) {
        to[count] = ring[taken % RING_BYTES];
        taken++;
    }
    unmask();
    return (int)count;
}

int ftte_port_link_write(const void *buf, size_t bytes) {
    const uint8_t *from = buf;
    size_t count = 0;
    for (; count < bytes && !(UART0->state & UART_TX_FULL); count++) UART0->data = from[count];
    return (int)count;
}
