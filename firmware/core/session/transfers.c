// Putting and getting blobs: frames on one side, the store on the other (docs/wire.md draws the exchanges). What a blob
// means is install.c.
#include <string.h>

#include "session/state.h"

#ifdef FTTE_ENGINE_AOT
enum { FIRST_KIND = FTTE_BLOB_KIND_PLAN }; // the kernels are part of the firmware
#else
enum { FIRST_KIND = FTTE_BLOB_KIND_KERNELS };
#endif

// Firmware only where the board has a place for it.
static bool may_put(const struct ftte_session *s, int kind) {
    if (kind == FTTE_BLOB_KIND_FIRMWARE) return s->store.flash->partition_bytes[kind] != 0;
    return kind >= FIRST_KIND && kind <= FTTE_BLOB_KIND_DELTA;
}

// Never samples (but see export.c), nor checkpoint and residual (see commands.c), nor deltas, which are used up.
static bool may_get(int kind) {
    return (kind >= FIRST_KIND && kind <= FTTE_BLOB_KIND_SLICE) || kind == FTTE_BLOB_KIND_UPDATE;
}

static void answer(struct ftte_session *s, const struct ftte_frame *frame, bool nak) {
    const struct ftte_receiver *receiver = &s->receiver;
    struct ftte_put_ack ack = {.have = receiver->have, .window_bytes = FTTE_WINDOW_BYTES, .nak = nak};
    // The prefix's checksum decides about resuming only; computing it for every ack would cost the square of the
    // length.
    if (frame->type == FTTE_FRAME_TYPE_PUT_BEGIN)
        ack.prefix_crc = ftte_store_prefix_crc(&s->store, receiver->kind, receiver->have);
    ftte_outbox_reply(s, frame, &ack, sizeof ack);
}

static void answer_finished(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_put_ack ack = {.have = s->finished.total, .window_bytes = FTTE_WINDOW_BYTES, .done = 1};
    if (s->finished.error < 0)
        ftte_outbox_error(s, frame, s->finished.error, (uint32_t)s->finished.detail);
    else
        ftte_outbox_reply(s, frame, &ack, sizeof ack);
}

// Remembers how a put ended, so that a repeated putEnd gets the same answer.
static void finish(struct ftte_session *s, const struct ftte_frame *frame, struct ftte_finished finished) {
    s->finished = finished;
    s->finished.id = frame->id;
    answer_finished(s, frame);
}

static bool repeats_finished(const struct ftte_session *s, const struct ftte_frame *frame) {
    return s->finished.kind != 0 && frame->id == s->finished.id;
}

static bool held(const struct ftte_session *s, const struct ftte_put_begin *begin) {
    struct ftte_blob blob = ftte_store_get(&s->store, begin->kind);
    return blob.bytes && blob.length == begin->total && memcmp(blob.sha256, begin->sha256, sizeof begin->sha256) == 0;
}

int ftte_transfer_put_begin(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_put_begin begin;
    uint32_t have = 0;
    if (frame->body_bytes < sizeof begin) return FTTE_ERR_ARGUMENT;
    memcpy(&begin, frame->body, sizeof begin);
    if (!may_put(s, begin.kind)) return FTTE_ERR_BLOB_KIND;
    if (s->phase != FTTE_PHASE_NONE) return FTTE_ERR_BUSY;
    if (memcmp(begin.sha256, s->distrusted, sizeof begin.sha256) == 0)
        return begin.kind == FTTE_BLOB_KIND_KERNELS ? FTTE_ERR_GUEST_SELFTEST : FTTE_ERR_GUEST_TIME;
    bool is_held = held(s, &begin);
    int result = ftte_trial_make_way(s, &begin, is_held);
    if (result < 0) return result;
    if (is_held) {
        finish(s, frame, (struct ftte_finished){.kind = begin.kind, .total = begin.total});
        return FTTE_OK;
    }
    ftte_transfer_retract(s, begin.kind);
    ftte_machine_close(s); // its regions may lie in the slot that is now erased
    result = ftte_store_begin(&s->store, begin.kind, begin.total, begin.sha256, &have);
    s->receiver.kind = 0;
    if (result < 0) return result;
    s->finished.kind = 0;
    s->received_trial = begin.trial_seconds;
    ftte_receiver_begin(&s->receiver, frame->id, begin.kind, begin.total, have);
    ftte_log(s, FTTE_LOG_PUT_BEGUN, begin.kind, have, begin.total);
    answer(s, frame, false);
    return FTTE_OK;
}

int ftte_transfer_put_data(struct ftte_session *s, const struct ftte_frame *frame) {
    // A host that does not know that the board restarted is told to begin again; repeats of what was put are nothing.
    if (s->receiver.kind == 0 && !repeats_finished(s, frame)) return FTTE_ERR_STATE;
    switch (ftte_receiver_data(&s->receiver, frame->id, frame->offset, frame->body_bytes)) {
    case FTTE_RECEIVER_IGNORE: return FTTE_OK;
    case FTTE_RECEIVER_NAK: answer(s, frame, true); return FTTE_OK;
    case FTTE_RECEIVER_ACK: answer(s, frame, false); return FTTE_OK;
    case FTTE_RECEIVER_STORE: break;
    }
    int result = ftte_store_append(&s->store, s->receiver.kind, frame->offset, frame->body, frame->body_bytes);
    if (result < 0) s->receiver.kind = 0;
    if (result < 0) return result;
    if (ftte_receiver_stored(&s->receiver, frame->body_bytes, FTTE_WINDOW_BYTES)) answer(s, frame, false);
    return FTTE_OK;
}

static void tell(struct ftte_session *s, const struct ftte_finished *f) {
    uint32_t erases = ftte_store_counters(&s->store).erases;
    if (f->error < 0)
        ftte_log(s, FTTE_LOG_INSTALL_REFUSED, f->kind, (uint32_t)f->error, (uint32_t)f->detail);
    else
        ftte_log(s, FTTE_LOG_INSTALLED, f->kind, f->total, erases);
}

static int commit(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_finished finished = {.kind = s->receiver.kind, .total = s->receiver.total};
    finished.error = ftte_store_commit(&s->store, finished.kind, s->received_trial);
    s->receiver.kind = 0;
    if (finished.error >= 0) finished.error = ftte_install(s, finished.kind, &finished.detail);
    tell(s, &finished);
    finish(s, frame, finished);
    return FTTE_OK;
}

int ftte_transfer_put_end(struct ftte_session *s, const struct ftte_frame *frame) {
    if (repeats_finished(s, frame)) {
        answer_finished(s, frame);
        return FTTE_OK;
    }
    if (s->receiver.kind == 0 || frame->id != s->receiver.id) return FTTE_ERR_STATE;
    if (s->receiver.have == s->receiver.total) return commit(s, frame);
    answer(s, frame, false); // not all there yet: `have` says where to go on
    return FTTE_OK;
}

static int stored_info(const struct ftte_session *s, int kind, struct ftte_get_info *info) {
    if (!may_get(kind)) return FTTE_ERR_BLOB_KIND;
    struct ftte_blob blob = ftte_store_get(&s->store, kind);
    if (!blob.bytes) return FTTE_ERR_BLOB_ABSENT;
    info->total = blob.length;
    memcpy(info->sha256, blob.sha256, sizeof info->sha256);
    return FTTE_OK;
}

int ftte_transfer_get_begin(struct ftte_session *s, const struct ftte_frame *frame) {
    if (frame->body_bytes < sizeof(struct ftte_get_begin)) return FTTE_ERR_ARGUMENT;
    uint8_t kind = frame->body[0];
    struct ftte_get_info info;
    int result = kind == FTTE_BLOB_KIND_EXPORT ? ftte_export_info(s, &info) : stored_info(s, kind, &info);
    if (result < 0) return result;
    ftte_sender_begin(&s->sender, frame->id, kind, info.total, frame->offset, FTTE_WINDOW_BYTES);
    ftte_outbox_reply(s, frame, &info, sizeof info);
    return FTTE_OK;
}

int ftte_transfer_get_ack(struct ftte_session *s, const struct ftte_frame *frame) {
    bool nak = frame->body_bytes > 0 && frame->body[0] != 0;
    ftte_sender_acked(&s->sender, frame->id, frame->offset, nak);
    if (s->sender.acked == s->sender.total) s->sender.kind = 0;
    return FTTE_OK;
}

void ftte_transfer_abort(struct ftte_session *s) {
    // What cannot be forgotten now is found by the next begin, whose hash decides.
    if (s->receiver.kind != 0) (void)ftte_store_abandon(&s->store, s->receiver.kind);
    s->receiver.kind = 0;
    s->finished.kind = 0;
    s->sender.kind = 0;
}

void ftte_transfer_retract(struct ftte_session *s, int kind) {
    if (s->sender.kind == kind) s->sender.kind = 0;
}

static void send_data(struct ftte_session *s, const uint8_t *part, uint32_t bytes) {
    ftte_outbox_send(s, FTTE_FRAME_TYPE_GET_DATA | FTTE_REPLY_FLAG, s->sender.id, s->sender.next, part, bytes);
}

// Sends the next bytes of the blob. False when it is gone.
static bool send_part(struct ftte_session *s, uint32_t bytes) {
    uint8_t part[FTTE_FRAME_BODY_MAX];
    if (s->sender.kind == FTTE_BLOB_KIND_EXPORT) {
        ftte_export_read(s, s->sender.next, part, bytes);
        send_data(s, part, bytes);
        return true;
    }
    const uint8_t *blob = ftte_store_get(&s->store, s->sender.kind).bytes;
    if (blob) send_data(s, blob + s->sender.next, bytes);
    return blob != NULL;
}

bool ftte_transfer_pump(struct ftte_session *s) {
    bool any = false;
    // One frame's room stays for replies.
    while (ftte_outbox_room(s, 2)) {
        uint32_t bytes = ftte_sender_ready(&s->sender);
        if (bytes == 0) return any;
        if (!send_part(s, bytes)) s->sender.kind = 0;
        if (s->sender.kind == 0) return any;
        ftte_sender_sent(&s->sender, bytes);
        any = true;
    }
    return any;
}
