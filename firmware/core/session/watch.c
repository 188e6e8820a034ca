// The anomaly watch of autoencoders: "learn my baseline, tell me what is unusual". A sample's score is its
// reconstruction error by the slice held. The baseline is the running mean and variance of scores; what lies above mean
// plus three standard deviations is unusual, and is counted.
//
// Scores belong to the weights that gave them. Other weights (plan, frozen weights or slice), and a reset, begin a new
// baseline: the board scores the newest samples of its own log while it has nothing else to do, and judges nothing
// until it has enough of them. So no statistics need to survive in flash: the log does. How a score joins is the
// guest's business (firmware/assembly/model/train.ts).
#include <math.h>
#include <string.h>

#include "digest/crc32.h"
#include "session/state.h"

enum { LOG_SCORES = 64 }; // samples of the log that make a new baseline

// True when the board has an autoencoder with its weights, and the guest may be called.
static bool active(const struct ftte_session *s) {
    struct ftte_plan_header plan;
    struct ftte_slice_header slice;
    const uint8_t *values;
    if (s->guest_rests || ftte_plan_read(s, &plan) < 0) return false;
    if (plan.model_kind != FTTE_MODEL_KIND_AUTOENCODER) return false;
    if (s->store.record_bytes != 0 && s->store.record_bytes != ftte_plan_record_bytes(&plan)) return false;
    return ftte_slice_held(s, &slice, &values) && slice.count == plan.slice_count;
}

static uint32_t weights_crc(const struct ftte_session *s) {
    uint32_t parts[3] = {s->slice_crc, ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN).crc,
                         ftte_store_get(&s->store, FTTE_BLOB_KIND_FROZEN).crc};
    return ftte_crc32(0, parts, sizeof parts);
}

void ftte_watch_begin(struct ftte_session *s) {
    struct ftte_watch *watch = &s->watch;
    uint32_t samples = ftte_store_samples(&s->store);
    memset(watch->scores, 0, sizeof watch->scores);
    watch->weights_crc = weights_crc(s);
    watch->end = samples;
    watch->next = samples > LOG_SCORES ? samples - LOG_SCORES : 0;
    s->log_full = false; // a full log keeps no samples, but they can be scored now
}

void ftte_watch_shift(struct ftte_session *s, uint32_t gone) {
    struct ftte_watch *watch = &s->watch;
    watch->next -= gone < watch->next ? gone : watch->next;
    watch->end -= gone < watch->end ? gone : watch->end;
}

void ftte_watch_settle(struct ftte_session *s) {
    if (s->watch.weights_crc != weights_crc(s)) ftte_watch_begin(s);
}

float ftte_watch_threshold(const struct ftte_session *s) {
    const float *scores = s->watch.scores; // count, mean, variance
    if (scores[0] < FTTE_ANOMALY_SCORES) return 0;
    return scores[1] + FTTE_ANOMALY_DEVIATIONS * sqrtf(scores[2] > 0 ? scores[2] : 0);
}

// Score of the sample at guest address `at`, and the statistics that it makes of those in s->watch.
static int observe(struct ftte_session *s, uint32_t at, float *value, const uint8_t **joined) {
    union ftte_value args[2] = {{.u32 = at}, {.i32 = 1}}, result;
    int error = s->started ? FTTE_OK : ftte_machine_start(s, NULL);
    uint8_t *scores = error >= 0 ? ftte_machine_bytes(s, s->plan.anomaly_at, sizeof s->watch.scores) : NULL;
    if (!scores) return error < 0 ? error : FTTE_ERR_PLAN_RANGE;
    memcpy(scores, s->watch.scores, sizeof s->watch.scores);
    error = ftte_machine_call(s, FTTE_GUEST_SCORE, args, &result);
    *value = result.f32;
    *joined = scores;
    return error;
}

// Scores a sample, which joins the baseline. New ones are judged; of the log's, unusual ones were, and are left out.
static int score(struct ftte_session *s, uint32_t at, bool is_new) {
    struct ftte_watch *watch = &s->watch;
    float threshold = ftte_watch_threshold(s), value = 0;
    const uint8_t *joined = NULL;
    int error = observe(s, at, &value, &joined);
    if (error < 0) return error;
    bool unusual = !isfinite(value) || (threshold > 0 && value > threshold);
    if (is_new || !unusual) memcpy(watch->scores, joined, sizeof watch->scores);
    if (!is_new) return FTTE_OK;
    watch->last = value;
    watch->unusual += unusual;
    if (unusual) ftte_log(s, FTTE_LOG_UNUSUAL, ftte_log_f32(value), ftte_log_f32(threshold), watch->unusual);
    return FTTE_OK;
}

// Scores record `index` of the log.
static int score_kept(struct ftte_session *s, uint32_t index, bool is_new) {
    const uint8_t *record = ftte_store_sample(&s->store, index);
    if (!record) return FTTE_ERR_SAMPLES_NONE;
    int error = ftte_machine_open(s, 0);
    if (error >= 0) error = score(s, ftte_machine_sample_at(s, record), is_new);
    if (error < 0) ftte_machine_close(s);
    return error;
}

void ftte_watch_kept(struct ftte_session *s) {
    if (active(s)) (void)score_kept(s, ftte_store_samples(&s->store) - 1, true);
}

bool ftte_watch_passing(struct ftte_session *s, const uint8_t *record, uint32_t bytes) {
    if (!active(s)) return false;
    int error = ftte_machine_open(s, bytes);
    uint32_t at = s->plan_at + s->plan.memory_bytes;
    uint8_t *place = error >= 0 ? ftte_guest_memory(&s->guest, at, bytes) : NULL;
    if (place) {
        memcpy(place, record, bytes);
        error = score(s, at + 4, true);
    }
    if (error < 0) ftte_machine_close(s);
    return true;
}

bool ftte_watch_step(struct ftte_session *s) {
    struct ftte_watch *watch = &s->watch;
    if (watch->next >= watch->end || s->record || !active(s)) return false;
    if (score_kept(s, watch->next, false) < 0) watch->end = 0; // it would not go better with the next one
    watch->next++;
    return true;
}
