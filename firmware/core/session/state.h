// The session's memory and its parts, each in the file of its name. Private to session/.
//
//     outbox.c     replies and pushed frames, until the link takes them
//     commands.c   the command table
//     transfers.c  putting and getting blobs
//     install.c    what a blob must pass before it is put to use: self-test, slice and delta checks
//     machine.c    the guest, opened over a plan, and what it used
//     rows.c       the slice's rows in their order
//     training.c   a task from acceptance to its last step
//     checkpoint.c a task's progress in flash
//     update.c     the finished task: update and residual
//     sensor.c     samples into the log
//     recorder.c   the sensor's rows, cut into windows
//     capture.c    recording what the host labels, and telling of sensor and log
//     export.c     samples leaving the board, in firmware that was built to allow it
//     trial.c      kernels and firmware until the host confirms them
//     watch.c      autoencoders: scores, baseline, what is unusual
//     health.c     what survives resets to tell of them, stack and memory measurements
//     log.c        what happened, for hosts that ask
#ifndef FTTE_STATE_H
#define FTTE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ftte_port.h"
#include "guest/guest.h"
#include "link/frame.h"
#include "link/log_ring.h"
#include "link/transfer.h"
#include "sensors/sensor.h"
#include "session/session.h"
#include "store/health.h"
#include "store/store.h"

#define FTTE_FIRMWARE_VERSION 0x000100u // major, minor, patch: a byte each
// Bytes that may be on their way to the board: no more than a port's receive buffer holds, with framing. A port whose
// buffer is larger than 1,024 says so in its port.mk.
#ifndef FTTE_WINDOW_BYTES
#define FTTE_WINDOW_BYTES 960u
#endif

enum { FTTE_OUTBOX_BYTES = 4 * FTTE_FRAME_ENCODED_MAX, FTTE_INBOX_BYTES = 64 };
enum ftte_phase { FTTE_PHASE_NONE, FTTE_PHASE_STEPS, FTTE_PHASE_ENCODE };
// Whose the buffer for a sample is: nobody's, sampleAppend's or the recorder's.
enum ftte_record_use { FTTE_RECORD_FREE, FTTE_RECORD_APPENDED, FTTE_RECORD_RECORDED };
enum ftte_machine { FTTE_MACHINE_CLOSED, FTTE_MACHINE_READY };

// Walks the rows of the plan's segments (rows.c).
struct ftte_rows {
    const uint8_t *segments; // in flash
    uint32_t count;          // of segments
    uint32_t segment, row;   // the next row
    uint32_t index;          // of the next row over all segments
};

// What a checkpoint holds, then the state's bytes (none at step 0).
struct ftte_checkpoint {
    struct ftte_task task;
    uint32_t samples; // in the log when the task was accepted
    uint32_t step;
    float loss_first, loss_last; // sums over the first and the last tenth of the steps
};
_Static_assert(sizeof(struct ftte_checkpoint) == 56, "checkpoint");

// What a residual blob begins with; f32 values of the slice's elements follow.
struct ftte_residual {
    uint32_t run, task, plan_crc, count;
};

// How the last put ended, for a putEnd that is repeated. Kind 0: none did.
struct ftte_finished {
    uint8_t id, kind;
    uint32_t total;
    int32_t error, detail;
};

// The anomaly watch (watch.c).
struct ftte_watch {
    uint32_t weights_crc; // whose scores these are
    float scores[3];      // count, mean, variance: kept while the machine is closed
    float last;
    uint32_t unusual;
    uint32_t next, end; // samples of the log whose scores are still to join
};

// The log (log.c).
struct ftte_log {
    struct ftte_log_ring ring;
    uint8_t level;     // enum ftte_log_level: what is kept
    bool wanted;       // a host asked for it,
    uint32_t asked_ms; // last at this time
};

// Recording from the sensor (recorder.c), and what the host asked to be captured (capture.c).
struct ftte_recorder {
    uint8_t state;                    // enum ftte_sensor_state
    int32_t error;                    // of the sensor, or of the log, last
    uint32_t retry_ms;                // clock at the error
    uint32_t gaps;                    // rows that did not follow the one before
    uint32_t window, hop, rows, skip; // in rows: of a window, between two; in the buffer; still to be left out
    uint16_t label;                   // of the rows in the buffer
    bool overlaps_log;                // the buffer's first rows are the end of the log's newest record

    bool capturing;
    struct ftte_capture capture;
    uint8_t capture_id;                // of the frame that began it
    uint32_t begin_ms, kept, replaced; // of the capture: clock at its beginning, windows, old samples that made room
};

struct ftte_session {
    struct ftte_store store;
    struct ftte_pool pool;
    uint32_t bytes; // of the whole pool, this struct included
    const uint32_t *stack;
    uint32_t stack_bytes;

    struct ftte_frame_parser parser;
    uint8_t inbox[FTTE_INBOX_BYTES];
    uint16_t inbox_at, inbox_count;
    uint8_t outbox[FTTE_OUTBOX_BYTES];
    uint16_t outbox_count;

    struct ftte_receiver receiver;
    uint8_t received_trial; // seconds of trial for the blob being received; 0: none
    struct ftte_finished finished;
    struct ftte_sender sender;

    struct ftte_guest guest;
    enum ftte_machine machine;
    struct ftte_plan_header plan; // of the open machine
    uint32_t plan_at;             // where the kernels want the plan; 0: not asked yet
    bool started;                 // START went well
    uint32_t tail_bytes;          // linear memory behind the arena
    uint32_t deadline_ms;         // clock at the start of the running call
    uint32_t arena_planned, arena_peak, engine_peak, pool_peak, pool_base;
    uint32_t measured_plan; // CRC of the plan that these are of

    struct ftte_checkpoint run; // the task in progress
    enum ftte_phase phase;
    uint32_t checkpointed; // step of the last checkpoint
    float loss;            // of the last step
    struct ftte_rows rows;
    bool uses_residual, writes_residual;
    uint32_t update_bytes, residual_bytes; // written so far
    struct ftte_task failed;               // the last task that ended with an error
    int32_t failure;
    uint8_t pushed_state;
    uint32_t pushed_ms, steps;

    uint8_t *record; // a sample on its way into the log, from the pool
    enum ftte_record_use record_use;
    uint32_t record_bytes, record_total, record_have; // of the record; of its elements; of those so far
    uint8_t appended_id;
    uint32_t appended_offset, appended_crc; // the last sampleAppend frame, for its repeats
    bool log_full;                          // nothing is done with further samples
    bool sensor_seen;
    struct ftte_recorder recorder;
    struct ftte_watch watch;

    uint32_t slice_crc; // of the f32 bytes held
    struct ftte_health health;
    uint8_t trial_kind;               // of the blob in use that the host must confirm; 0: none
    uint32_t trial_ms, trial_seconds; // clock at its start, and how long it may take
    bool died;                        // the last start followed a reset by the watchdog or a fault
    bool guest_rests;                 // and since then nobody asked for the guest
    uint8_t distrusted[32];           // hash of the blob that was being put to use then
    uint32_t errors;
    struct ftte_panic panic; // how the last start ended, if by a fault or a hang; zeros: not so
    struct ftte_log log;
    uint32_t watched_ms, bad_told; // of ftte_health_watch: its last look; damaged frames that the log told of
    uint8_t battery_told;          // percentage that the log told of; 0: not low
    bool link_gone;
    int reset_kind; // -1: none asked
    uint32_t reset_ms;
};

// ---- outbox.c
// True when a frame of any length fits.
bool ftte_outbox_room(const struct ftte_session *s, int frames);
void ftte_outbox_send(struct ftte_session *s, uint8_t type, uint8_t id, uint32_t offset, const void *body,
                      uint32_t bytes);
// The reply to `frame`, with the frame's offset.
void ftte_outbox_reply(struct ftte_session *s, const struct ftte_frame *frame, const void *body, uint32_t bytes);
void ftte_outbox_error(struct ftte_session *s, const struct ftte_frame *frame, int code, uint32_t detail);
// Hands bytes to the link. Returns true when it took some.
bool ftte_outbox_flush(struct ftte_session *s);

// ---- commands.c
void ftte_command_run(struct ftte_session *s, const struct ftte_frame *frame);
enum ftte_board_state ftte_session_state(const struct ftte_session *s);
struct ftte_progress ftte_progress_now(const struct ftte_session *s);

// ---- transfers.c: each answers for itself and returns FTTE_OK, or returns an error to be answered
int ftte_transfer_put_begin(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_transfer_put_data(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_transfer_put_end(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_transfer_get_begin(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_transfer_get_ack(struct ftte_session *s, const struct ftte_frame *frame);
// Forgets the blob that is being received and the one being sent.
void ftte_transfer_abort(struct ftte_session *s);
// Stops sending blobs of `kind`, whose bytes are about to go.
void ftte_transfer_retract(struct ftte_session *s, int kind);
// Sends what the window allows. Returns true when there was something.
bool ftte_transfer_pump(struct ftte_session *s);

// ---- install.c
// After a commit: checks the blob of `kind` and puts it to use, or brings the previous state back. Returns FTTE_OK or
// an error; `*detail` is then the error beneath it.
int ftte_install(struct ftte_session *s, int kind, int32_t *detail);
// After a start: finishes what a power cut interrupted, gives up what the watchdog did.
void ftte_install_recover(struct ftte_session *s);
// Header and f32 values of the slice held; false when there is none.
bool ftte_slice_held(const struct ftte_session *s, struct ftte_slice_header *header, const uint8_t **values);

// ---- trial.c
// At the start: kernels that nobody confirmed are given up. Firmware on its trial tests the kernels held, and resets
// the board when they fail.
void ftte_trial_open(struct ftte_session *s);
// Begins the trial of the blob of `kind`, if it came with one and there is something to go back to.
void ftte_trial_begin(struct ftte_session *s, int kind);
// Ends a trial whose time is over.
void ftte_trial_poll(struct ftte_session *s);
// Confirms the blob of `kind` if it is on trial. FTTE_OK or an error of the store: then it stays on trial.
int ftte_trial_confirm(struct ftte_session *s, int kind);
// The host's confirmation; a repeat changes nothing. FTTE_ERR_BLOB_KIND, FTTE_ERR_TRIAL_OVER when the blob is not in
// use or was not on trial, or an error of the store.
int ftte_trial_answer(struct ftte_session *s, const struct ftte_confirm *confirm);
// Before a blob is received: kernels on trial are given up for others, and confirmed when they are sent for good.
// FTTE_ERR_ARGUMENT for firmware without a trial, FTTE_ERR_TRIAL_RUNNING while firmware is on trial.
int ftte_trial_make_way(struct ftte_session *s, const struct ftte_put_begin *begin, bool is_held);
struct ftte_trial_report ftte_trial_now(const struct ftte_session *s);

// ---- machine.c
// Reads the plan's header. FTTE_ERR_BLOB_ABSENT, FTTE_ERR_PLAN or FTTE_ERR_PLAN_ABI.
int ftte_plan_read(const struct ftte_session *s, struct ftte_plan_header *plan);
// Bytes of a sample record (label, two zero bytes, elements, padding to 4) that the plan reads.
uint32_t ftte_plan_record_bytes(const struct ftte_plan_header *plan);
// Opens the guest over the plan with frozen weights, slice and samples bound, and `tail_bytes` of linear memory behind
// the arena. Does nothing when it is open with as many.
int ftte_machine_open(struct ftte_session *s, uint32_t tail_bytes);
// Closes it, keeping the measurements. Safe when closed.
void ftte_machine_close(struct ftte_session *s);
// START; with `state` null from the slice, else from those bytes.
int ftte_machine_start(struct ftte_session *s, const uint8_t *state);
// A call with its deadline. Returns the engine's error, or for functions that return i32 the guest's.
int ftte_machine_call(struct ftte_session *s, enum ftte_guest_function function, const union ftte_value *args,
                      union ftte_value *result);
// `bytes` bytes at plan offset `at`, or null.
uint8_t *ftte_machine_bytes(struct ftte_session *s, uint32_t at, uint32_t bytes);
// Loads the kernels held alone and runs their self-test.
int ftte_machine_self_test(struct ftte_session *s);
// Takes what the open guest used into the measurements.
void ftte_machine_measure(struct ftte_session *s);
// Address of a sample's elements in the guest's samples region.
uint32_t ftte_machine_sample_at(const struct ftte_session *s, const uint8_t *record);

// ---- rows.c
// Starts at the first row. FTTE_ERR_PLAN unless the segments cover the slice.
int ftte_rows_start(struct ftte_session *s, const struct ftte_plan_header *plan, struct ftte_rows *rows);
// Elements of the next row, or 0 when there is none.
uint32_t ftte_rows_elements(const struct ftte_rows *rows);
void ftte_rows_next(struct ftte_rows *rows);
uint32_t ftte_rows_total(const struct ftte_rows *rows);
// Bytes of a row of `elements` as it travels; int8: f32 scale, int8 elements, padding to 4; int4: the same with two
// elements in a byte; f32: its elements; top-k: f32 scale, a bit map, the int8 elements that are kept, padding to 4.
// `encoding`: enum ftte_row_encoding, and in its upper 16 bits how many of 256 elements top-k keeps.
uint32_t ftte_row_bytes(uint32_t encoding, uint32_t elements);
// Bytes of all rows.
uint32_t ftte_rows_bytes(const struct ftte_rows *rows, uint32_t encoding);

// ---- training.c
int ftte_training_accept(struct ftte_session *s, const struct ftte_task *task);
// One training step, or one row of the update. Returns true while there is a task.
bool ftte_training_step(struct ftte_session *s);
// Ends the task without an update: `code` is told by progress (FTTE_OK: an abort).
void ftte_training_end(struct ftte_session *s, int code);
// Goes on with the task that a checkpoint holds, or gives it up if it ended in a reset by the watchdog.
void ftte_training_resume(struct ftte_session *s);

// ---- checkpoint.c
// Stores s->run, with the state unless it is at step 0.
int ftte_checkpoint_write(struct ftte_session *s);
// Reads the checkpoint; `*state` is null at step 0. False when there is none.
bool ftte_checkpoint_read(const struct ftte_session *s, struct ftte_checkpoint *checkpoint, struct ftte_blob *state);

// ---- update.c
// Header of the update that waits; false when there is none.
bool ftte_update_waits(const struct ftte_session *s, struct ftte_update_header *header);
bool ftte_residual_held(const struct ftte_session *s, struct ftte_residual *header);
// Begins encoding the trained state; then one row at a time. Returns FTTE_OK, 1 when the update is committed, or an
// error.
int ftte_update_start(struct ftte_session *s);
int ftte_update_row(struct ftte_session *s);
int ftte_update_ack(struct ftte_session *s, const struct ftte_update_ack *ack);

// ---- sensor.c
int ftte_sensor_append(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_sensor_clear(struct ftte_session *s);
// Takes a buffer of `bytes` for `use`, in the place of any that there is; the guest makes room. Returns FTTE_OK or
// FTTE_ERR_MEMORY.
int ftte_sensor_take(struct ftte_session *s, uint32_t bytes, enum ftte_record_use use);
// Gives the buffer back, and what it holds of a sample or a window.
void ftte_sensor_release(struct ftte_session *s);
// Appends the record in the buffer, which stays, to the log. `replace`: in the place of the oldest ones when it is
// full. Returns FTTE_OK, FTTE_ERR_SAMPLES_FULL, FTTE_ERR_SAMPLE_SIZE or an error of the flash.
int ftte_sensor_keep(struct ftte_session *s, bool replace);

// ---- recorder.c
// Reads what the sensor has, up to the end of a window. Returns true when it had something.
bool ftte_recorder_poll(struct ftte_session *s);
// Bytes of a record that holds a window of so many rows; 0 when there is no such record.
uint32_t ftte_recorder_record_bytes(const struct ftte_sensor *sensor, uint32_t window);
// How long the sensor may be left alone.
uint32_t ftte_recorder_sleep_ms(const struct ftte_session *s);
// Forgets the rows of a window that is not whole.
void ftte_recorder_restart(struct ftte_session *s);

// ---- capture.c: each answers for itself and returns FTTE_OK, or returns an error to be answered
int ftte_capture_run(struct ftte_session *s, const struct ftte_frame *frame);
int ftte_capture_tell(struct ftte_session *s, const struct ftte_frame *frame);

// ---- export.c
// FTTE_FEATURE_CAPTURE_EXPORT, or 0 in firmware without it.
uint32_t ftte_export_feature(void);
// Length and hash of the blob. FTTE_ERR_SAMPLES_PRIVATE or FTTE_ERR_SAMPLES_NONE.
int ftte_export_info(const struct ftte_session *s, struct ftte_get_info *info);
void ftte_export_read(const struct ftte_session *s, uint32_t at, uint8_t *into, uint32_t bytes);

// ---- watch.c: does nothing unless the board holds an autoencoder and its weights
// Begins a new baseline.
void ftte_watch_begin(struct ftte_session *s);
// The log's oldest `gone` samples were replaced.
void ftte_watch_shift(struct ftte_session *s, uint32_t gone);
// Begins a new baseline if the weights are not those of the present one.
void ftte_watch_settle(struct ftte_session *s);
// The score above which a sample is unusual; 0 while there are too few scores to say.
float ftte_watch_threshold(const struct ftte_session *s);
// Scores the newest sample of the log.
void ftte_watch_kept(struct ftte_session *s);
// Scores a record that the log has no room for. False when nobody watches.
bool ftte_watch_passing(struct ftte_session *s, const uint8_t *record, uint32_t bytes);
// Scores the next sample of the log for the baseline. Returns true when there was one.
bool ftte_watch_step(struct ftte_session *s);

// ---- health.c
// Counts this start.
void ftte_health_open(struct ftte_session *s);
// Stores what s->health says; a board that cannot works all the same.
void ftte_health_keep(struct ftte_session *s);
// Notes that the kernels with this CRC passed their self-test.
void ftte_health_note_kernels(struct ftte_session *s, uint32_t crc);
struct ftte_stats ftte_health_stats(struct ftte_session *s);
// Of all reasons, this start included.
uint16_t ftte_health_resets(const struct ftte_session *s);
// Notes what the log should tell of line and battery. To be called often; looks once a second.
void ftte_health_watch(struct ftte_session *s);

// ---- log.c
void ftte_log_open(struct ftte_session *s);
// Writes a message of firmware/spec/log.json. Never waits; costs nothing but its place in the ring.
void ftte_log(struct ftte_session *s, enum ftte_log_message message, uint32_t a, uint32_t b, uint32_t c);
// A float as an argument.
uint32_t ftte_log_f32(float value);
int ftte_log_ask(struct ftte_session *s, const struct ftte_frame *frame);
// Sends what the host has not got yet, if there is room to spare. Returns true when there was something.
bool ftte_log_push(struct ftte_session *s);
// The link is gone: whoever comes next asks again.
void ftte_log_forget_host(struct ftte_session *s);

#endif
