// Recording what the host labels, for a time: capture. What sensor and log are like, and how many samples of each label
// the log holds: sensorInfo. The samples themselves are told to nobody.
//
// capture: {label, window, hop, durationMs}; duration 0 ends one. A second one takes the place of the first. The reply
// to both commands is SensorInfo and then as many LabelCounts as fit, in rising order from the label on that is the
// request's offset; so a host asks again behind the last label until none comes.
#include <string.h>

#include "session/state.h"

enum { COUNTS = (FTTE_FRAME_BODY_MAX - sizeof(struct ftte_sensor_info)) / sizeof(struct ftte_label_count) };

struct reply {
    struct ftte_sensor_info info;
    struct ftte_label_count counts[COUNTS];
};
_Static_assert(sizeof(struct reply) <= FTTE_FRAME_BODY_MAX, "the reply fits a frame");

// ---- telling ----

// Adds one of `label` to the counts, which are the lowest labels in rising order. Returns how many there are.
static uint32_t count_one(struct ftte_label_count *counts, uint32_t used, uint16_t label) {
    uint32_t at = 0;
    while (at < used && counts[at].label < label) at++;
    if (at < used && counts[at].label == label) {
        counts[at].count++;
        return used;
    }
    if (at == COUNTS) return used;
    if (used == COUNTS) used--;
    memmove(counts + at + 1, counts + at, (used - at) * sizeof *counts);
    counts[at] = (struct ftte_label_count){.label = label, .count = 1};
    return used + 1;
}

// Counts labels from `least` on. A label that was crowded out by lower ones is not among them.
static uint32_t count_labels(const struct ftte_session *s, uint32_t least, struct ftte_label_count *counts) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < ftte_store_samples(&s->store); i++) {
        uint16_t label;
        const uint8_t *record = ftte_store_sample(&s->store, i);
        if (!record) return used;
        memcpy(&label, record, sizeof label);
        if (label >= least) used = count_one(counts, used, label);
    }
    return used;
}

static uint32_t left_ms(const struct ftte_recorder *r) {
    uint32_t passed = ftte_port_clock_ms() - r->begin_ms;
    if (!r->capturing || passed >= r->capture.duration_ms) return r->capturing;
    return r->capture.duration_ms - passed;
}

static struct ftte_sensor_info info_of(const struct ftte_session *s) {
    const struct ftte_recorder *r = &s->recorder;
    const struct ftte_sensor *sensor = ftte_port_sensor();
    struct ftte_sensor_info info = {
        .label = r->capturing ? r->capture.label : FTTE_LABEL_NONE,
        .window = (uint16_t)r->window,
        .hop = (uint16_t)r->hop,
        .left_ms = left_ms(r),
        .kept = r->kept,
        .replaced = r->replaced,
        .gaps = r->gaps,
        .error = r->error,
        .samples = ftte_store_samples(&s->store),
        .record_bytes = s->store.record_bytes,
    };
    if (!sensor) return info;
    strncpy((char *)info.name, sensor->name, sizeof info.name - 1);
    info.rate_milli_hz = sensor->rate_mhz;
    info.elements = sensor->elements;
    info.type = sensor->type;
    info.state = r->state == FTTE_SENSOR_STATE_NONE ? FTTE_SENSOR_STATE_OFF : r->state;
    return info;
}

int ftte_capture_tell(struct ftte_session *s, const struct ftte_frame *frame) {
    struct reply reply = {.info = info_of(s)};
    uint32_t used = count_labels(s, frame->offset, reply.counts);
    ftte_outbox_reply(s, frame, &reply, (uint32_t)(sizeof reply.info + used * sizeof *reply.counts));
    return FTTE_OK;
}

// ---- capturing ----

static int begin(struct ftte_session *s, const struct ftte_capture *capture) {
    struct ftte_plan_header plan;
    const struct ftte_sensor *sensor = ftte_port_sensor();
    if (!sensor) return FTTE_ERR_SENSOR_ABSENT;
    if (s->phase != FTTE_PHASE_NONE) return FTTE_ERR_BUSY;
    if (capture->hop == 0 || capture->label == FTTE_LABEL_NONE) return FTTE_ERR_ARGUMENT;
    uint32_t bytes = ftte_recorder_record_bytes(sensor, capture->window);
    if (bytes == 0) return FTTE_ERR_ARGUMENT;
    if (ftte_store_samples(&s->store) > 0 && s->store.record_bytes != bytes) return FTTE_ERR_SAMPLE_SIZE;
    bool planned = ftte_plan_read(s, &plan) >= 0;
    if (planned && plan.sample_type != sensor->type) return FTTE_ERR_SAMPLE_SIZE;
    if (planned && plan.input_elements != capture->window * sensor->elements) return FTTE_ERR_SAMPLE_SIZE;
    ftte_sensor_release(s);
    s->recorder.capturing = true;
    s->recorder.capture = *capture;
    s->recorder.begin_ms = ftte_port_clock_ms();
    s->recorder.kept = s->recorder.replaced = s->recorder.gaps = 0;
    s->recorder.error = FTTE_OK;
    return FTTE_OK;
}

// A frame that is repeated because its reply was lost begins nothing anew.
static bool repeated(const struct ftte_session *s, const struct ftte_frame *frame) {
    const struct ftte_recorder *r = &s->recorder;
    return r->capturing && frame->id == r->capture_id && memcmp(frame->body, &r->capture, sizeof r->capture) == 0;
}

int ftte_capture_run(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_capture capture;
    if (frame->body_bytes < sizeof capture) return FTTE_ERR_ARGUMENT;
    memcpy(&capture, frame->body, sizeof capture);
    int result = FTTE_OK;
    if (capture.duration_ms == 0) {
        s->recorder.capturing = false;
        ftte_sensor_release(s);
    } else if (!repeated(s, frame)) {
        result = begin(s, &capture);
        s->recorder.capture_id = frame->id;
    }
    return result < 0 ? result : ftte_capture_tell(s, frame);
}
