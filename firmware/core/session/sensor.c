// Samples into the log: from the sensor, by way of recorder.c, or by sampleAppend. A record is u16 label, two zero
// bytes, the elements as the plan's sample type, padding to 4. Nothing here takes samples out again.
//
// sampleAppend: every frame's body is SampleAppend {label, total} and then elements from the frame's offset on; total
// counts the elements' bytes. Offset 0 begins a sample, the last byte commits it. A frame that is repeated with its id
// does nothing again.
#include <string.h>

#include "digest/crc32.h"
#include "session/state.h"

enum { RECORD_MAX = 16384 };

void ftte_sensor_release(struct ftte_session *s) {
    ftte_pool_free(&s->pool, s->record);
    s->record = NULL;
    s->record_use = FTTE_RECORD_FREE;
    ftte_recorder_restart(s);
}

int ftte_sensor_take(struct ftte_session *s, uint32_t bytes, enum ftte_record_use use) {
    ftte_pool_free(&s->pool, s->record);
    s->record = ftte_pool_alloc(&s->pool, bytes);
    if (!s->record) {
        ftte_machine_close(s);
        s->record = ftte_pool_alloc(&s->pool, bytes);
    }
    s->record_bytes = bytes;
    s->record_have = 0;
    s->record_use = s->record ? use : FTTE_RECORD_FREE;
    return s->record ? FTTE_OK : FTTE_ERR_MEMORY;
}

// The record size that plan or log ask for, 0 when neither does.
static uint32_t wanted_bytes(const struct ftte_session *s) {
    struct ftte_plan_header plan;
    if (ftte_plan_read(s, &plan) >= 0) return ftte_plan_record_bytes(&plan);
    return ftte_store_samples(&s->store) > 0 ? s->store.record_bytes : 0;
}

// Makes the log one of records of this size. Samples of another size are not thrown away for it.
static int open_log(struct ftte_session *s) {
    uint32_t wanted = wanted_bytes(s);
    if (wanted != 0 && wanted != s->record_bytes) return FTTE_ERR_SAMPLE_SIZE;
    if (s->store.record_bytes == s->record_bytes) return FTTE_OK;
    ftte_machine_close(s);
    int result = ftte_store_samples_open(&s->store, s->record_bytes);
    return result == 0 ? FTTE_ERR_SAMPLES_FULL : result;
}

int ftte_sensor_keep(struct ftte_session *s, bool replace) {
    int result = open_log(s);
    if (result < 0) return result;
    ftte_transfer_retract(s, FTTE_BLOB_KIND_EXPORT);
    if (!replace) {
        result = ftte_store_sample_append(&s->store, s->record);
        if (result >= 0) ftte_log(s, FTTE_LOG_SAMPLE_KEPT, ftte_store_samples(&s->store), 0, 0);
        return result;
    }
    uint32_t before = ftte_store_samples(&s->store);
    result = ftte_store_sample_replace(&s->store, s->record);
    uint32_t gone = before + (result >= 0) - ftte_store_samples(&s->store);
    s->recorder.replaced += gone;
    ftte_watch_shift(s, gone);
    if (result >= 0) ftte_log(s, FTTE_LOG_SAMPLE_KEPT, ftte_store_samples(&s->store), 0, 0);
    return result;
}

int ftte_sensor_clear(struct ftte_session *s) {
    ftte_sensor_release(s);
    ftte_transfer_retract(s, FTTE_BLOB_KIND_EXPORT);
    int result = ftte_store_samples_clear(&s->store);
    ftte_watch_begin(s); // who wears the board now?
    return result;
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
    ftte_sensor_release(s);
    int result = ftte_sensor_take(s, bytes, FTTE_RECORD_APPENDED);
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
    if (s->record_use != FTTE_RECORD_APPENDED || frame->offset != s->record_have) return FTTE_ERR_STATE;
    if (head.total != s->record_total || bytes > head.total - frame->offset) return FTTE_ERR_ARGUMENT;
    memcpy(s->record + 4 + frame->offset, frame->body + sizeof head, bytes);
    s->record_have += bytes;
    if (s->record_have < head.total) {
        note(s, frame);
        return FTTE_OK;
    }
    result = ftte_sensor_keep(s, false);
    ftte_sensor_release(s);
    if (result < 0) return result;
    note(s, frame);
    ftte_watch_kept(s);
    return FTTE_OK;
}
