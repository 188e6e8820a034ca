// The sensor's life, and its rows cut into windows: a window is `window` rows in a row of one label, the next one
// begins `hop` rows later. Where rows were lost, or the label changes, windows begin anew; rows without a label are
// left out. The host's importers cut the same windows from the same rows (host/data/windows.ts).
//
// How long a window is, the capture says, else the plan's input, else the sensor. Without a capture, rows are recorded
// that have a label; those that have none only for an autoencoder, which learns from whatever is usual. Then a full log
// ends it, as flash wears: samples are only watched (watch.c). A capture's windows replace the oldest ones.
//
// The buffer for a window comes from the pool and goes back when a window is whole: what the next one shares with it
// lies in the log by then.
#include <string.h>

#include "session/state.h"

enum {
    RETRY_MS = 1000,    // after an error of the sensor
    ASK_MS = 50,        // how often a sensor is asked that has no time of its own, or starts
    LAST_ROW_MS = 2000, // after a capture's end
    RECORD_MAX = 16384
};

static uint32_t row_bytes(const struct ftte_sensor *sensor) {
    uint32_t element = sensor->type == FTTE_SAMPLE_TYPE_F32 ? 4 : sensor->type == FTTE_SAMPLE_TYPE_I16 ? 2 : 1;
    return sensor->elements * element;
}

uint32_t ftte_recorder_record_bytes(const struct ftte_sensor *sensor, uint32_t window) {
    if (window == 0 || window > RECORD_MAX / row_bytes(sensor)) return 0;
    return 4 + ((window * row_bytes(sensor) + 3) & ~3u);
}

void ftte_recorder_restart(struct ftte_session *s) {
    s->recorder.rows = s->recorder.skip = 0;
    s->recorder.overlaps_log = false;
}

// ---- what is wanted ----

static bool learns_anything(const struct ftte_session *s) {
    struct ftte_plan_header plan;
    return ftte_plan_read(s, &plan) >= 0 && plan.model_kind == FTTE_MODEL_KIND_AUTOENCODER;
}

// Rows of a window; 0: nothing is to be recorded.
static uint32_t wanted_window(const struct ftte_session *s, const struct ftte_sensor *sensor) {
    struct ftte_plan_header plan;
    if (s->recorder.capturing) return s->recorder.capture.window;
    if (s->log_full) return 0;
    if (ftte_plan_read(s, &plan) < 0) return sensor->labelled ? sensor->window : 0;
    if (plan.sample_type != sensor->type || plan.input_elements % sensor->elements != 0) return 0;
    return sensor->labelled || learns_anything(s) ? plan.input_elements / sensor->elements : 0;
}

static uint32_t wanted_hop(const struct ftte_session *s, const struct ftte_sensor *sensor, uint32_t window) {
    if (s->recorder.capturing) return s->recorder.capture.hop;
    if (sensor->hop > 0) return sensor->hop;
    return window > 1 ? window / 2 : 1;
}

// Takes the wanted window over. False when there is none.
static bool settle(struct ftte_session *s, const struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    uint32_t window = wanted_window(s, sensor), hop = wanted_hop(s, sensor, window);
    if (ftte_recorder_record_bytes(sensor, window) == 0) window = 0;
    if ((window != r->window || hop != r->hop) && s->record_use != FTTE_RECORD_APPENDED) ftte_sensor_release(s);
    r->window = window;
    r->hop = hop;
    return window > 0;
}

// ---- the sensor ----

static void fail(struct ftte_session *s, int error) {
    s->recorder.state = FTTE_SENSOR_STATE_OFF;
    s->recorder.error = error;
    s->recorder.retry_ms = ftte_port_clock_ms();
    s->errors++;
    ftte_sensor_release(s);
}

static void rest(struct ftte_session *s, struct ftte_sensor *sensor) {
    if (s->recorder.state < FTTE_SENSOR_STATE_STARTING) return;
    s->recorder.state = FTTE_SENSOR_STATE_OFF;
    sensor->stop(sensor);
    if (s->record_use == FTTE_RECORD_RECORDED) ftte_sensor_release(s);
}

static bool waits(const struct ftte_recorder *r) {
    return r->error < 0 && ftte_port_clock_ms() - r->retry_ms < RETRY_MS;
}

// One step towards rows. True when the sensor runs.
static bool start(struct ftte_session *s, struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    if (r->state == FTTE_SENSOR_STATE_RUNNING) return true;
    int result = FTTE_OK;
    if (r->state != FTTE_SENSOR_STATE_STARTING) {
        if (waits(r)) return false;
        result = sensor->probe(sensor);
    }
    if (result >= 0) {
        r->state = FTTE_SENSOR_STATE_STARTING;
        result = sensor->configure(sensor, ftte_port_clock_ms());
    }
    if (result < 0) fail(s, result);
    if (result != FTTE_OK) return false;
    r->state = FTTE_SENSOR_STATE_RUNNING;
    r->error = FTTE_OK;
    return true;
}

uint32_t ftte_recorder_sleep_ms(const struct ftte_session *s) {
    const struct ftte_sensor *sensor = ftte_port_sensor();
    if (!sensor || (s->log_full && !s->recorder.capturing)) return UINT32_MAX;
    return s->recorder.state == FTTE_SENSOR_STATE_RUNNING && sensor->poll_ms > 0 ? sensor->poll_ms : ASK_MS;
}

// ---- windows ----

// The buffer for the window, with what it shares with the one before.
static bool open_window(struct ftte_session *s, const struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    if (s->record) return true;
    int result = ftte_sensor_take(s, ftte_recorder_record_bytes(sensor, r->window), FTTE_RECORD_RECORDED);
    if (result < 0) r->error = result;
    if (result < 0) return false;
    if (!r->overlaps_log) return true;
    const uint8_t *newest = ftte_store_sample(&s->store, ftte_store_samples(&s->store) - 1);
    if (newest)
        memcpy(s->record + 4, newest + 4 + r->hop * row_bytes(sensor), r->rows * row_bytes(sensor));
    else
        r->rows = 0;
    r->overlaps_log = false;
    return true;
}

static void free_window(struct ftte_session *s) {
    ftte_pool_free(&s->pool, s->record);
    s->record = NULL;
    s->record_use = FTTE_RECORD_FREE;
}

// What the next window shares with this one, and what is left out between them.
static void overlap(struct ftte_recorder *r) {
    r->rows = r->hop < r->window ? r->window - r->hop : 0;
    r->skip = r->hop > r->window ? r->hop - r->window : 0;
}

// A window that the log has no room for: it is watched, and the next one begins with its end.
static void pass(struct ftte_session *s, const struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    s->log_full = !ftte_watch_passing(s, s->record, s->record_bytes);
    if (s->log_full) ftte_log(s, FTTE_LOG_SAMPLES_FULL, ftte_store_samples(&s->store), 0, 0);
    overlap(r);
    memmove(s->record + 4, s->record + 4 + r->hop * row_bytes(sensor), r->rows * row_bytes(sensor));
    if (r->rows == 0) free_window(s);
}

static void finish_window(struct ftte_session *s, const struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    uint16_t label = r->label == FTTE_LABEL_NONE ? 0 : r->label;
    memcpy(s->record, &label, sizeof label);
    int result = ftte_sensor_keep(s, r->capturing);
    if (result == FTTE_ERR_SAMPLES_FULL) {
        pass(s, sensor);
        return;
    }
    free_window(s);
    overlap(r);
    r->overlaps_log = r->rows > 0;
    if (result < 0) {
        r->error = result;
        ftte_recorder_restart(s);
        return;
    }
    r->kept += r->capturing;
    ftte_watch_kept(s);
}

// ---- rows ----

// Rows of the batch that were measured before `ms`.
static uint32_t rows_before(const struct ftte_sensor *sensor, const struct ftte_sensor_rows *rows, uint32_t ms) {
    int32_t ahead = (int32_t)(ms - rows->first_ms);
    if (ahead <= 0) return 0;
    if (sensor->rate_mhz == 0) return UINT32_MAX;
    return (uint32_t)(((uint64_t)ahead * sensor->rate_mhz + 999999u) / 1000000u);
}

static uint32_t capture_end_ms(const struct ftte_recorder *r) { return r->begin_ms + r->capture.duration_ms; }

static bool passed(uint32_t ms) { return (int32_t)(ftte_port_clock_ms() - ms) >= 0; }

// Leaves out what was measured before the capture began or after it ended. Returns the rows left; `*last`: there will
// be no more.
static uint32_t within_capture(const struct ftte_recorder *r, const struct ftte_sensor *sensor,
                               struct ftte_sensor_rows *rows, uint32_t got, bool *last) {
    uint32_t until = got > 0 ? rows_before(sensor, rows, capture_end_ms(r)) : 0;
    uint32_t early = got > 0 ? rows_before(sensor, rows, r->begin_ms) : 0;
    *last = passed(capture_end_ms(r)) && (until < got || got < rows->room);
    if (until < got) got = until;
    if (early > got) early = got;
    if (early > 0)
        memmove(rows->elements, rows->elements + early * row_bytes(sensor), (got - early) * row_bytes(sensor));
    rows->begins |= early > 0;
    return got - early;
}

// Adds rows to the window; those that do not follow the ones in it begin a new one.
static void add(struct ftte_session *s, const struct ftte_sensor *sensor, const struct ftte_sensor_rows *rows,
                uint32_t got, uint16_t label, bool wanted) {
    struct ftte_recorder *r = &s->recorder;
    if (rows->begins || label != r->label) {
        r->gaps += rows->begins && r->rows > 0;
        memmove(s->record + 4, rows->elements, got * row_bytes(sensor));
        r->rows = r->skip = 0;
        r->label = label;
    }
    if (!wanted) return;
    if (r->skip > 0) {
        r->skip -= got < r->skip ? got : r->skip;
        return;
    }
    r->rows += got;
    if (r->rows == r->window) finish_window(s, sensor);
}

// What was read, into the window.
static void sort(struct ftte_session *s, const struct ftte_sensor *sensor, struct ftte_sensor_rows *rows,
                 uint32_t got) {
    struct ftte_recorder *r = &s->recorder;
    bool last = false;
    uint32_t left = r->capturing ? within_capture(r, sensor, rows, got, &last) : got;
    uint16_t label = r->capturing ? r->capture.label : rows->label;
    if (left > 0) add(s, sensor, rows, left, label, label != FTTE_LABEL_NONE || learns_anything(s));
    if (!last) return;
    r->capturing = false;
    ftte_recorder_restart(s);
}

// Reads into the buffer. Returns true when there were rows.
static bool take_rows(struct ftte_session *s, struct ftte_sensor *sensor) {
    struct ftte_recorder *r = &s->recorder;
    struct ftte_sensor_rows rows = {.elements = s->record + 4 + r->rows * row_bytes(sensor)};
    rows.room = r->window - r->rows;
    if (r->skip > 0 && r->skip < rows.room) rows.room = r->skip;
    int got = sensor->read(sensor, &rows, ftte_port_clock_ms());
    if (got < 0) fail(s, got);
    if (got < 0) return false;
    sort(s, sensor, &rows, (uint32_t)got);
    if (got > 0) s->sensor_seen = true;
    if (s->record_use == FTTE_RECORD_RECORDED && r->rows == 0) free_window(s);
    return got > 0;
}

bool ftte_recorder_poll(struct ftte_session *s) {
    struct ftte_sensor *sensor = ftte_port_sensor();
    if (!sensor || s->record_use == FTTE_RECORD_APPENDED) return false;
    // Of a sensor that does not run there will be no last row.
    if (s->recorder.capturing && passed(capture_end_ms(&s->recorder) + LAST_ROW_MS)) s->recorder.capturing = false;
    if (!settle(s, sensor)) {
        rest(s, sensor);
        return false;
    }
    return start(s, sensor) && open_window(s, sensor) && take_rows(s, sensor);
}
