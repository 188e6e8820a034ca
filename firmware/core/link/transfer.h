// Chunked, resumable transfers over frames, both directions, as pure state: the session passes frames in and gets
// frames to send and bytes to store. docs/wire.md draws the exchanges.
//
// Receiving: putBegin → putAck{have, prefixCrc}; putData at `have` advances, past it is answered once with
// putAck{nak}, before it with putAck; an ack is sent at least every half window and at the end; putEnd → putAck{done}
// or an error. Sending: getBegin(offset) → getInfo, then getData frames from that offset while offset - acked < window;
// getAck(offset) opens the window; getAck with nak moves back. Lost frames are asked for again by the host's timer: the
// board keeps none.
#ifndef FTTE_TRANSFER_H
#define FTTE_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "spec.gen.h"

struct ftte_receiver {
    uint8_t id;   // of the putBegin; frames with another id are not ours
    uint8_t kind; // enum ftte_blob_kind, 0 = none
    uint32_t total, have, acked;
    bool gap; // a nak for `have` was sent and not yet answered
};

enum ftte_receiver_action {
    FTTE_RECEIVER_IGNORE, // not ours, or past a gap that was answered: nothing to do
    FTTE_RECEIVER_STORE,  // append the body at `have`, then call ftte_receiver_stored
    FTTE_RECEIVER_NAK,    // a gap: send putAck with nak set
    FTTE_RECEIVER_ACK     // a repeat, so an ack was lost: send putAck without nak, which makes nobody go back
};

void ftte_receiver_begin(struct ftte_receiver *receiver, uint8_t id, uint8_t kind, uint32_t total, uint32_t have);
enum ftte_receiver_action ftte_receiver_data(struct ftte_receiver *receiver, uint8_t id, uint32_t offset,
                                             uint32_t bytes);
// True when an ack is due after `bytes` more were stored.
bool ftte_receiver_stored(struct ftte_receiver *receiver, uint32_t bytes, uint32_t window);

struct ftte_sender {
    uint8_t id;
    uint8_t kind; // 0 = none
    uint32_t total, next, acked, window;
};

void ftte_sender_begin(struct ftte_sender *sender, uint8_t id, uint8_t kind, uint32_t total, uint32_t offset,
                       uint32_t window);
// Bytes that the next getData may carry at sender->next (0: window closed or finished).
uint32_t ftte_sender_ready(const struct ftte_sender *sender);
void ftte_sender_sent(struct ftte_sender *sender, uint32_t bytes);
void ftte_sender_acked(struct ftte_sender *sender, uint8_t id, uint32_t offset, bool nak);

#endif
