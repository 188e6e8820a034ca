// The command table: which frame does what, and the commands that only tell. No command reads samples, nor the
// checkpoint or the residual, from which a trained state could be told more exactly than from the update.
#include <string.h>

#include "session/state.h"

enum ftte_board_state ftte_session_state(const struct ftte_session *s) {
    struct ftte_update_header update;
    if (s->phase != FTTE_PHASE_NONE) return FTTE_BOARD_STATE_TRAINING;
    if (s->receiver.kind != 0) return FTTE_BOARD_STATE_RECEIVING;
    return ftte_update_waits(s, &update) ? FTTE_BOARD_STATE_REPORTING : FTTE_BOARD_STATE_IDLE;
}

static uint32_t crc_of(const struct ftte_session *s, int kind) { return ftte_store_get(&s->store, kind).crc; }

static uint32_t features(const struct ftte_session *s) {
#ifdef FTTE_ENGINE_AOT
    uint32_t engine = FTTE_FEATURE_AOT;
#else
    uint32_t engine = FTTE_FEATURE_WASM3;
#endif
    uint32_t battery = ftte_port_battery() != 255 ? FTTE_FEATURE_BATTERY : 0;
    uint32_t sensor =
        (s->sensor_seen ? FTTE_FEATURE_SENSOR : 0) | (ftte_port_sensor() ? FTTE_FEATURE_SENSOR_DRIVER : 0);
    bool takes_firmware = s->store.flash->partition_bytes[FTTE_BLOB_KIND_FIRMWARE] != 0;
    uint32_t firmware = takes_firmware ? FTTE_FEATURE_FIRMWARE_UPDATE : 0;
    return engine | firmware | battery | sensor | ftte_export_feature() | FTTE_FEATURE_SAMPLE_APPEND | FTTE_FEATURE_LOG;
}

static void tell_board(const struct ftte_session *s, struct ftte_hello *hello) {
    hello->wire_version = FTTE_WIRE_VERSION;
    hello->guest_abi = FTTE_ABI_VERSION;
    hello->firmware_version = FTTE_FIRMWARE_VERSION;
    hello->firmware_build = FTTE_BUILD;
    ftte_port_chip_id(hello->chip_id);
    strncpy((char *)hello->board_class, ftte_port_board_class(), sizeof hello->board_class - 1);
    hello->features = features(s);
    hello->ram_bytes = s->bytes + s->stack_bytes;
    hello->flash_free_bytes = ftte_store_counters(&s->store).free_bytes;
    hello->window_bytes = FTTE_WINDOW_BYTES;
    hello->state = (uint8_t)ftte_session_state(s);
    hello->battery = (uint8_t)ftte_port_battery();
    hello->reset_reason = (uint8_t)ftte_port_reset_reason();
    hello->resets = ftte_health_resets(s);
    hello->errors = s->errors;
}

static void tell_held(const struct ftte_session *s, struct ftte_hello *hello) {
    struct ftte_slice_header slice;
    const uint8_t *values;
    hello->kernels_crc = crc_of(s, FTTE_BLOB_KIND_KERNELS);
    hello->plan_crc = crc_of(s, FTTE_BLOB_KIND_PLAN);
    hello->frozen_crc = crc_of(s, FTTE_BLOB_KIND_FROZEN);
    if (ftte_slice_held(s, &slice, &values)) {
        hello->slice_version = slice.version;
        hello->slice_crc = s->slice_crc;
    }
    hello->samples = ftte_store_samples(&s->store);
}

static void tell_work(const struct ftte_session *s, struct ftte_hello *hello) {
    struct ftte_update_header update;
    struct ftte_residual residual;
    if (ftte_update_waits(s, &update)) {
        hello->update_task = update.task;
        hello->run = update.run;
    }
    if (s->phase != FTTE_PHASE_NONE) {
        hello->task = s->run.task.task;
        hello->run = s->run.task.run;
    }
    if (ftte_residual_held(s, &residual)) hello->residual_task = residual.task;
}

static int run_hello(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_hello hello = {0};
    tell_board(s, &hello);
    tell_held(s, &hello);
    tell_work(s, &hello);
    ftte_outbox_reply(s, frame, &hello, sizeof hello);
    return FTTE_OK;
}

// The task in progress, else the one that failed last, else the one whose update waits.
struct ftte_progress ftte_progress_now(const struct ftte_session *s) {
    struct ftte_progress progress = {.state = (uint8_t)ftte_session_state(s), .battery = (uint8_t)ftte_port_battery()};
    struct ftte_update_header update;
    const struct ftte_task *task = s->phase != FTTE_PHASE_NONE ? &s->run.task : s->failure ? &s->failed : NULL;
    if (task) {
        progress.run = task->run;
        progress.task = task->task;
        progress.steps = task->steps;
        progress.step = s->run.step;
        progress.loss = s->loss;
        progress.error = s->phase != FTTE_PHASE_NONE ? FTTE_OK : s->failure;
    } else if (ftte_update_waits(s, &update)) {
        progress.run = update.run;
        progress.task = update.task;
        progress.step = progress.steps = update.steps;
        progress.loss = update.loss_last;
    }
    return progress;
}

static int run_progress(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_progress progress = ftte_progress_now(s);
    ftte_outbox_reply(s, frame, &progress, sizeof progress);
    return FTTE_OK;
}

static int run_stats(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_stats stats = ftte_health_stats(s);
    ftte_outbox_reply(s, frame, &stats, sizeof stats);
    return FTTE_OK;
}

static int run_train(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_task task;
    if (frame->body_bytes < sizeof task) return FTTE_ERR_ARGUMENT;
    memcpy(&task, frame->body, sizeof task);
    // A host gives work for kernels whose checksum it has read: that confirms them.
    int result = ftte_trial_confirm(s, FTTE_BLOB_KIND_KERNELS);
    if (result >= 0) result = ftte_training_accept(s, &task);
    return result < 0 ? result : run_progress(s, frame);
}

static int run_update_ack(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_update_ack ack;
    if (frame->body_bytes < sizeof ack) return FTTE_ERR_ARGUMENT;
    memcpy(&ack, frame->body, sizeof ack);
    int result = ftte_update_ack(s, &ack);
    if (result >= 0) ftte_outbox_reply(s, frame, NULL, 0);
    return result;
}

static int run_abort(struct ftte_session *s, const struct ftte_frame *frame) {
    ftte_transfer_abort(s);
    ftte_sensor_release(s);
    if (s->phase != FTTE_PHASE_NONE) {
        ftte_log(s, FTTE_LOG_TASK_ABORTED, s->run.task.task, s->run.step, 0);
        ftte_training_end(s, FTTE_OK);
    }
    ftte_outbox_reply(s, frame, NULL, 0);
    return FTTE_OK;
}

// The kernels in use are tested as at their installation. They stay in use whatever comes out: there may be none before
// them.
static int run_self_test(struct ftte_session *s, const struct ftte_frame *frame) {
    if (s->phase != FTTE_PHASE_NONE) return FTTE_ERR_BUSY;
    ftte_machine_close(s);
    int result = ftte_machine_self_test(s);
    if (result < 0) s->plan_at = 0; // the next plan has them tested again
    if (result >= 0) ftte_outbox_reply(s, frame, NULL, 0);
    return result;
}

static int run_confirm(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_confirm confirm;
    if (frame->body_bytes < sizeof confirm) return FTTE_ERR_ARGUMENT;
    memcpy(&confirm, frame->body, sizeof confirm);
    int result = ftte_trial_answer(s, &confirm);
    if (result >= 0) ftte_outbox_reply(s, frame, NULL, 0);
    return result;
}

static int run_trial(struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_trial_report report = ftte_trial_now(s);
    ftte_outbox_reply(s, frame, &report, sizeof report);
    return FTTE_OK;
}

static int run_sample_append(struct ftte_session *s, const struct ftte_frame *frame) {
    int result = s->phase != FTTE_PHASE_NONE ? FTTE_ERR_BUSY : ftte_sensor_append(s, frame);
    if (result >= 0) ftte_outbox_reply(s, frame, NULL, 0);
    return result;
}

static int run_sample_clear(struct ftte_session *s, const struct ftte_frame *frame) {
    int result = s->phase != FTTE_PHASE_NONE ? FTTE_ERR_BUSY : ftte_sensor_clear(s);
    if (result >= 0) ftte_outbox_reply(s, frame, NULL, 0);
    return result;
}

// Everything but the reset counts and the firmware: a board as new.
static int forget_all(struct ftte_session *s) {
    int result = FTTE_OK;
    if (s->phase != FTTE_PHASE_NONE) ftte_training_end(s, FTTE_OK);
    ftte_machine_close(s);
    ftte_transfer_abort(s);
    if (s->trial_kind == FTTE_BLOB_KIND_KERNELS) s->trial_kind = 0;
    for (int kind = 1; kind < FTTE_BLOB_KIND_FIRMWARE && result >= 0; kind++)
        if (kind != FTTE_BLOB_KIND_HEALTH && s->store.flash->partition_bytes[kind] != 0)
            result = ftte_store_drop(&s->store, kind);
    return result < 0 ? result : ftte_sensor_clear(s);
}

// A repeat of a reset that was done already, by a host that did not get its reply.
static bool repeats_reset(const struct ftte_session *s, const struct ftte_frame *frame) {
    struct ftte_reset_once once;
    if (frame->body_bytes < sizeof once) return false;
    memcpy(&once, frame->body, sizeof once);
    return once.resets != ftte_health_resets(s);
}

static int run_reset(struct ftte_session *s, const struct ftte_frame *frame) {
    if (frame->body_bytes < 1 || frame->body[0] > FTTE_RESET_KIND_FACTORY) return FTTE_ERR_ARGUMENT;
    bool repeats = repeats_reset(s, frame);
    int result = frame->body[0] == FTTE_RESET_KIND_FACTORY && !repeats ? forget_all(s) : FTTE_OK;
    if (result < 0) return result;
    if (repeats) {
        ftte_outbox_reply(s, frame, NULL, 0);
        return FTTE_OK;
    }
    ftte_log(s, FTTE_LOG_RESET_ASKED, frame->body[0], 0, 0);
    s->reset_kind = frame->body[0];
    s->reset_ms = ftte_port_clock_ms();
    ftte_outbox_reply(s, frame, NULL, 0);
    return FTTE_OK;
}

// The record in the port's memory is forgotten now; the session's copy answers repeats, until the next reset.
static int run_panic(struct ftte_session *s, const struct ftte_frame *frame) {
    ftte_panic_forget(ftte_port_panic());
    ftte_outbox_reply(s, frame, &s->panic, sizeof s->panic);
    return FTTE_OK;
}

static const struct command {
    uint8_t type;
    int (*run)(struct ftte_session *s, const struct ftte_frame *frame); // answers, or returns an error to be answered
} commands[] = {
    {FTTE_FRAME_TYPE_HELLO, run_hello},
    {FTTE_FRAME_TYPE_PUT_BEGIN, ftte_transfer_put_begin},
    {FTTE_FRAME_TYPE_PUT_DATA, ftte_transfer_put_data},
    {FTTE_FRAME_TYPE_PUT_END, ftte_transfer_put_end},
    {FTTE_FRAME_TYPE_GET_BEGIN, ftte_transfer_get_begin},
    {FTTE_FRAME_TYPE_GET_ACK, ftte_transfer_get_ack},
    {FTTE_FRAME_TYPE_TRAIN, run_train},
    {FTTE_FRAME_TYPE_PROGRESS, run_progress},
    {FTTE_FRAME_TYPE_UPDATE_ACK, run_update_ack},
    {FTTE_FRAME_TYPE_ABORT, run_abort},
    {FTTE_FRAME_TYPE_STATS, run_stats},
    {FTTE_FRAME_TYPE_SAMPLE_APPEND, run_sample_append},
    {FTTE_FRAME_TYPE_SAMPLE_CLEAR, run_sample_clear},
    {FTTE_FRAME_TYPE_RESET, run_reset},
    {FTTE_FRAME_TYPE_SELF_TEST, run_self_test},
    {FTTE_FRAME_TYPE_LOG, ftte_log_ask},
    {FTTE_FRAME_TYPE_PANIC, run_panic},
    {FTTE_FRAME_TYPE_CAPTURE, ftte_capture_run},
    {FTTE_FRAME_TYPE_SENSOR_INFO, ftte_capture_tell},
    {FTTE_FRAME_TYPE_CONFIRM, run_confirm},
    {FTTE_FRAME_TYPE_TRIAL, run_trial},
};

static int run(struct ftte_session *s, const struct ftte_frame *frame) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].type == frame->type) return commands[i].run(s, frame);
    return FTTE_ERR_COMMAND_UNKNOWN;
}

void ftte_command_run(struct ftte_session *s, const struct ftte_frame *frame) {
    // Replies that a line echoes, or another board's: answering would never end.
    if (frame->type & FTTE_REPLY_FLAG) return;
    int result = run(s, frame);
    if (result >= 0) return;
    ftte_log(s, FTTE_LOG_REFUSED, frame->type, (uint32_t)result, 0);
    ftte_outbox_error(s, frame, result, result == FTTE_ERR_COMMAND_UNKNOWN ? frame->type : 0);
}
