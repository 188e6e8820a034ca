// What tells how a board is: resets by reason, which survive them in a blob of their own, and peaks of pool, arena and
// stack, measured since the start. The blob also names the kernels that passed their self-test.
#include <string.h>

#include "session/state.h"

enum { WATCH_MS = 1000, BATTERY_LOW = 20, BATTERY_STEP = 5 }; // per cent

void ftte_health_keep(struct ftte_session *s) { (void)ftte_health_write(&s->store, &s->health); }

static void take_panic(struct ftte_session *s) {
    const struct ftte_panic_record *record = ftte_port_panic();
    if (!ftte_panic_sealed(record)) return;
    s->panic = record->panic;
    ftte_log(s, FTTE_LOG_PANICKED, s->panic.pc, s->panic.cause, 0);
}

void ftte_health_open(struct ftte_session *s) {
    int reason = ftte_port_reset_reason();
    ftte_health_read(&s->store, &s->health);
    if (reason < 0 || reason >= FTTE_REASONS) reason = FTTE_RESET_REASON_UNKNOWN;
    if (s->health.resets[reason] < UINT16_MAX) s->health.resets[reason]++;
    bool died = reason == FTTE_RESET_REASON_WATCHDOG || reason == FTTE_RESET_REASON_FAULT;
    s->died = died && !s->health.absolved;
    s->health.absolved = 0;
    ftte_health_keep(s);
    ftte_log(s, FTTE_LOG_STARTED, (uint32_t)reason, ftte_health_resets(s), ftte_store_samples(&s->store));
    take_panic(s);
}

uint16_t ftte_health_resets(const struct ftte_session *s) {
    uint16_t resets = 0;
    for (int i = 0; i < FTTE_REASONS; i++) resets = (uint16_t)(resets + s->health.resets[i]);
    return resets;
}

void ftte_health_note_kernels(struct ftte_session *s, uint32_t crc) {
    if (s->health.kernels_passed == crc) return;
    s->health.kernels_passed = crc;
    ftte_health_keep(s);
}

// Stacks grow down: what is still painted at the low end was never used.
static uint32_t stack_peak(const struct ftte_session *s) {
    uint32_t words = s->stack_bytes / 4, free = 0;
    while (free < words && s->stack[free] == FTTE_STACK_PAINT) free++;
    return 4 * (words - free);
}

static void tell_memory(struct ftte_session *s, struct ftte_stats *stats) {
    uint32_t own = s->bytes - s->pool.bytes;
    ftte_machine_measure(s);
    stats->pool_bytes = s->bytes;
    stats->pool_peak = own + (s->pool.peak > s->pool_peak ? s->pool.peak : s->pool_peak);
    stats->arena_planned = s->arena_planned;
    stats->arena_peak = s->arena_peak;
    stats->engine_peak = s->engine_peak;
    stats->stack_bytes = s->stack_bytes;
    stats->stack_peak = stack_peak(s);
}

struct ftte_stats ftte_health_stats(struct ftte_session *s) {
    struct ftte_stats stats = {0};
    struct ftte_store_counters counters = ftte_store_counters(&s->store);
    tell_memory(s, &stats);
    stats.flash_erases = counters.erases;
    stats.flash_programs = counters.programs;
    memcpy(stats.resets, s->health.resets, sizeof stats.resets);
    stats.frames_good = s->parser.good;
    stats.frames_bad = s->parser.bad;
    stats.steps = s->steps;
    stats.anomaly_mean = s->watch.scores[1];
    stats.anomaly_variance = s->watch.scores[2];
    stats.anomaly_threshold = ftte_watch_threshold(s);
    stats.anomaly_last = s->watch.last;
    stats.anomalies = s->watch.unusual;
    return stats;
}

// ---- what the log should tell

static void watch_line(struct ftte_session *s) {
    uint32_t bad = s->parser.bad;
    if (bad != s->bad_told) ftte_log(s, FTTE_LOG_FRAMES_BAD, bad - s->bad_told, bad, 0);
    s->bad_told = bad;
}

// Told again when it has fallen further; a battery that was charged in between begins anew.
static void watch_battery(struct ftte_session *s) {
    int percent = ftte_port_battery();
    bool further = s->battery_told == 0 || percent + BATTERY_STEP <= s->battery_told;
    if (percent > BATTERY_LOW + BATTERY_STEP) s->battery_told = 0;
    if (percent > BATTERY_LOW || !further) return;
    s->battery_told = (uint8_t)(percent > 0 ? percent : 1);
    ftte_log(s, FTTE_LOG_BATTERY_LOW, (uint32_t)percent, 0, 0);
}

void ftte_health_watch(struct ftte_session *s) {
    uint32_t now = ftte_port_clock_ms();
    if (now - s->watched_ms < WATCH_MS) return;
    s->watched_ms = now;
    watch_line(s);
    watch_battery(s);
}
