// Generated from firmware/spec by scripts/generate_spec.ts; do not edit.
#ifndef FTTE_SPEC_H
#define FTTE_SPEC_H

#include <stdint.h>

enum ftte_err {
    FTTE_OK = 0,
    FTTE_ERR_LINK_GONE = -1, // the link is closed
    FTTE_ERR_FRAME = -2, // a frame is malformed
    FTTE_ERR_FRAME_CRC = -3, // a frame fails its checksum
    FTTE_ERR_FRAME_LONG = -4, // a frame is longer than the protocol allows
    FTTE_ERR_COMMAND_UNKNOWN = -5, // the firmware does not know this command
    FTTE_ERR_ARGUMENT = -6, // an argument is out of range
    FTTE_ERR_STATE = -7, // the command does not fit the board's present state
    FTTE_ERR_BLOB_KIND = -8, // there is no such kind of blob, or it may not be read
    FTTE_ERR_BLOB_LONG = -9, // the blob does not fit its flash partition
    FTTE_ERR_BLOB_HASH = -10, // the blob does not match its SHA-256
    FTTE_ERR_BLOB_ABSENT = -11, // the board does not hold the blob
    FTTE_ERR_FLASH = -12, // flash erase, program or read-back failed
    FTTE_ERR_FLASH_RANGE = -13, // a flash address is outside the partition or misaligned
    FTTE_ERR_FLASH_BITS = -14, // a program operation would set a cleared bit; erase first
    FTTE_ERR_MEMORY = -15, // the board's memory is exhausted
    FTTE_ERR_GUEST_LOAD = -16, // the kernels cannot be loaded
    FTTE_ERR_GUEST_ABI = -17, // the kernels speak another guest ABI
    FTTE_ERR_GUEST_TRAP = -18, // the kernels trapped
    FTTE_ERR_GUEST_BOUNDS = -19, // the kernels passed an operand outside their memory
    FTTE_ERR_GUEST_TIME = -20, // the kernels did not finish within their deadline
    FTTE_ERR_GUEST_SELFTEST = -21, // the kernels failed their self-test; the previous ones stay in use
    FTTE_ERR_PLAN = -22, // the plan is malformed
    FTTE_ERR_PLAN_ABI = -23, // the plan is for another ABI
    FTTE_ERR_PLAN_MEMORY = -24, // the plan needs more memory than the board has
    FTTE_ERR_PLAN_OP = -25, // the plan holds an unknown operation
    FTTE_ERR_PLAN_RANGE = -26, // the plan refers to bytes outside its arena or the frozen image
    FTTE_ERR_FROZEN_MISMATCH = -27, // the frozen weights are not those the task names
    FTTE_ERR_SLICE_VERSION = -28, // the board does not hold the model version the task is based on
    FTTE_ERR_SLICE_MISMATCH = -29, // the slice does not fit the plan
    FTTE_ERR_SAMPLES_NONE = -30, // the board holds no samples to train on
    FTTE_ERR_SAMPLES_FULL = -31, // the board's sample log is full
    FTTE_ERR_SAMPLE_SIZE = -32, // a sample does not have the size the plan expects
    FTTE_ERR_BUSY = -33, // the board is training
    FTTE_ERR_TASK_UNKNOWN = -34, // the board does not know this task
    FTTE_ERR_LOSS_NOT_FINITE = -35, // training diverged: the loss is not finite
    FTTE_ERR_POWER = -36, // power was lost
    FTTE_ERR_FIRMWARE_IMAGE = -37, // the image is not firmware for this board
    FTTE_ERR_TRIAL_OVER = -38, // the board does not try these kernels or this firmware, or does not any more
    FTTE_ERR_TRIAL_RUNNING = -39, // the board tries new firmware that no host has confirmed yet
    FTTE_ERR_SENSOR_ABSENT = -40, // the sensor does not answer at its address
    FTTE_ERR_SENSOR_WRONG = -41, // another chip answers at the sensor's address
    FTTE_ERR_SENSOR_BUS = -42, // the sensor's bus is stuck, or a transfer broke off
    FTTE_ERR_SENSOR_RESET = -43, // the sensor lost its settings, or does not come out of its reset
    FTTE_ERR_SAMPLES_PRIVATE = -44, // the firmware was built without the export of samples
};

#define FTTE_WIRE_VERSION 2u
#define FTTE_FRAME_HEADER_BYTES 6u
#define FTTE_FRAME_CRC_BYTES 4u
#define FTTE_FRAME_BODY_MAX 240u
#define FTTE_FRAME_ENCODED_MAX 252u
#define FTTE_ZERO_VERSION 4294967295u
#define FTTE_FIRMWARE_MAGIC 1464226886u

enum ftte_frame_type {
    FTTE_FRAME_TYPE_HELLO = 1,
    FTTE_FRAME_TYPE_PUT_BEGIN = 2,
    FTTE_FRAME_TYPE_PUT_DATA = 3,
    FTTE_FRAME_TYPE_PUT_END = 4,
    FTTE_FRAME_TYPE_GET_BEGIN = 5,
    FTTE_FRAME_TYPE_GET_ACK = 6,
    FTTE_FRAME_TYPE_TRAIN = 7,
    FTTE_FRAME_TYPE_PROGRESS = 8,
    FTTE_FRAME_TYPE_UPDATE_ACK = 9,
    FTTE_FRAME_TYPE_ABORT = 10,
    FTTE_FRAME_TYPE_STATS = 11,
    FTTE_FRAME_TYPE_SAMPLE_APPEND = 12,
    FTTE_FRAME_TYPE_SAMPLE_CLEAR = 13,
    FTTE_FRAME_TYPE_RESET = 14,
    FTTE_FRAME_TYPE_GET_DATA = 15,
    FTTE_FRAME_TYPE_SELF_TEST = 16,
    FTTE_FRAME_TYPE_LOG = 17,
    FTTE_FRAME_TYPE_PANIC = 18,
    FTTE_FRAME_TYPE_CAPTURE = 19,
    FTTE_FRAME_TYPE_SENSOR_INFO = 20,
    FTTE_FRAME_TYPE_CONFIRM = 21,
    FTTE_FRAME_TYPE_TRIAL = 22,
};

enum ftte_reply {
    FTTE_REPLY_FLAG = 128,
    FTTE_REPLY_ERROR = 255,
};

enum ftte_blob_kind {
    FTTE_BLOB_KIND_KERNELS = 1,
    FTTE_BLOB_KIND_PLAN = 2,
    FTTE_BLOB_KIND_FROZEN = 3,
    FTTE_BLOB_KIND_SLICE = 4,
    FTTE_BLOB_KIND_DELTA = 5,
    FTTE_BLOB_KIND_UPDATE = 6,
    FTTE_BLOB_KIND_CHECKPOINT = 7,
    FTTE_BLOB_KIND_RESIDUAL = 8,
    FTTE_BLOB_KIND_HEALTH = 9,
    FTTE_BLOB_KIND_FIRMWARE = 10,
    FTTE_BLOB_KIND_EXPORT = 11,
};

enum ftte_board_state {
    FTTE_BOARD_STATE_IDLE = 0,
    FTTE_BOARD_STATE_RECEIVING = 1,
    FTTE_BOARD_STATE_TRAINING = 2,
    FTTE_BOARD_STATE_REPORTING = 3,
};

enum ftte_feature {
    FTTE_FEATURE_WASM3 = 1,
    FTTE_FEATURE_AOT = 2,
    FTTE_FEATURE_SENSOR = 4,
    FTTE_FEATURE_BATTERY = 8,
    FTTE_FEATURE_SAMPLE_APPEND = 16,
    FTTE_FEATURE_SENSOR_DRIVER = 32,
    FTTE_FEATURE_FIRMWARE_UPDATE = 64,
    FTTE_FEATURE_LOG = 128,
    FTTE_FEATURE_CAPTURE_EXPORT = 256,
};

enum ftte_reset_reason {
    FTTE_RESET_REASON_UNKNOWN = 0,
    FTTE_RESET_REASON_POWER_ON = 1,
    FTTE_RESET_REASON_PIN = 2,
    FTTE_RESET_REASON_WATCHDOG = 3,
    FTTE_RESET_REASON_SOFTWARE = 4,
    FTTE_RESET_REASON_BROWNOUT = 5,
    FTTE_RESET_REASON_FAULT = 6,
};

enum ftte_reset_kind {
    FTTE_RESET_KIND_BOARD = 0,
    FTTE_RESET_KIND_BOOTLOADER = 1,
    FTTE_RESET_KIND_FACTORY = 2,
};

enum ftte_log_level {
    FTTE_LOG_LEVEL_OFF = 0,
    FTTE_LOG_LEVEL_ERROR = 1,
    FTTE_LOG_LEVEL_WARNING = 2,
    FTTE_LOG_LEVEL_INFO = 3,
    FTTE_LOG_LEVEL_DEBUG = 4,
};

enum ftte_architecture {
    FTTE_ARCHITECTURE_NONE = 0,
    FTTE_ARCHITECTURE_CORTEX_M = 1,
    FTTE_ARCHITECTURE_RISCV = 2,
    FTTE_ARCHITECTURE_XTENSA = 3,
    FTTE_ARCHITECTURE_POSIX = 4,
};

enum ftte_sensor_state {
    FTTE_SENSOR_STATE_NONE = 0,
    FTTE_SENSOR_STATE_OFF = 1,
    FTTE_SENSOR_STATE_STARTING = 2,
    FTTE_SENSOR_STATE_RUNNING = 3,
};

enum ftte_task_flag {
    FTTE_TASK_FLAG_F32_UPDATE = 1,
    FTTE_TASK_FLAG_INT4_UPDATE = 2,
};

enum ftte_verdict {
    FTTE_VERDICT_ACCEPTED = 0,
    FTTE_VERDICT_REJECTED = 1,
};

enum ftte_return_reason {
    FTTE_RETURN_REASON_NONE = 0,
    FTTE_RETURN_REASON_SELF_TEST = 1,
    FTTE_RETURN_REASON_TIME = 2,
    FTTE_RETURN_REASON_RESET = 3,
    FTTE_RETURN_REASON_WATCHDOG = 4,
    FTTE_RETURN_REASON_FAULT = 5,
    FTTE_RETURN_REASON_REPLACED = 6,
};

struct ftte_hello {
    uint16_t wire_version;
    uint16_t guest_abi;
    uint32_t firmware_version;
    uint8_t chip_id[16];
    uint8_t board_class[16];
    uint32_t features;
    uint32_t ram_bytes;
    uint32_t flash_free_bytes;
    uint16_t window_bytes;
    uint8_t state;
    uint8_t battery;
    uint8_t reset_reason;
    uint8_t reserved;
    uint16_t resets;
    uint32_t kernels_crc;
    uint32_t plan_crc;
    uint32_t frozen_crc;
    uint32_t slice_version;
    uint32_t slice_crc;
    uint32_t samples;
    uint32_t task;
    uint32_t update_task;
    uint32_t run;
    uint32_t residual_task;
    uint32_t errors;
    uint32_t firmware_build;
};
_Static_assert(sizeof(struct ftte_hello) == 108, "Hello");

struct ftte_put_begin {
    uint8_t kind;
    uint8_t trial_seconds;
    uint16_t reserved;
    uint32_t total;
    uint8_t sha256[32];
};
_Static_assert(sizeof(struct ftte_put_begin) == 40, "PutBegin");

struct ftte_put_ack {
    uint32_t have;
    uint32_t prefix_crc;
    uint16_t window_bytes;
    uint8_t nak;
    uint8_t done;
};
_Static_assert(sizeof(struct ftte_put_ack) == 12, "PutAck");

struct ftte_get_begin {
    uint8_t kind;
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct ftte_get_begin) == 4, "GetBegin");

struct ftte_get_info {
    uint32_t total;
    uint8_t sha256[32];
};
_Static_assert(sizeof(struct ftte_get_info) == 36, "GetInfo");

struct ftte_task {
    uint32_t run;
    uint32_t task;
    uint32_t base_version;
    uint32_t frozen_crc;
    uint32_t plan_crc;
    uint32_t steps;
    float learning_rate;
    uint32_t seed;
    uint32_t checkpoint_every;
    uint16_t flags;
    uint16_t kept;
};
_Static_assert(sizeof(struct ftte_task) == 40, "Task");

struct ftte_progress {
    uint8_t state;
    uint8_t battery;
    uint16_t reserved;
    uint32_t run;
    uint32_t task;
    uint32_t step;
    uint32_t steps;
    float loss;
    int32_t error;
};
_Static_assert(sizeof(struct ftte_progress) == 28, "Progress");

struct ftte_update_ack {
    uint32_t run;
    uint32_t task;
    uint8_t verdict;
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct ftte_update_ack) == 12, "UpdateAck");

struct ftte_stats {
    uint32_t pool_bytes;
    uint32_t pool_peak;
    uint32_t arena_planned;
    uint32_t arena_peak;
    uint32_t engine_peak;
    uint32_t stack_bytes;
    uint32_t stack_peak;
    uint32_t flash_erases;
    uint32_t flash_programs;
    uint8_t resets[14];
    uint16_t reserved;
    uint32_t frames_good;
    uint32_t frames_bad;
    uint32_t steps;
    float anomaly_mean;
    float anomaly_variance;
    float anomaly_threshold;
    float anomaly_last;
    uint32_t anomalies;
};
_Static_assert(sizeof(struct ftte_stats) == 84, "Stats");

struct ftte_capture {
    uint16_t label;
    uint16_t window;
    uint16_t hop;
    uint16_t reserved;
    uint32_t duration_ms;
};
_Static_assert(sizeof(struct ftte_capture) == 12, "Capture");

struct ftte_sensor_info {
    uint8_t name[16];
    uint32_t rate_milli_hz;
    uint32_t elements;
    uint8_t type;
    uint8_t state;
    uint16_t label;
    uint16_t window;
    uint16_t hop;
    uint32_t left_ms;
    uint32_t kept;
    uint32_t replaced;
    uint32_t gaps;
    int32_t error;
    uint32_t samples;
    uint32_t record_bytes;
};
_Static_assert(sizeof(struct ftte_sensor_info) == 60, "SensorInfo");

struct ftte_label_count {
    uint16_t label;
    uint16_t reserved;
    uint32_t count;
};
_Static_assert(sizeof(struct ftte_label_count) == 8, "LabelCount");

struct ftte_log_request {
    uint8_t level;
    uint8_t reserved;
    uint16_t resets;
    uint32_t from;
};
_Static_assert(sizeof(struct ftte_log_request) == 8, "LogRequest");

struct ftte_log_state {
    uint32_t next;
    uint32_t clock_ms;
    uint16_t resets;
    uint8_t level;
    uint8_t reserved;
};
_Static_assert(sizeof(struct ftte_log_state) == 12, "LogState");

struct ftte_log_entry {
    uint32_t ms;
    uint8_t code;
    uint8_t level;
    uint16_t reserved;
    uint32_t a;
    uint32_t b;
    uint32_t c;
};
_Static_assert(sizeof(struct ftte_log_entry) == 20, "LogEntry");

struct ftte_panic {
    uint8_t architecture;
    uint8_t reason;
    uint16_t reserved;
    uint32_t cause;
    uint32_t pc;
    uint32_t lr;
    uint32_t sp;
    uint32_t address;
    uint32_t status;
};
_Static_assert(sizeof(struct ftte_panic) == 28, "Panic");

struct ftte_reset_once {
    uint8_t kind;
    uint8_t reserved;
    uint16_t resets;
};
_Static_assert(sizeof(struct ftte_reset_once) == 4, "ResetOnce");

struct ftte_confirm {
    uint8_t kind;
    uint8_t reserved[3];
    uint32_t crc;
};
_Static_assert(sizeof(struct ftte_confirm) == 8, "Confirm");

struct ftte_trial_report {
    uint32_t returned_crc;
    uint8_t returned_kind;
    uint8_t returned_reason;
    uint8_t running_kind;
    uint8_t reserved;
};
_Static_assert(sizeof(struct ftte_trial_report) == 8, "TrialReport");

struct ftte_firmware_header {
    uint32_t magic;
    uint32_t image_bytes;
    uint32_t version;
    uint32_t build;
    uint8_t board_class[16];
};
_Static_assert(sizeof(struct ftte_firmware_header) == 32, "FirmwareHeader");

struct ftte_error_reply {
    int32_t code;
    uint32_t detail;
};
_Static_assert(sizeof(struct ftte_error_reply) == 8, "ErrorReply");

struct ftte_sample_append {
    uint16_t label;
    uint16_t reserved;
    uint32_t total;
};
_Static_assert(sizeof(struct ftte_sample_append) == 8, "SampleAppend");

struct ftte_slice_header {
    uint32_t version;
    uint32_t count;
};
_Static_assert(sizeof(struct ftte_slice_header) == 8, "SliceHeader");

struct ftte_delta_header {
    uint32_t base_version;
    uint32_t base_crc;
    uint32_t version;
    uint32_t crc;
    uint32_t encoding;
};
_Static_assert(sizeof(struct ftte_delta_header) == 20, "DeltaHeader");

struct ftte_update_header {
    uint32_t run;
    uint32_t task;
    uint32_t base_version;
    uint32_t plan_crc;
    uint32_t samples;
    uint32_t steps;
    float loss_first;
    float loss_last;
    uint32_t rows;
    uint32_t count;
    uint32_t encoding;
};
_Static_assert(sizeof(struct ftte_update_header) == 44, "UpdateHeader");

#define FTTE_PLAN_MAGIC 1280333894u
#define FTTE_ABI_VERSION 3u
#define FTTE_NONE 4294967295u
#define FTTE_LEAF_DIMENSION_MAX 32767u
#define FTTE_LEAF_TURNS_MAX 16777216u
#define FTTE_KEPT_MAX 192u
#define FTTE_ANOMALY_SCORES 16u
#define FTTE_ANOMALY_DEVIATIONS 3u

enum ftte_region {
    FTTE_REGION_ARENA = 0,
    FTTE_REGION_MOVING = 1,
    FTTE_REGION_FROZEN = 8,
    FTTE_REGION_SLICE = 9,
    FTTE_REGION_DELTA = 10,
    FTTE_REGION_RESIDUAL = 11,
    FTTE_REGION_SAMPLES = 12,
};

enum ftte_model_kind {
    FTTE_MODEL_KIND_CLASSIFIER = 0,
    FTTE_MODEL_KIND_AUTOENCODER = 2,
};

enum ftte_sample_type {
    FTTE_SAMPLE_TYPE_U8 = 0,
    FTTE_SAMPLE_TYPE_I16 = 1,
    FTTE_SAMPLE_TYPE_F32 = 2,
};

enum ftte_activation {
    FTTE_ACTIVATION_RELU = 0,
    FTTE_ACTIVATION_RELU6 = 1,
    FTTE_ACTIVATION_SIGMOID = 2,
    FTTE_ACTIVATION_TANH = 3,
};

enum ftte_weight_gradient {
    FTTE_WEIGHT_GRADIENT_ACCUMULATE = 0,
    FTTE_WEIGHT_GRADIENT_DESCEND = 1,
};

enum ftte_row_encoding {
    FTTE_ROW_ENCODING_INT8 = 1,
    FTTE_ROW_ENCODING_F32 = 2,
    FTTE_ROW_ENCODING_TOP_K = 3,
    FTTE_ROW_ENCODING_INT4 = 4,
};

struct ftte_plan_header {
    uint32_t magic;
    uint16_t abi;
    uint8_t model_kind;
    uint8_t sample_type;
    uint32_t plan_bytes;
    uint32_t memory_bytes;
    uint32_t frozen_bytes;
    uint32_t frozen_crc;
    uint32_t state_at;
    uint32_t state_bytes;
    uint32_t slice_count;
    uint32_t anomaly_at;
    uint32_t scratch_at;
    uint32_t scratch_bytes;
    uint32_t input_elements;
    uint32_t output_at;
    uint32_t output_elements;
    uint32_t micro_batch;
    uint32_t segments_at;
    uint32_t segments;
    uint32_t forward_at;
    uint32_t forward_ops;
    uint32_t infer_at;
    uint32_t infer_ops;
    uint32_t train_at;
    uint32_t train_ops;
    uint32_t apply_at;
    uint32_t apply_ops;
    uint32_t model_hash;
};
_Static_assert(sizeof(struct ftte_plan_header) == 108, "PlanHeader");

struct ftte_segment {
    uint32_t rows;
    uint32_t row_elements;
};
_Static_assert(sizeof(struct ftte_segment) == 8, "Segment");

// A message's level (enum ftte_log_level) in the byte above its code.
enum ftte_log_message {
    FTTE_LOG_STARTED = 769, // started; reset: {a:reset}, reset number {b}, {c} samples held
    FTTE_LOG_PANICKED = 258, // the last start ended in a fault or a hang at {a:hex}, cause {b:hex}
    FTTE_LOG_LINK_GONE = 515, // the link is gone
    FTTE_LOG_FRAMES_BAD = 516, // {a} damaged frames on the line since the last message, {b} since the start
    FTTE_LOG_BATTERY_LOW = 517, // battery low: {a} %
    FTTE_LOG_RESET_ASKED = 774, // restarts as told: {a:resetKind}
    FTTE_LOG_REFUSED = 775, // refused request {a}: {b:error}
    FTTE_LOG_PUT_BEGUN = 1032, // receives {a:blob}: {b} of {c} bytes are here
    FTTE_LOG_INSTALLED = 777, // {a:blob} installed, {b} bytes; {c} flash pages erased since the start
    FTTE_LOG_INSTALL_REFUSED = 522, // {a:blob} refused: {b:error} ({c:error})
    FTTE_LOG_TASK_STARTED = 779, // run {a}, task {b} started, {c} steps
    FTTE_LOG_TASK_RESUMED = 780, // run {a}, task {b} goes on from its checkpoint at step {c}
    FTTE_LOG_TASK_ENDED = 781, // task {a} done after {b} steps, loss {c:f32}
    FTTE_LOG_TASK_FAILED = 270, // task {a} failed at step {b}: {c:error}
    FTTE_LOG_TASK_ABORTED = 783, // task {a} given up at step {b}
    FTTE_LOG_CHECKPOINT_WRITTEN = 1040, // task {a}: checkpoint at step {b}; {c} flash pages erased since the start
    FTTE_LOG_UPDATE_ACKNOWLEDGED = 785, // update of task {a}: {b:verdict} by the host
    FTTE_LOG_GUEST_FAILED = 274, // the kernels failed in {a:guest}: {b:error}
    FTTE_LOG_SAMPLE_KEPT = 1043, // sample {a} recorded
    FTTE_LOG_SAMPLES_FULL = 532, // the sample log is full with {a} samples
    FTTE_LOG_UNUSUAL = 533, // unusual sample: score {a:f32} above {b:f32}, {c} since the start
    FTTE_LOG_TRIAL_BEGUN = 790, // {a:blob} on trial for {b} s
    FTTE_LOG_TRIAL_CONFIRMED = 791, // {a:blob} confirmed
    FTTE_LOG_TRIAL_RETURNED = 536, // {a:blob} given up for what was there before: {b:returned}
};

#endif
