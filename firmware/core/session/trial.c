// Kernels and firmware on trial: they are in use, and are the board's only once the host has confirmed them over the
// link. Until then the blob before them stays in its slot. Unconfirmed when their time is over, or after a reset, they
// are given up for it; power may fail at any byte. That a blob is on trial is its tag (the seconds that the host gave
// it) while the health blob does not name it as confirmed, so confirming is one small blob, and giving up one word.
//
// Kernels go back here. Firmware goes back by a reset: which image starts is boot/boot.c.
#include "session/state.h"

static uint32_t *confirmed(struct ftte_session *s, int kind) {
    return kind == FTTE_BLOB_KIND_FIRMWARE ? &s->health.firmware_confirmed : &s->health.kernels_confirmed;
}

// Of the blob of `kind` in use, when there is something to go back to; 0 when it is not on trial. Firmware that waits
// for its first start is not: this program is the one before it.
static uint32_t seconds_of(struct ftte_session *s, int kind) {
    struct ftte_blob blob = ftte_store_get(&s->store, kind);
    bool runs = kind == FTTE_BLOB_KIND_FIRMWARE ? blob.crc == s->health.firmware_tried
                                                : ftte_store_previous(&s->store, kind).bytes != NULL;
    return blob.bytes && runs && blob.crc != *confirmed(s, kind) ? blob.tag : 0;
}

static void note_return(struct ftte_session *s, int kind, enum ftte_return_reason reason) {
    s->health.returned_kind = (uint8_t)kind;
    s->health.returned_reason = (uint8_t)reason;
    s->health.returned_crc = ftte_store_get(&s->store, kind).crc;
    ftte_health_keep(s);
    ftte_log(s, FTTE_LOG_TRIAL_RETURNED, (uint32_t)kind, (uint32_t)reason, 0);
}

// The kernels before are in use again.
static void return_kernels(struct ftte_session *s, enum ftte_return_reason reason) {
    note_return(s, FTTE_BLOB_KIND_KERNELS, reason);
    s->trial_kind = 0;
    ftte_machine_close(s);
    ftte_transfer_retract(s, FTTE_BLOB_KIND_KERNELS);
    s->plan_at = 0; // they are tested again with the next plan
    (void)ftte_store_revert(&s->store, FTTE_BLOB_KIND_KERNELS);
    ftte_watch_settle(s);
}

static void return_firmware(struct ftte_session *s, enum ftte_return_reason reason) {
    note_return(s, FTTE_BLOB_KIND_FIRMWARE, reason);
    ftte_machine_close(s);
    ftte_port_reset(FTTE_RESET_KIND_BOARD);
}

void ftte_trial_begin(struct ftte_session *s, int kind) {
    uint32_t seconds = seconds_of(s, kind);
    if (seconds == 0) return;
    s->trial_kind = (uint8_t)kind;
    s->trial_seconds = seconds;
    s->trial_ms = ftte_port_clock_ms();
    ftte_log(s, FTTE_LOG_TRIAL_BEGUN, (uint32_t)kind, seconds, 0);
}

// Kernels of another ABI, or none, are no fault of the firmware: the host sends those that belong to it.
static bool runs_kernels(struct ftte_session *s) {
    int result = ftte_machine_self_test(s);
    if (result >= 0) return true;
    s->plan_at = 0;
    return result == FTTE_ERR_BLOB_ABSENT || result == FTTE_ERR_GUEST_ABI;
}

void ftte_trial_open(struct ftte_session *s) {
    if (seconds_of(s, FTTE_BLOB_KIND_KERNELS) > 0) {
        int reason = ftte_port_reset_reason();
        return_kernels(s, reason == FTTE_RESET_REASON_WATCHDOG ? FTTE_RETURN_REASON_WATCHDOG
                          : reason == FTTE_RESET_REASON_FAULT  ? FTTE_RETURN_REASON_FAULT
                                                               : FTTE_RETURN_REASON_RESET);
    }
    ftte_trial_begin(s, FTTE_BLOB_KIND_FIRMWARE);
    if (s->trial_kind == FTTE_BLOB_KIND_FIRMWARE && !runs_kernels(s)) return_firmware(s, FTTE_RETURN_REASON_SELF_TEST);
}

void ftte_trial_poll(struct ftte_session *s) {
    if (s->trial_kind == 0 || ftte_port_clock_ms() - s->trial_ms < 1000 * s->trial_seconds) return;
    if (s->trial_kind == FTTE_BLOB_KIND_FIRMWARE) return_firmware(s, FTTE_RETURN_REASON_TIME);
    return_kernels(s, FTTE_RETURN_REASON_TIME);
}

int ftte_trial_confirm(struct ftte_session *s, int kind) {
    uint32_t before = *confirmed(s, kind);
    if (s->trial_kind != kind) return FTTE_OK;
    *confirmed(s, kind) = ftte_store_get(&s->store, kind).crc;
    int result = ftte_health_write(&s->store, &s->health);
    if (result < 0) *confirmed(s, kind) = before;
    if (result < 0) return result;
    s->trial_kind = 0;
    ftte_log(s, FTTE_LOG_TRIAL_CONFIRMED, (uint32_t)kind, 0, 0);
    return FTTE_OK;
}

int ftte_trial_answer(struct ftte_session *s, const struct ftte_confirm *confirm) {
    int kind = confirm->kind;
    if (kind != FTTE_BLOB_KIND_KERNELS && kind != FTTE_BLOB_KIND_FIRMWARE) return FTTE_ERR_BLOB_KIND;
    struct ftte_blob blob = ftte_store_get(&s->store, kind);
    bool meant = blob.bytes && blob.crc == confirm->crc;
    // Kernels that are held and not on trial are in use for good; firmware may not have been started yet.
    bool waits = kind == FTTE_BLOB_KIND_FIRMWARE && s->trial_kind != kind && *confirmed(s, kind) != confirm->crc;
    if (!meant || waits) return FTTE_ERR_TRIAL_OVER;
    return ftte_trial_confirm(s, kind);
}

int ftte_trial_make_way(struct ftte_session *s, const struct ftte_put_begin *begin, bool is_held) {
    bool firmware = begin->kind == FTTE_BLOB_KIND_FIRMWARE, kernels = begin->kind == FTTE_BLOB_KIND_KERNELS;
    if (firmware && begin->trial_seconds == 0) return FTTE_ERR_ARGUMENT;
    if (s->trial_kind == FTTE_BLOB_KIND_FIRMWARE && (firmware || kernels)) return FTTE_ERR_TRIAL_RUNNING;
    if (s->trial_kind == 0 || !kernels) return FTTE_OK;
    if (!is_held) return_kernels(s, FTTE_RETURN_REASON_REPLACED);
    return is_held && begin->trial_seconds == 0 ? ftte_trial_confirm(s, begin->kind) : FTTE_OK;
}

struct ftte_trial_report ftte_trial_now(const struct ftte_session *s) {
    struct ftte_trial_report report = {.returned_crc = s->health.returned_crc,
                                       .returned_kind = s->health.returned_kind,
                                       .returned_reason = s->health.returned_reason,
                                       .running_kind = s->trial_kind};
    return report;
}
