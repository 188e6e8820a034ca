// The link: UART 0 by interrupts, a ring each way. When the receive ring is full its interrupt is masked and the rest
// waits in the UART's FIFO of 6 bytes; with RTS wired the sender is then held back, without it bytes beyond are lost
// and the protocol sends them again. The same happens while a page is erased and the CPU stands still (85 ms).
#include "board.h"

#include <stddef.h>

// Powers of two. Received: a window of 960 bytes with its framing. To send: two frames.
enum { RECEIVED_BYTES = 1024, SENDING_BYTES = 512 };

_Static_assert(RECEIVED_BYTES >= 4 * FTTE_FRAME_ENCODED_MAX, "a window with its framing");

// Counts run on; the index into the ring is the count modulo its bytes.
static volatile uint8_t received[RECEIVED_BYTES], sending[SENDING_BYTES];
static volatile uint32_t received_count, read_count, written_count, sent_count;
static volatile bool busy; // a byte is on the line

// nRF52840 PS, "UART", BAUDRATE; codes of the MDK.
#if FTTE_LINK_BAUD == 1000000
#define BAUD_CODE 0x10000000u
#elif FTTE_LINK_BAUD == 921600
#define BAUD_CODE 0x0ebed000u
#elif FTTE_LINK_BAUD == 460800
#define BAUD_CODE 0x075f7000u
#elif FTTE_LINK_BAUD == 230400
#define BAUD_CODE 0x03afb000u
#elif FTTE_LINK_BAUD == 115200
#define BAUD_CODE 0x01d7e000u
#else
#error "link.baud of the board config must be 115200, 230400, 460800, 921600 or 1000000"
#endif

#ifdef FTTE_PIN_CTS
enum { FLOW_CONTROL = UART_CONFIG_HWFC };
#define RTS_PIN FTTE_PIN_RTS
#define CTS_PIN FTTE_PIN_CTS
#else
enum { FLOW_CONTROL = 0 };
#define RTS_PIN UINT32_MAX // not connected
#define CTS_PIN UINT32_MAX
#endif

// GPIO: the pins as the UART wants them ("UART", pin configuration), or a line would float while UART0 is off.
#define GPIO_OUTSET(pin) REGISTER(0x50000508u + ((pin) / 32) * 0x300)
#define GPIO_PIN_CNF(pin) REGISTER(0x50000700u + ((pin) / 32) * 0x300 + 4 * ((pin) % 32))
enum { PIN_OUTPUT = 3, PIN_INPUT_PULLED_UP = 3 << 2, PIN_INPUT_PULLED_DOWN = 1 << 2 };

static void take_output(uint32_t pin) {
    if (pin == UINT32_MAX) return;
    GPIO_OUTSET(pin) = 1u << (pin % 32);
    GPIO_PIN_CNF(pin) = PIN_OUTPUT;
}

void board_link_open(void) {
    take_output(FTTE_PIN_TX);
    take_output(RTS_PIN);
    GPIO_PIN_CNF(FTTE_PIN_RX) = PIN_INPUT_PULLED_UP;
#ifdef FTTE_PIN_CTS
    GPIO_PIN_CNF(FTTE_PIN_CTS) = PIN_INPUT_PULLED_DOWN; // where nobody drives it, the line is clear
#endif
    UART_ENABLE = 0;
    UART_PSEL_TXD = FTTE_PIN_TX;
    UART_PSEL_RXD = FTTE_PIN_RX;
    UART_PSEL_RTS = RTS_PIN;
    UART_PSEL_CTS = CTS_PIN;
    UART_BAUDRATE = BAUD_CODE;
    UART_CONFIG = FLOW_CONTROL;
    UART_ENABLE = UART_ENABLED;
    UART_EVENTS_RXDRDY = 0;
    UART_EVENTS_TXDRDY = 0;
    UART_EVENTS_ERROR = 0;
    UART_TASKS_STARTTX = 1;
    UART_TASKS_STARTRX = 1;
    UART_INTENSET = UART_INT_RXDRDY | UART_INT_TXDRDY;
    NVIC_ENABLE = 1u << IRQ_UART0;
}

bool board_link_waits(void) { return received_count != read_count; }

static void receive(void) {
    while (UART_EVENTS_RXDRDY) {
        if (received_count - read_count == RECEIVED_BYTES) {
            UART_INTENCLR = UART_INT_RXDRDY;
            return;
        }
        UART_EVENTS_RXDRDY = 0; // before the byte is taken: taking it brings the next one
        received[received_count % RECEIVED_BYTES] = (uint8_t)UART_RXD;
        received_count++;
    }
}

static void send(void) {
    if (UART_EVENTS_TXDRDY) {
        UART_EVENTS_TXDRDY = 0;
        busy = false;
    }
    if (busy || sent_count == written_count) return;
    busy = true;
    UART_TXD = sending[sent_count % SENDING_BYTES];
    sent_count++;
}

void board_link_interrupt(void) {
    if (UART_EVENTS_ERROR) {
        UART_EVENTS_ERROR = 0;
        UART_ERRORSRC = UART_ERRORSRC; // an overrun or a broken byte is the frame's checksum's business
    }
    receive();
    send();
}

int ftte_port_link_read(void *buf, size_t cap) {
    uint8_t *to = buf;
    size_t count = 0;
    for (; count < cap && received_count != read_count; count++) {
        to[count] = received[read_count % RECEIVED_BYTES];
        read_count++;
    }
    UART_INTENSET = UART_INT_RXDRDY; // there is room again
    return (int)count;
}

int ftte_port_link_write(const void *buf, size_t bytes) {
    const uint8_t *from = buf;
    size_t count = 0;
    for (; count < bytes && written_count - sent_count < SENDING_BYTES; count++) {
        sending[written_count % SENDING_BYTES] = from[count];
        written_count++;
    }
    __asm volatile("cpsid i" ::: "memory");
    send();
    __asm volatile("cpsie i" ::: "memory");
    return (int)count;
}
