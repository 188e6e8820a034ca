// A task, from acceptance to its last step: one sample per call, in the order of order.h. What is left of a micro-batch
// at the last step is not applied. After a power cut the task goes on from its checkpoint and makes the same update,
// bit for bit: the state is restored whole, samples and their order are fixed when the task is accepted. For the same
// reason a task that failed is not tried again: it would fail again, and one that only the watchdog ended, for ever.
#include <math.h>
#include <string.h>

#include "session/order.h"
#include "session/state.h"

static bool same_task(uint32_t run, uint32_t task, const struct ftte_task *other) {
    return run == other->run && task == other->task;
}

static int check_blobs(const struct ftte_session *s, const struct ftte_task *task, struct ftte_plan_header *plan) {
    struct ftte_slice_header slice;
    const uint8_t *values;
    struct ftte_blob frozen = ftte_store_get(&s->store, FTTE_BLOB_KIND_FROZEN);
    struct ftte_blob held = ftte_store_get(&s->store, FTTE_BLOB_KIND_PLAN);
    if (!held.bytes || held.crc != task->plan_crc) return FTTE_ERR_BLOB_ABSENT;
    int result = ftte_plan_read(s, plan);
    if (result < 0) return result;
    bool needs_frozen = plan->frozen_bytes > 0 || task->frozen_crc != 0;
    if (needs_frozen && (!frozen.bytes || frozen.crc != task->frozen_crc)) return FTTE_ERR_FROZEN_MISMATCH;
    if (!ftte_slice_held(s, &slice, &values) || slice.version != task->base_version) return FTTE_ERR_SLICE_VERSION;
    return slice.count == plan->slice_count ? FTTE_OK : FTTE_ERR_SLICE_MISMATCH;
}

// At most one of its flags is set, none that this firmware does not know, and top-k's share only without them.
static bool is_encoding(const struct ftte_task *task) {
    if (task->flags == 0) return task->kept <= FTTE_KEPT_MAX;
    return task->kept == 0 && (task->flags == FTTE_TASK_FLAG_F32_UPDATE || task->flags == FTTE_TASK_FLAG_INT4_UPDATE);
}

static int check_task(const struct ftte_session *s, const struct ftte_task *task) {
    struct ftte_plan_header plan;
    if (task->steps == 0 || !isfinite(task->learning_rate)) return FTTE_ERR_ARGUMENT;
    if (!is_encoding(task)) return FTTE_ERR_ARGUMENT;
    int result = check_blobs(s, task, &plan);
    if (result < 0) return result;
    if (ftte_store_samples(&s->store) == 0) return FTTE_ERR_SAMPLES_NONE;
    return s->store.record_bytes == ftte_plan_record_bytes(&plan) ? FTTE_OK : FTTE_ERR_SAMPLE_SIZE;
}

// Opens the guest over the task in s->run; `state` is null for a start from the slice.
static int begin(struct ftte_session *s, const uint8_t *state) {
    ftte_machine_close(s);
    int result = ftte_machine_open(s, 0);
    if (result >= 0) result = ftte_machine_start(s, state);
    s->phase = FTTE_PHASE_STEPS;
    s->checkpointed = s->run.step;
    s->loss = 0;
    s->pushed_ms = ftte_port_clock_ms();
    if (result < 0) ftte_training_end(s, result);
    return result;
}

int ftte_training_accept(struct ftte_session *s, const struct ftte_task *task) {
    struct ftte_update_header update;
    if (s->phase != FTTE_PHASE_NONE)
        return same_task(s->run.task.run, s->run.task.task, task) ? FTTE_OK : FTTE_ERR_BUSY;
    if (ftte_update_waits(s, &update)) return same_task(update.run, update.task, task) ? FTTE_OK : FTTE_ERR_STATE;
    if (s->failure < 0 && same_task(s->failed.run, s->failed.task, task)) return s->failure;
    s->receiver.kind = 0; // a half-received blob stays in the store and can be resumed
    ftte_sensor_release(s);
    if (ftte_store_samples(&s->store) == 0) (void)ftte_recorder_poll(s);
    int result = check_task(s, task);
    if (result < 0) return result;
    s->failure = FTTE_OK;
    s->guest_rests = false;
    s->run = (struct ftte_checkpoint){.task = *task, .samples = ftte_store_samples(&s->store)};
    result = ftte_checkpoint_write(s);
    if (result >= 0) ftte_log(s, FTTE_LOG_TASK_STARTED, task->run, task->task, task->steps);
    return result < 0 ? result : begin(s, NULL);
}

void ftte_training_end(struct ftte_session *s, int code) {
    s->phase = FTTE_PHASE_NONE;
    s->failed = s->run.task;
    s->failure = code;
    if (code < 0) s->errors++;
    if (code < 0) ftte_log(s, FTTE_LOG_TASK_FAILED, s->run.task.task, s->run.step, (uint32_t)code);
    ftte_machine_close(s);
    (void)ftte_store_drop(&s->store, FTTE_BLOB_KIND_CHECKPOINT);
}

void ftte_training_resume(struct ftte_session *s) {
    struct ftte_update_header update;
    struct ftte_blob state;
    if (!ftte_checkpoint_read(s, &s->run, &state)) return;
    bool done = ftte_update_waits(s, &update) && same_task(update.run, update.task, &s->run.task);
    // Without the blobs and samples that the task began with, the host starts it again.
    bool possible = check_task(s, &s->run.task) >= 0 && s->run.samples <= ftte_store_samples(&s->store);
    if (done || !possible)
        (void)ftte_store_drop(&s->store, FTTE_BLOB_KIND_CHECKPOINT);
    else if (s->died)
        ftte_training_end(s, FTTE_ERR_GUEST_TIME);
    else {
        ftte_log(s, FTTE_LOG_TASK_RESUMED, s->run.task.run, s->run.task.task, s->run.step);
        (void)begin(s, state.bytes);
    }
}

// ---- steps ----

static void add_loss(struct ftte_session *s, float loss) {
    uint32_t steps = s->run.task.steps, tenth = steps < 10 ? 1 : steps / 10;
    s->loss = loss;
    if (s->run.step < tenth) s->run.loss_first += loss / (float)tenth;
    if (s->run.step >= steps - tenth) s->run.loss_last += loss / (float)tenth;
}

static int train_once(struct ftte_session *s) {
    uint16_t label;
    uint32_t index = ftte_order_index(s->run.task.seed, s->run.step, s->run.samples);
    const uint8_t *record = ftte_store_sample(&s->store, index);
    if (!record) return FTTE_ERR_SAMPLES_NONE;
    memcpy(&label, record, sizeof label);
    union ftte_value args[3] = {{.u32 = ftte_machine_sample_at(s, record)}, {.i32 = label}, {.f32 = 0}}, loss;
    args[2].f32 = s->run.task.learning_rate;
    int result = ftte_machine_call(s, FTTE_GUEST_STEP, args, &loss);
    if (result < 0) return result;
    if (!isfinite(loss.f32)) return FTTE_ERR_LOSS_NOT_FINITE;
    add_loss(s, loss.f32);
    s->run.step++;
    s->steps++;
    return FTTE_OK;
}

// Between micro-batches only: the gradients of an open one would be lost.
static int checkpoint_when_due(struct ftte_session *s) {
    uint32_t every = s->run.task.checkpoint_every, batch = s->plan.micro_batch > 1 ? s->plan.micro_batch : 1;
    if (every == 0 || s->run.step - s->checkpointed < every || s->run.step % batch != 0) return FTTE_OK;
    if (s->run.step == s->run.task.steps) return FTTE_OK;
    int result = ftte_checkpoint_write(s);
    s->checkpointed = s->run.step;
    // A state that does not fit its partition costs a power cut the steps since the start, nothing else.
    return result == FTTE_ERR_BLOB_LONG ? FTTE_OK : result;
}

static int step(struct ftte_session *s) {
    int result = train_once(s);
    if (result < 0) return result;
    if (s->run.step < s->run.task.steps) return checkpoint_when_due(s);
    s->phase = FTTE_PHASE_ENCODE;
    return ftte_update_start(s);
}

bool ftte_training_step(struct ftte_session *s) {
    int result = s->phase == FTTE_PHASE_STEPS ? step(s) : ftte_update_row(s);
    if (result < 0) {
        ftte_training_end(s, result);
        return false;
    }
    if (result != 1) return true;
    ftte_log(s, FTTE_LOG_TASK_ENDED, s->run.task.task, s->run.step, ftte_log_f32(s->run.loss_last));
    ftte_training_end(s, FTTE_OK);
    return false;
}
