// The session's log over a port whose clock and line the test holds: who is sent what, for how long, and that it never
// takes the room of replies and blobs.
#include <string.h>

#include "report.h"
#include "session/state.h"

enum { LEASE_MS = 10000 };

// ---- the port

static uint32_t now;
uint32_t ftte_port_clock_ms(void) { return now; }

static uint8_t line[1 << 16];
static size_t line_bytes;
static bool line_full;
int ftte_port_link_write(const void *buf, size_t bytes) {
    if (line_full) return 0;
    memcpy(line + line_bytes, buf, bytes);
    line_bytes += bytes;
    return (int)bytes;
}

// ---- the host's end

static struct ftte_session session;

static void begin(void) {
    memset(&session, 0, sizeof session);
    now = 0, line_bytes = 0, line_full = false;
    ftte_log_open(&session);
}

static int ask(uint8_t level, uint32_t from) {
    struct ftte_log_request request = {.level = level, .resets = 0, .from = from};
    struct ftte_frame frame = {.type = FTTE_FRAME_TYPE_LOG, .id = 7, .body_bytes = sizeof request};
    frame.body = (const uint8_t *)&request;
    return ftte_log_ask(&session, &frame);
}

static void note(int count) {
    for (int i = 0; i < count; i++) ftte_log(&session, FTTE_LOG_TASK_ENDED, (uint32_t)i, 0, 0);
}

// What went over the line since the last look: log entries, and everything else.
static void look(uint32_t *entries, int *others) {
    struct ftte_frame_parser parser = {0};
    struct ftte_frame frame;
    *entries = 0, *others = 0;
    for (size_t i = 0; i < line_bytes; i++) {
        if (ftte_frame_push(&parser, line[i], &frame) != 1) continue;
        if (frame.type == (FTTE_FRAME_TYPE_LOG | FTTE_REPLY_FLAG) && frame.id == 0)
            *entries += frame.body_bytes / (uint32_t)sizeof(struct ftte_log_entry);
        else
            ++*others;
    }
    line_bytes = 0;
}

// Polls as the session does, and gives how many entries were sent.
static uint32_t sent(void) {
    uint32_t entries;
    int others;
    for (int polls = 0; polls < 5; polls++) {
        (void)ftte_log_push(&session);
        (void)ftte_outbox_flush(&session);
    }
    look(&entries, &others);
    return entries;
}

// ---- tests

static void listens_to_hosts(void) {
    begin();
    note(3);
    report(sent() == 0, "nothing is sent to a host that has not asked");
    report(ask(FTTE_LOG_LEVEL_INFO, 0) == FTTE_OK && sent() == 3, "one that asks gets what is there");
    note(2);
    report(sent() == 2, "and what comes later");
    now += LEASE_MS;
    note(1);
    report(sent() == 1, "a host counts for 10 s");
    now += 1;
    note(1);
    report(sent() == 0, "and no longer");
    report(ask(FTTE_LOG_LEVEL_INFO, 6) == FTTE_OK && sent() == 1, "until it asks again");
    note(1);
    ftte_log_forget_host(&session);
    report(sent() == 0, "a host whose link is gone is forgotten");
    report(ask(FTTE_LOG_LEVEL_OFF, 0) == FTTE_OK && sent() == 0, "off ends it");
}

static void keeps_levels(void) {
    begin();
    ftte_log(&session, FTTE_LOG_SAMPLE_KEPT, 1, 0, 0);
    report(session.log.ring.written == 0, "without a host, what is only for debugging is not kept");
    ask(FTTE_LOG_LEVEL_DEBUG, 0);
    ftte_log(&session, FTTE_LOG_SAMPLE_KEPT, 1, 0, 0);
    report(sent() == 1, "with one that wants it, it is");
    ask(FTTE_LOG_LEVEL_ERROR, 1);
    note(1);
    ftte_log(&session, FTTE_LOG_TASK_FAILED, 1, 2, 3);
    report(sent() == 1, "a host that wants errors gets errors");
}

// While a reply and a blob's frame are in the outbox, there is no room to spare.
static void gives_way(void) {
    uint8_t body[FTTE_FRAME_BODY_MAX] = {0};
    uint32_t entries;
    int others;
    begin();
    ask(FTTE_LOG_LEVEL_INFO, 0);
    line_full = true; // nobody reads
    ftte_outbox_send(&session, FTTE_FRAME_TYPE_GET_DATA | FTTE_REPLY_FLAG, 1, 0, body, sizeof body);
    note(100);
    bool pushed = ftte_log_push(&session);
    report(!pushed && ftte_outbox_room(&session, 1),
           "a log that finds no room to spare waits, and a reply has its room");
    line_full = false;
    (void)ftte_outbox_flush(&session);
    look(&entries, &others);
    report(entries == 0 && others == 2, "what was there goes first");
    report(sent() == FTTE_LOG_RING_ENTRIES, "then the newest entries, of which the ring holds no more");
}

int main(void) {
    listens_to_hosts();
    keeps_levels();
    gives_way();
    printf("done\n");
    return 0;
}
