// UART 0 of the ESP32, on the pins where the ROM has it: U0TXD is GPIO1, U0RXD is GPIO3.
//
// Registers: ESP-IDF v5.5, components/soc/esp32/register/soc/uart_reg.h; how the FIFO must be treated:
// components/hal/esp32/include/hal/uart_ll.h (written through the AHB bus, read through the APB bus, counted by its
// pointers).
#include "esp.h"

#define UART_FIFO REGISTER(0x3ff40000u)
#define UART_FIFO_AHB REGISTER(0x60000000u)
#define UART_INT_ENA REGISTER(0x3ff4000cu)
#define UART_INT_CLR REGISTER(0x3ff40010u)
#define UART_CLKDIV REGISTER(0x3ff40014u) // sixteenths in bits 20 to 23
#define UART_STATUS REGISTER(0x3ff4001cu) // received in bits 0 to 7, to send in bits 16 to 23
#define UART_CONF0 REGISTER(0x3ff40020u)
#define UART_CONF1 REGISTER(0x3ff40024u)
#define UART_MEM_RX_STATUS REGISTER(0x3ff40060u) // read at in bits 2 to 12, written at in bits 13 to 23
#define UART_8N1 (3u << 2 | 1u << 4)             // in CONF0: BIT_NUM, STOP_BIT_NUM
#define UART_APB_CLOCK (1u << 27)                // in CONF0: TICK_REF_ALWAYS_ON
#define UART_TIMEOUT (1u << 31 | 3u << 24)       // in CONF1: after 3 times 8 bits
enum {
    INT_RECEIVED = 1 << 0 | 1 << 8, // RXFIFO_FULL, RXFIFO_TOUT
    INT_ROOM = 1 << 1,              // TXFIFO_EMPTY
    FIFO_BYTES = 128,
    RECEIVED_LEVEL = 64, // interrupt at so many, 0.7 ms before the FIFO is full at 921600 baud
    SENDING_LEVEL = 32,
    APB_HZ = 40000000 // soc.c
};

#if defined(FTTE_PIN_TX) && (FTTE_PIN_TX != 1 || FTTE_PIN_RX != 3)
#error "the ESP32's UART 0 is driven on GPIO1 (tx) and GPIO3 (rx)"
#endif

void esp_uart_open(void) {
    uint32_t sixteenths = (uint32_t)(APB_HZ * 16ull / FTTE_LINK_BAUD);
    while (UART_STATUS >> 16 & 0xff) {
    } // the ROM's greeting
    UART_INT_ENA = 0;
    UART_CLKDIV = sixteenths >> 4 | (sixteenths & 15) << 20;
    UART_CONF0 = UART_8N1 | UART_APB_CLOCK;
    UART_CONF1 = UART_TIMEOUT | SENDING_LEVEL << 8 | RECEIVED_LEVEL;
}

ESP_RAM uint32_t esp_uart_waiting(void) {
    uint32_t pointers = UART_MEM_RX_STATUS, read = pointers >> 2 & 0x7ff, written = pointers >> 13 & 0x7ff;
    if (written == read) return (UART_STATUS & 0xff) > 0 ? FIFO_BYTES : 0;
    return written > read ? written - read : written + FIFO_BYTES - read;
}

ESP_RAM uint8_t esp_uart_take(void) { return (uint8_t)UART_FIFO; }

ESP_RAM uint32_t esp_uart_room(void) { return FIFO_BYTES - 1 - (UART_STATUS >> 16 & 0xff); }

ESP_RAM void esp_uart_put(uint8_t byte) { UART_FIFO_AHB = byte; }

ESP_RAM void esp_uart_listen(bool received, bool room) {
    UART_INT_CLR = INT_RECEIVED | INT_ROOM;
    UART_INT_ENA = (received ? INT_RECEIVED : 0) | (room ? INT_ROOM : 0);
}
