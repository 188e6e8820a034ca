// The board's loop: read, answer, work, report. What a command does is commands.c, what a task does is training.c.
#include "session/session.h"

#include <string.h>

#include "session/state.h"

enum {
    READ_BYTES = 2 * FTTE_WINDOW_BYTES, // at most, per poll, so that training goes on under any traffic
    PROGRESS_MS = 250,
    IDLE_MS = 1000,
    RESET_MS = 500 // how long a reset waits for its reply to leave
};

struct ftte_session *ftte_session_open(void *pool, uint32_t bytes, const uint32_t *stack, uint32_t stack_bytes) {
    uint32_t own = (sizeof(struct ftte_session) + 15) & ~15u;
    if (!pool || bytes < own + 1024) return NULL;
    struct ftte_session *s = memset(pool, 0, own);
    s->bytes = bytes;
    s->stack = stack;
    s->stack_bytes = stack ? stack_bytes : 0;
    s->reset_kind = -1;
    ftte_pool_open(&s->pool, (uint8_t *)pool + own, bytes - own);
    ftte_log_open(s);
    if (ftte_store_open(&s->store) < 0) return NULL;
    ftte_health_open(s);
    ftte_install_recover(s);
    ftte_training_resume(s);
    s->pushed_state = (uint8_t)ftte_session_state(s);
    return s;
}

static void note_link(struct ftte_session *s, bool there) {
    if (s->link_gone == !there) return;
    s->link_gone = !there;
    if (there) return;
    ftte_log_forget_host(s);
    ftte_log(s, FTTE_LOG_LINK_GONE, 0, 0, 0);
}

// The next byte of the link; -1 when none waits.
static int next_byte(struct ftte_session *s) {
    if (s->inbox_at == s->inbox_count) {
        int count = ftte_port_link_read(s->inbox, sizeof s->inbox);
        note_link(s, count >= 0);
        if (count <= 0) return -1;
        s->inbox_at = 0;
        s->inbox_count = (uint16_t)count;
    }
    return s->inbox[s->inbox_at++];
}

// Answers what came in. Returns true when anything did; `*commands` counts the good frames.
static bool receive(struct ftte_session *s, int *commands) {
    for (int count = 0; count < (int)READ_BYTES; count++) {
        struct ftte_frame frame;
        if (!ftte_outbox_room(s, 1)) return count > 0;
        int byte = next_byte(s);
        if (byte < 0) return count > 0;
        if (ftte_frame_push(&s->parser, (uint8_t)byte, &frame) != 1) continue;
        ftte_command_run(s, &frame);
        ++*commands;
    }
    return true;
}

// Tells the host of its own accord: a change of state at once, steps now and then.
static void push_progress(struct ftte_session *s) {
    uint8_t state = (uint8_t)ftte_session_state(s);
    bool due = s->phase != FTTE_PHASE_NONE && ftte_port_clock_ms() - s->pushed_ms >= PROGRESS_MS;
    if ((state == s->pushed_state && !due) || !ftte_outbox_room(s, 2)) return;
    struct ftte_progress progress = ftte_progress_now(s);
    s->pushed_state = state;
    s->pushed_ms = ftte_port_clock_ms();
    ftte_outbox_send(s, FTTE_FRAME_TYPE_PROGRESS | FTTE_REPLY_FLAG, 0, 0, &progress, sizeof progress);
}

static void reset_when_told(struct ftte_session *s) {
    if (s->reset_kind < 0) return;
    if (s->outbox_count > 0 && ftte_port_clock_ms() - s->reset_ms < RESET_MS) return;
    ftte_machine_close(s);
    ftte_port_reset(s->reset_kind);
}

static bool work(struct ftte_session *s) {
    if (s->phase != FTTE_PHASE_NONE) {
        ftte_training_step(s);
        return true;
    }
    return s->receiver.kind == 0 && (ftte_recorder_poll(s) || ftte_watch_step(s));
}

uint32_t ftte_session_poll(struct ftte_session *s) {
    int commands = 0;
    bool received = receive(s, &commands), sent = ftte_transfer_pump(s);
    ftte_trial_poll(s);
    bool worked = work(s);
    push_progress(s);
    ftte_health_watch(s);
    sent |= ftte_log_push(s);
    sent |= ftte_outbox_flush(s);
    reset_when_told(s);
    // Garbage on the line is no progress; a step, a command and a poll with nothing to do are.
    if (commands > 0 || worked || !received) ftte_port_watchdog_feed();
    if (received || sent || worked || s->phase != FTTE_PHASE_NONE) return 0;
    if (s->outbox_count > 0 || s->reset_kind >= 0) return 1;
    uint32_t sleep_ms = ftte_recorder_sleep_ms(s);
    return sleep_ms < IDLE_MS ? sleep_ms : IDLE_MS;
}
