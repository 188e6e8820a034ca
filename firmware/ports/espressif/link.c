// The link: a ring each way before the UART's FIFOs. Reception goes on while flash is written, as all that it needs is
// in RAM. There is no flow control: bytes that come when ring and FIFO are full are lost, and the protocol's window is
// no larger than the ring.
#include "esp.h"

// Powers of two. Received: a window of 960 bytes with its framing. To send: two frames.
enum { RECEIVED_BYTES = 1024, SENDING_BYTES = 512 };

_Static_assert(RECEIVED_BYTES >= 4 * FTTE_FRAME_ENCODED_MAX, "a window with its framing");

// Counts run on; the index into the ring is the count modulo its bytes.
static volatile uint8_t received[RECEIVED_BYTES], sending[SENDING_BYTES];
static volatile uint32_t received_count, read_count, written_count, sent_count;

ESP_RAM void esp_link_interrupt(void) {
    while (received_count - read_count < RECEIVED_BYTES && esp_uart_waiting() > 0) {
        received[received_count % RECEIVED_BYTES] = esp_uart_take();
        received_count++;
    }
    while (sent_count != written_count && esp_uart_room() > 0) {
        esp_uart_put(sending[sent_count % SENDING_BYTES]);
        sent_count++;
    }
    esp_uart_listen(received_count - read_count < RECEIVED_BYTES, sent_count != written_count);
}

// What the interrupt would do, at once.
static void serve(void) {
    uint32_t state = esp_soc_mask();
    esp_link_interrupt();
    esp_soc_unmask(state);
}

void esp_link_open(void) {
    esp_uart_open();
    serve();
}

bool esp_link_waits(void) {
    if (received_count == read_count) serve();
    return received_count != read_count;
}

int ftte_port_link_read(void *buf, size_t cap) {
    uint8_t *to = buf;
    size_t count = 0;
    serve();
    for (; count < cap && received_count != read_count; count++) {
        to[count] = received[read_count % RECEIVED_BYTES];
        read_count++;
    }
    return (int)count;
}

int ftte_port_link_write(const void *buf, size_t bytes) {
    const uint8_t *from = buf;
    size_t count = 0;
    for (; count < bytes && written_count - sent_count < SENDING_BYTES; count++) {
        sending[written_count % SENDING_BYTES] = from[count];
        written_count++;
    }
    serve();
    return (int)count;
}
