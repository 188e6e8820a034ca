// The anomaly watch of autoencoders: "learn my baseline, tell me what is unusual". A sample's score is its
// reconstruction error by the slice held. The baseline is the running mean and variance of scores; what lies above mean
// plus three standard deviations is unusual, and is counted.
//
// Scores belong to the weights that gave them. Other weights (plan, frozen weights or slice), and a reset, begin a new
// baseline: the board scores the newest samples of its own log while it has nothing else to do, and judges nothing
// until it has 16 scores. So no statistics need to survive in flash: the log does. An unusual sample does not join the
// baseline, or a few of them would hide the next; many in a row are the new usual, and join.
#include <math.h>
#include <string.h>

#include "digest/crc32.h"
#include "session/state.h"

enum {
    SCORES_BEFORE_ALARM = 16,
    LOG_SCORES = 64,      // samples of the log that make a new baseline
    UNUSUAL_IN_A_ROW = 32 // after so many they are the new usual
};

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
    watch->in_a_row = 0;
    watch->end = samples;
    watch->next = samples > LOG_SCORES ? samples - LOG_SCORES : 0;
    s->log_full = false; // a full log keeps no samples, but they can be scored now
}

void ftte_watch_settle(struct ftte_session *s) {
    if (s->watch.weights_crc != weights_crc(s)) ftte_watch_begin(s);
}

float ftte_watch_threshold(const struct ftte_session *s) {
    const float *scores = s->watch.scores; // count, mean, variance
    if (scores[0] < SCORES_BEFORE_ALARM) return 0;
    return scores[1] + 3 * sqrtf(scores[2] > 0 ? scores[2] : 0);
}

// Score of the sample at guest address `at`, joined to the statistics in the guest's memory, at `*place`.
static int call_score(struct ftte_session *s, uint32_t at, uint8_t **place, float *value) {
    union ftte_value args[2] = {{.u32 = at}, {.i32 = 1}}, result;
    int error = s->started ? FTTE_OK : ftte_machine_start(s, NULL);
    if (error < 0) return error;
    *place = ftte_machine_bytes(s, s->plan.anomaly_at, sizeof s->watch.scores);
    if (!*place) return FTTE_ERR_PLAN_RANGE;
    error = ftte_machine_call(s, FTTE_GUEST_SCORE, args, &result);
    *value = result.f32;
    return error;
}

// Scores a sample. One that is unusual stays out of the baseline, unless many in a row were; only a new one is counted.
static int score(struct ftte_session *s, uint32_t at, bool is_new) {
    struct ftte_watch *watch = &s->watch;
    float threshold = ftte_watch_threshold(s), value = 0;
    uint8_t *place;
    int error = call_score(s, at, &place, &value);
    if (error < 0) return error;
    bool unusual = !isfinite(value) || (threshold > 0 && value > threshold);
    if (is_new) {
        watch->last = value;
        watch->unusual += unusual;
        watch->in_a_row = unusual ? watch->in_a_row + 1 : 0;
    }
    if (isfinite(value) && (!unusual || (is_new && watch->in_a_row > UNUSUAL_IN_A_ROW)))
        memcpy(watch->scores, place, sizeof watch->scores);
    else
        memcpy(place, watch->scores, sizeof watch->scores);
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
