// Samples into the log: from the port's sensor while the board is idle, or by sampleAppend. A record is u16 label, two
// zero bytes, the elements as the plan's sample type, padding to 4. Nothing here, and no command, takes samples out
// again. When the log is full the sensor's samples are only watched (watch.c).
//
// sampleAppend: every frame's body is SampleAppend {label, total} and then elements from the frame's offset on; total
// counts the elements' bytes. Offset 0 begins a sample, the last byte commits it. A frame that is repeated with its id
// does nothing again.
#include <string.h>

#include "digest/crc32.h"
#include "session/state.h"

enum { RECORD_GUESS = 64, RECORD_MAX = 16384 };

void ftte_sensor_release(struct ftte_session *s) {
    ftte_pool_free(&s->pool, s->record);
    s->record = NULL;
}

// A buffer from the pool; a guest that only watches for anomalies makes room for it.
static int take_buffer(struct ftte_session *s, uint32_t bytes) {
    ftte_sensor_release(s);
    s->record = ftte_pool_alloc(&s->pool, bytes);
    if (!s->record) {
        ftte_machine_close(s);
        s->record = ftte_pool_alloc(&s->pool, bytes);
    }
    s->record_bytes = bytes;
    s->record_have = 0;
    return s->record ? FTTE_OK : FTTE_ERR_MEMORY;
}

// The record size that plan or log ask for, 0 when neither does.
static uint32_t wanted_bytes(const struct ftte_session *s) {
    struct ftte_plan_header plan;
    if (ftte_plan_read(s, &plan) >= 0) return ftte_plan_record_bytes(&plan);
    return ftte_store_samples(&s->store) > 0 ? s->store.record_bytes : 0;
}

// ---- into the log ----

// Appends s->record, which stays.
static int keep(struct ftte_session *s) {
    uint32_t wanted = wanted_bytes(s);
    int result = FTTE_OK;
    if (wanted != 0 && wanted != s->record_bytes) result = FTTE_ERR_SAMPLE_SIZE;
    if (result >= 0 && s->store.record_bytes != s->record_bytes) {
        ftte_machine_close(s);
        result = ftte_store_samples_open(&s->store, s->record_bytes);
        if (result == 0) result = FTTE_ERR_SAMPLES_FULL;
    }
    if (result >= 0) result = ftte_store_sample_append(&s->store, s->record);
    if (result >= 0) ftte_log(s, FTTE_LOG_SAMPLE_KEPT, ftte_store_samples(&s->store), 0, 0);
    return result;
}

int ftte_sensor_clear(struct ftte_session *s) {
    ftte_sensor_release(s);
    int result = ftte_store_samples_clear(&s->store);
    ftte_watch_begin(s); // who wears the board now?
    return result;
}

// Asks the port with a buffer of `bytes`. Returns the sample's bytes, 0 or an error.
static int ask(struct ftte_session *s, uint32_t bytes) {
    int result = take_buffer(s, bytes);
    return result < 0 ? result : ftte_port_sample_read(s->record, bytes);
}

// What the sensor gave: a sample that does not fit the plan is dropped.
static void take(struct ftte_session *s) {
    int result = keep(s);
    if (result == FTTE_ERR_SAMPLES_FULL) s->log_full = !ftte_watch_passing(s, s->record, s->record_bytes);
    if (s->log_full) ftte_log(s, FTTE_LOG_SAMPLES_FULL, ftte_store_samples(&s->store), 0, 0);
    ftte_sensor_release(s);
    if (result >= 0) ftte_watch_kept(s);
}

bool ftte_sensor_poll(struct ftte_session *s) {
    uint32_t bytes = wanted_bytes(s);
    if (s->log_full || s->record) return false;
    bool known = bytes != 0;
    if (!known) bytes = RECORD_GUESS;
    int got = ask(s, bytes);
    while (got == FTTE_ERR_SAMPLE_SIZE && !known && bytes < RECORD_MAX) got = ask(s, bytes *= 2);
    if (got > 0) {
        s->sensor_seen = true;
        s->record_bytes = (uint32_t)got;
        take(s);
        return true;
    }
    ftte_sensor_release(s);
    return false;
}

// ---- sampleAppend ----

// True when the frame was the last one to be taken; its reply was lost.
static bool repeated(const struct ftte_session *s, const struct ftte_frame *frame) {
    return s->appended_id != 0 && frame->id == s->appended_id && frame->offset == s->appended_offset &&
           ftte_crc32(0, frame->body, frame->body_bytes) == s->appended_crc;
}

static void note(struct ftte_session *s, const struct ftte_frame *frame) {
    s->appended_id = frame->id;
    s->appended_offset = frame->offset;
    s->appended_crc = ftte_crc32(0, frame->body, frame->body_bytes);
}

static int begin_sample(struct ftte_session *s, const struct ftte_sample_append *head) {
    uint32_t wanted = wanted_bytes(s), bytes = 4 + ((head->total + 3) & ~3u);
    if (head->total == 0 || head->total > RECORD_MAX) return FTTE_ERR_SAMPLE_SIZE;
    if (wanted != 0 && wanted != bytes) return FTTE_ERR_SAMPLE_SIZE;
    int result = take_buffer(s, bytes);
    if (result < 0) return result;
    memcpy(s->record, &head->label, sizeof head->label);
    s->record_total = head->total;
    return FTTE_OK;
}

int ftte_sensor_append(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_sample_append head;
    if (frame->body_bytes <= sizeof head) return FTTE_ERR_ARGUMENT;
    if (repeated(s, frame)) return FTTE_OK;
    memcpy(&head, frame->body, sizeof head);
    uint32_t bytes = frame->body_bytes - (uint32_t)sizeof head;
    int result = frame->offset == 0 ? begin_sample(s, &head) : FTTE_OK;
    if (result < 0) return result;
    if (!s->record || frame->offset != s->record_have) return FTTE_ERR_STATE;
    if (head.total != s->record_total || bytes > head.total - frame->offset) return FTTE_ERR_ARGUMENT;
    memcpy(s->record + 4 + frame->offset, frame->body + sizeof head, bytes);
    s->record_have += bytes;
    if (s->record_have < head.total) {
        note(s, frame);
        return FTTE_OK;
    }
    result = keep(s);
    ftte_sensor_release(s);
    if (result < 0) return result;
    note(s, frame);
    ftte_watch_kept(s);
    return FTTE_OK;
}
