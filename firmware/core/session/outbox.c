// Encoded frames that wait for the link. Commands are only read while a reply has room, so that no reply is lost: a
// host that does not read is not listened to, and training goes on.
#include <string.h>

#include "session/state.h"

bool ftte_outbox_room(const struct ftte_session *s, int frames) {
    return FTTE_OUTBOX_BYTES - s->outbox_count >= frames * (int)FTTE_FRAME_ENCODED_MAX;
}

void ftte_outbox_send(struct ftte_session *s, uint8_t type, uint8_t id, uint32_t offset, const void *body,
                      uint32_t bytes) {
    if (!ftte_outbox_room(s, 1)) return; // callers asked before
    int length = ftte_frame_encode(s->outbox + s->outbox_count, type, id, offset, body, bytes);
    if (length > 0) s->outbox_count = (uint16_t)(s->outbox_count + length);
}

void ftte_outbox_reply(struct ftte_session *s, const struct ftte_frame *frame, const void *body, uint32_t bytes) {
    ftte_outbox_send(s, frame->type | FTTE_REPLY_FLAG, frame->id, frame->offset, body, bytes);
}

void ftte_outbox_error(struct ftte_session *s, const struct ftte_frame *frame, int code, uint32_t detail) {
    struct ftte_error_reply reply = {.code = code, .detail = detail};
    s->errors++;
    ftte_outbox_send(s, FTTE_REPLY_ERROR, frame->id, frame->offset, &reply, sizeof reply);
}

bool ftte_outbox_flush(struct ftte_session *s) {
    if (s->outbox_count == 0) return false;
    int taken = ftte_port_link_write(s->outbox, s->outbox_count);
    if (taken < 0) s->outbox_count = 0; // nobody is there to read it; the host asks again when it is back
    if (taken <= 0) return false;
    s->outbox_count = (uint16_t)(s->outbox_count - taken);
    memmove(s->outbox, s->outbox + taken, s->outbox_count);
    return true;
}
