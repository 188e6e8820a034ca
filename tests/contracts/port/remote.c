// See remote.h.
#include "remote.h"

#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "ftte_port.h"

enum { ANSWER_BYTES = 960, MARK_BYTES = sizeof REMOTE_MARK - 1 };

static void write_all(const void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        int taken = ftte_port_link_write((const uint8_t *)bytes + done, count - done);
        if (taken > 0) done += (size_t)taken;
    }
}

static void read_all(void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        int got = ftte_port_link_read((uint8_t *)bytes + done, count - done);
        if (got > 0) done += (size_t)got;
    }
}

static void begin(char kind, size_t count) {
    uint8_t head[MARK_BYTES + 3];
    memcpy(head, REMOTE_MARK, MARK_BYTES);
    head[MARK_BYTES] = (uint8_t)kind;
    head[MARK_BYTES + 1] = (uint8_t)count;
    head[MARK_BYTES + 2] = (uint8_t)(count >> 8);
    write_all(head, sizeof head);
}

void remote_print(const char *text, size_t count) {
    begin('P', count);
    write_all(text, count);
}

static void peer_send(const void *bytes, size_t count) {
    begin('S', count);
    write_all(bytes, count);
}

static size_t peer_receive(void *bytes, size_t cap) {
    uint8_t count[2];
    begin('R', cap < ANSWER_BYTES ? cap : ANSWER_BYTES);
    read_all(count, sizeof count);
    size_t answered = count[0] | (size_t)count[1] << 8;
    read_all(bytes, answered);
    return answered;
}

// QEMU's nRF UART forgets to interrupt after a byte for which its line was blocked, until it is next written to;
// reading the link writes to it.
static void pass(uint32_t ms) {
    uint8_t nothing;
    uint32_t start = ftte_port_clock_ms();
    while (ftte_port_clock_ms() - start < ms) ftte_port_idle(ftte_port_link_read(&nothing, 1) == 0 ? 5 : 0);
}

void remote_flush(void) {
    fflush(stdout);
    pass(50);
}

void remote_rest(void) {
    fflush(stdout);
    for (;;) pass(1000);
}

void remote_contract(void) {
    const struct port_peer peer = {peer_send, peer_receive};
    port_contract(&peer);
    printf("done\n");
}
