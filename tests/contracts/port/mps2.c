// The port contract on the Cortex-M4F in QEMU: the peer is UART 1, whose line QEMU ties to UART 0's. Prints through
// semihosting.
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "contract.h"

#define UART1 ((struct cmsdk_uart *)0x40005000u)

// What a byte takes at most to come through QEMU's event loop, in looks at the register.
enum { LOOKS = 20000 };

static void send_bytes(const void *bytes, size_t count) {
    for (const uint8_t *byte = bytes; count > 0; byte++, count--) {
        while (UART1->state & UART_TX_FULL) ftte_port_watchdog_feed();
        UART1->data = *byte;
    }
}

static bool arrives(void) {
    for (int look = 0; look < LOOKS; look++)
        if (UART1->state & UART_RX_FULL) return true;
    return false;
}

static size_t receive_bytes(void *bytes, size_t cap) {
    size_t count = 0;
    for (uint8_t *byte = bytes; count < cap && arrives(); byte++, count++) *byte = (uint8_t)UART1->data;
    return count;
}

static void session(void) {
    const struct port_peer peer = {send_bytes, receive_bytes};
    port_contract(&peer);
    printf("done\n");
    exit(0);
}

int main(void) {
    board_memory_open();
    board_chip_open();
    board_link_open();
    UART1->baud_divisor = CLOCK_HZ / 921600;
    UART1->control = UART_TX_ENABLE | UART_RX_ENABLE;
    board_memory_run(session);
}
