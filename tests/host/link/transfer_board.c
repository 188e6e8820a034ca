// A board that can do nothing but transfers: the real frame and transfer code of firmware/core/link over standard input
// and output, with one blob in RAM. No flash, no commands. Kind 4 is put and can be got back as kind 6.
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "digest/crc32.h"
#include "digest/sha256.h"
#include "link/frame.h"
#include "link/transfer.h"

enum { WINDOW = 960, BLOB_MAX = 1 << 20, KIND_PUT = 4, KIND_GET = 6 };

static uint8_t blob[BLOB_MAX], wanted[32];
static struct ftte_receiver receiver;
static struct ftte_sender sender;
static bool done;

static void send(uint8_t type, uint8_t id, uint32_t offset, const void *body, uint32_t bytes) {
    uint8_t out[FTTE_FRAME_ENCODED_MAX];
    int length = ftte_frame_encode(out, type, id, offset, body, bytes);
    for (int at = 0; at < length;) {
        ssize_t taken = write(STDOUT_FILENO, out + at, (size_t)(length - at));
        if (taken <= 0) _exit(0);
        at += (int)taken;
    }
}

static void put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static void answer(uint8_t type, bool nak) {
    uint8_t body[12] = {0};
    put32(body, receiver.have);
    put32(body + 4, ftte_crc32(0, blob, receiver.have));
    body[8] = WINDOW & 0xff;
    body[9] = WINDOW >> 8;
    body[10] = nak;
    body[11] = done;
    send(type | FTTE_REPLY_FLAG, receiver.id, receiver.have, body, sizeof body);
}

static void refuse(uint8_t id, int code) {
    uint8_t body[8] = {0};
    put32(body, (uint32_t)code);
    send(FTTE_REPLY_ERROR, id, 0, body, sizeof body);
}

static void put_begin(const struct ftte_frame *frame) {
    if (frame->body_bytes < 40 || frame->body[0] != KIND_PUT) {
        refuse(frame->id, FTTE_ERR_BLOB_KIND);
        return;
    }
    uint32_t total = 0;
    for (int i = 0; i < 4; i++) total |= (uint32_t)frame->body[4 + i] << (8 * i);
    if (total > BLOB_MAX) {
        refuse(frame->id, FTTE_ERR_BLOB_LONG);
        return;
    }
    bool same = total == receiver.total && memcmp(wanted, frame->body + 8, 32) == 0;
    memcpy(wanted, frame->body + 8, 32);
    if (!same) done = false;
    ftte_receiver_begin(&receiver, frame->id, KIND_PUT, total, same ? receiver.have : 0);
    answer(FTTE_FRAME_TYPE_PUT_BEGIN, false);
}

static void put_data(const struct ftte_frame *frame) {
    switch (ftte_receiver_data(&receiver, frame->id, frame->offset, frame->body_bytes)) {
    case FTTE_RECEIVER_IGNORE: return;
    case FTTE_RECEIVER_NAK: answer(FTTE_FRAME_TYPE_PUT_DATA, true); return;
    case FTTE_RECEIVER_ACK: answer(FTTE_FRAME_TYPE_PUT_DATA, false); return;
    case FTTE_RECEIVER_STORE: break;
    }
    memcpy(blob + frame->offset, frame->body, frame->body_bytes);
    if (ftte_receiver_stored(&receiver, frame->body_bytes, WINDOW)) answer(FTTE_FRAME_TYPE_PUT_DATA, false);
}

static void hash(uint8_t out[32]) {
    struct ftte_sha256 state;
    ftte_sha256_start(&state);
    ftte_sha256_add(&state, blob, receiver.have);
    ftte_sha256_finish(&state, out);
}

static void put_end(const struct ftte_frame *frame) {
    if (frame->id != receiver.id || receiver.kind == 0) {
        refuse(frame->id, FTTE_ERR_STATE);
        return;
    }
    uint8_t got[32];
    hash(got);
    if (receiver.have == receiver.total && memcmp(got, wanted, 32) != 0) {
        receiver = (struct ftte_receiver){0};
        refuse(frame->id, FTTE_ERR_BLOB_HASH);
        return;
    }
    done = receiver.have == receiver.total;
    answer(FTTE_FRAME_TYPE_PUT_END, false);
}

static void get_begin(const struct ftte_frame *frame) {
    if (frame->body_bytes < 4 || frame->body[0] != KIND_GET) {
        refuse(frame->id, FTTE_ERR_BLOB_KIND);
        return;
    }
    if (!done) {
        refuse(frame->id, FTTE_ERR_BLOB_ABSENT);
        return;
    }
    uint8_t body[36];
    put32(body, receiver.total);
    hash(body + 4);
    ftte_sender_begin(&sender, frame->id, KIND_GET, receiver.total, frame->offset, WINDOW);
    send(FTTE_FRAME_TYPE_GET_BEGIN | FTTE_REPLY_FLAG, frame->id, frame->offset, body, sizeof body);
}

static void take(const struct ftte_frame *frame) {
    switch (frame->type) {
    case FTTE_FRAME_TYPE_PUT_BEGIN: put_begin(frame); return;
    case FTTE_FRAME_TYPE_PUT_DATA: put_data(frame); return;
    case FTTE_FRAME_TYPE_PUT_END: put_end(frame); return;
    case FTTE_FRAME_TYPE_GET_BEGIN: get_begin(frame); return;
    case FTTE_FRAME_TYPE_GET_ACK:
        ftte_sender_acked(&sender, frame->id, frame->offset, frame->body_bytes > 0 && frame->body[0] != 0);
        return;
    case FTTE_FRAME_TYPE_ABORT:
        receiver = (struct ftte_receiver){0};
        send(FTTE_FRAME_TYPE_ABORT | FTTE_REPLY_FLAG, frame->id, 0, NULL, 0);
        return;
    default: refuse(frame->id, FTTE_ERR_COMMAND_UNKNOWN); return;
    }
}

int main(void) {
    static struct ftte_frame_parser parser;
    static uint8_t in[4096];
    for (;;) {
        uint32_t ready = ftte_sender_ready(&sender);
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, ready > 0 ? 0 : -1) > 0) {
            ssize_t count = read(STDIN_FILENO, in, sizeof in);
            if (count <= 0) return 0;
            struct ftte_frame frame;
            for (ssize_t i = 0; i < count; i++)
                if (ftte_frame_push(&parser, in[i], &frame) == 1) take(&frame);
        } else if (ready > 0) {
            send(FTTE_FRAME_TYPE_GET_DATA | FTTE_REPLY_FLAG, sender.id, sender.next, blob + sender.next, ready);
            ftte_sender_sent(&sender, ready);
        }
    }
}
