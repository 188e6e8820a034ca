// Transfers as pure state (transfer.h). Knows no frame layout, no flash and no clock.
#include "link/transfer.h"

void ftte_receiver_begin(struct ftte_receiver *receiver, uint8_t id, uint8_t kind, uint32_t total, uint32_t have) {
    *receiver = (struct ftte_receiver){.id = id, .kind = kind, .total = total, .have = have, .acked = have};
}

enum ftte_receiver_action ftte_receiver_data(struct ftte_receiver *receiver, uint8_t id, uint32_t offset,
                                             uint32_t bytes) {
    if (receiver->kind == 0 || id != receiver->id || bytes == 0) return FTTE_RECEIVER_IGNORE;
    if (offset > receiver->total || bytes > receiver->total - offset) return FTTE_RECEIVER_IGNORE;
    if (offset == receiver->have) return FTTE_RECEIVER_STORE;
    if (offset < receiver->have) return FTTE_RECEIVER_ACK;
    if (receiver->gap) return FTTE_RECEIVER_IGNORE;
    receiver->gap = true;
    return FTTE_RECEIVER_NAK;
}

bool ftte_receiver_stored(struct ftte_receiver *receiver, uint32_t bytes, uint32_t window) {
    receiver->have += bytes;
    receiver->gap = false;
    if (receiver->have != receiver->total && receiver->have - receiver->acked < window / 2) return false;
    receiver->acked = receiver->have;
    return true;
}

void ftte_sender_begin(struct ftte_sender *sender, uint8_t id, uint8_t kind, uint32_t total, uint32_t offset,
                       uint32_t window) {
    if (offset > total) offset = total;
    *sender = (struct ftte_sender){id, kind, total, offset, offset, window};
}

uint32_t ftte_sender_ready(const struct ftte_sender *sender) {
    if (sender->kind == 0) return 0;
    uint32_t flying = sender->next - sender->acked, left = sender->total - sender->next;
    uint32_t room = flying < sender->window ? sender->window - flying : 0;
    uint32_t bytes = room < left ? room : left;
    return bytes < FTTE_FRAME_BODY_MAX ? bytes : FTTE_FRAME_BODY_MAX;
}

void ftte_sender_sent(struct ftte_sender *sender, uint32_t bytes) { sender->next += bytes; }

void ftte_sender_acked(struct ftte_sender *sender, uint8_t id, uint32_t offset, bool nak) {
    if (sender->kind == 0 || id != sender->id) return;
    if (offset < sender->acked || offset > sender->total) return; // an old one, overtaken
    sender->acked = offset;
    // After moving back, a late ack may be ahead of `next`: the host has those bytes.
    if (nak || sender->next < offset) sender->next = offset;
}
