// UART 0 of the ESP32-C3 and the ESP32-S3, on the pins where the ROM has it.
//
// Registers: ESP-IDF v5.5, components/soc/<chip>/register/soc/uart_reg.h.
#include "chip.h"
#include "esp.h"

#define UART_FIFO REGISTER(0x60000000u)
#define UART_INT_ENA REGISTER(0x6000000cu)
#define UART_INT_CLR REGISTER(0x60000010u)
#define UART_CLKDIV REGISTER(0x60000014u) // sixteenths in bits 20 to 23
#define UART_STATUS REGISTER(0x6000001cu) // received in bits 0 to 9, to send in bits 16 to 25
#define UART_CONF0 REGISTER(0x60000020u)
#define UART_CONF1 REGISTER(0x60000024u)
#define UART_MEM_CONF REGISTER(0x60000060u)
#define UART_CLK_CONF REGISTER(0x60000078u)
#define UART_FIFO_RESET (1u << 17 | 1u << 18)                   // in CONF0: received, to send
#define UART_8N1 (3u << 2 | 1u << 4)                            // in CONF0: BIT_NUM, STOP_BIT_NUM
#define UART_MEMORY_CLOCK (1u << 28)                            // in CONF0
#define UART_CLOCKS (1u << 25 | 1u << 24 | 1u << 22 | 3u << 20) // RX_SCLK_EN, TX_SCLK_EN, SCLK_EN; SCLK_SEL: crystal
enum {
    INT_RECEIVED = 1 << 0 | 1 << 8, // RXFIFO_FULL, RXFIFO_TOUT
    INT_ROOM = 1 << 1,              // TXFIFO_EMPTY
    FIFO_BYTES = 128,
    RECEIVED_LEVEL = 64, // interrupt at so many, 0.7 ms before the FIFO is full at 921600 baud
    SENDING_LEVEL = 32,
    CRYSTAL_HZ = 40000000
};

#ifdef FTTE_PIN_TX
_Static_assert(FTTE_PIN_TX == PIN_U0TXD && FTTE_PIN_RX == PIN_U0RXD,
               "the board's link must be on the UART 0 of its ROM");
#endif

void esp_uart_open(void) {
    uint32_t sixteenths = (uint32_t)(CRYSTAL_HZ * 16ull / FTTE_LINK_BAUD);
    while (UART_STATUS >> 16 & 0x3ff) {
    } // the ROM's greeting
    UART_INT_ENA = 0;
    UART_CLK_CONF = UART_CLOCKS;
    UART_CLKDIV = sixteenths >> 4 | (sixteenths & 15) << 20;
    UART_CONF0 = UART_8N1 | UART_MEMORY_CLOCK | UART_FIFO_RESET;
    UART_CONF0 = UART_8N1 | UART_MEMORY_CLOCK;
    UART_MEM_CONF = (UART_MEM_CONF & ~UART_TIMEOUT_BITS(0x3ffu)) | UART_TIMEOUT_BITS(20u);
    UART_CONF1 = UART_TIMEOUT | UART_SENDING_LEVEL(SENDING_LEVEL) | RECEIVED_LEVEL;
}

ESP_RAM uint32_t esp_uart_waiting(void) { return UART_STATUS & 0x3ff; }

ESP_RAM uint8_t esp_uart_take(void) { return (uint8_t)UART_FIFO; }

ESP_RAM uint32_t esp_uart_room(void) { return FIFO_BYTES - 1 - (UART_STATUS >> 16 & 0x3ff); }

ESP_RAM void esp_uart_put(uint8_t byte) { UART_FIFO = byte; }

ESP_RAM void esp_uart_listen(bool received, bool room) {
    UART_INT_CLR = INT_RECEIVED | INT_ROOM;
    UART_INT_ENA = (received ? INT_RECEIVED : 0) | (room ? INT_ROOM : 0);
}
