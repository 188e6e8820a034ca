// The log: what happens on the board, as messages of firmware/spec/log.json. It is kept in a ring whether or not a host
// listens, so that one that comes later learns how the board started; it is sent when a host asked for it, in frames of
// the board's own, and only where neither replies nor blobs want the room. A host that no longer asks is forgotten:
// what a UART cannot tell, that nobody is there, must not fill a line that another host will read.
#include <string.h>

#include "session/state.h"

enum { LEASE_MS = 10000 }; // how long a request counts

void ftte_log_open(struct ftte_session *s) { s->log.level = FTTE_LOG_LEVEL_INFO; }

void ftte_log(struct ftte_session *s, enum ftte_log_message message, uint32_t a, uint32_t b, uint32_t c) {
    struct ftte_log_entry entry = {.code = (uint8_t)message, .level = (uint8_t)(message >> 8), .a = a, .b = b, .c = c};
    if (entry.level > s->log.level) return;
    entry.ms = ftte_port_clock_ms();
    ftte_log_ring_write(&s->log.ring, &entry);
}

uint32_t ftte_log_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void ftte_log_forget_host(struct ftte_session *s) {
    s->log.wanted = false;
    s->log.level = FTTE_LOG_LEVEL_INFO;
}

int ftte_log_ask(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_log_request request;
    if (frame->body_bytes < sizeof request) return FTTE_ERR_ARGUMENT;
    memcpy(&request, frame->body, sizeof request);
    if (request.level > FTTE_LOG_LEVEL_DEBUG) return FTTE_ERR_ARGUMENT;
    ftte_log_forget_host(s);
    s->log.wanted = request.level != FTTE_LOG_LEVEL_OFF;
    if (s->log.wanted) s->log.level = request.level;
    s->log.asked_ms = ftte_port_clock_ms();
    // A host that has not noticed a restart counts the entries of another start.
    ftte_log_ring_rewind(&s->log.ring, request.resets == ftte_health_resets(s) ? request.from : 0);
    struct ftte_log_state state = {.next = s->log.ring.written, .clock_ms = s->log.asked_ms, .level = s->log.level};
    state.resets = ftte_health_resets(s);
    ftte_outbox_reply(s, frame, &state, sizeof state);
    return FTTE_OK;
}

bool ftte_log_push(struct ftte_session *s) {
    const struct ftte_log_entry *entries;
    if (!s->log.wanted) return false;
    if (ftte_port_clock_ms() - s->log.asked_ms > LEASE_MS) ftte_log_forget_host(s);
    uint32_t count = ftte_log_ring_ready(&s->log.ring, &entries);
    if (!s->log.wanted || count == 0 || !ftte_outbox_room(s, 3)) return false;
    ftte_outbox_send(s, FTTE_FRAME_TYPE_LOG | FTTE_REPLY_FLAG, 0, s->log.ring.next, entries, count * sizeof *entries);
    ftte_log_ring_sent(&s->log.ring, count);
    return true;
}
