// Transfers in both directions over a link that loses, repeats and reorders frames, with hosts that do no more than
// docs/wire.md asks of them.
#include <string.h>

#include "link/transfer.h"
#include "report.h"

enum { WINDOW = 960, TOTAL = 20011, QUEUE = 64, PATIENCE = 40 };

struct frame {
    uint32_t offset, bytes;
    bool nak;
};

// A link that delivers in order unless it is told to harm the `harm_at`-th frame.
struct link {
    struct frame frames[QUEUE];
    int count, sent, harm_at, percent;
    enum harm { NONE, DROP, REPEAT, SWAP } harm;
};

static uint32_t seed;

static int chance(void) {
    seed = seed * 1664525u + 1013904223u;
    return (int)((seed >> 16) % 100);
}

static void send(struct link *link, struct frame frame) {
    bool hit = link->sent++ == link->harm_at || chance() < link->percent;
    enum harm harm = hit ? link->harm : NONE;
    if (harm == DROP || link->count > QUEUE - 2) return;
    link->frames[link->count++] = frame;
    if (harm == REPEAT) link->frames[link->count++] = frame;
    if (harm != SWAP || link->count < 2) return;
    link->frames[link->count - 1] = link->frames[link->count - 2];
    link->frames[link->count - 2] = frame;
}

static bool take(struct link *link, struct frame *frame) {
    if (link->count == 0) return false;
    *frame = link->frames[0];
    memmove(link->frames, link->frames + 1, (size_t)--link->count * sizeof *frame);
    return true;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

// The board's side of a frame that arrives; `stored` must grow without gaps.
static bool board_takes(struct ftte_receiver *board, struct frame frame, struct link *back, uint32_t *stored) {
    switch (ftte_receiver_data(board, 9, frame.offset, frame.bytes)) {
    case FTTE_RECEIVER_IGNORE: return true;
    case FTTE_RECEIVER_NAK: send(back, (struct frame){board->have, 0, true}); return true;
    case FTTE_RECEIVER_ACK: send(back, (struct frame){board->have, 0, false}); return true;
    case FTTE_RECEIVER_STORE: break;
    }
    if (frame.offset != *stored) return false;
    *stored += frame.bytes;
    if (ftte_receiver_stored(board, frame.bytes, WINDOW)) send(back, (struct frame){board->have, 0, false});
    return true;
}

// Host to board: go-back-n with a timer. Returns the frames sent, or -1 when it got stuck or stored out of order.
static int put(struct link *there, struct link *back) {
    struct ftte_receiver board;
    uint32_t next = 0, acked = 0, stored = 0;
    int idle = 0;
    ftte_receiver_begin(&board, 9, 4, TOTAL, 0);
    for (struct frame frame; acked < TOTAL; idle++) {
        uint32_t bytes = least(least(FTTE_FRAME_BODY_MAX, TOTAL - next), WINDOW - (next - acked));
        if (bytes > 0) send(there, (struct frame){next, bytes, false}), next += bytes;
        if (take(there, &frame) && !board_takes(&board, frame, back, &stored)) return -1;
        if (take(back, &frame) && (frame.offset > acked || frame.nak) && frame.offset >= acked) {
            acked = frame.offset;
            if (frame.nak || next < acked) next = acked;
            idle = 0;
        }
        if (idle > PATIENCE) next = acked, idle = 0;
        if (there->sent > 100000) return -1;
    }
    return stored == TOTAL && board.have == TOTAL ? there->sent : -1;
}

// Board to host: the host's timer asks again with a nak at what it has.
static int get(struct link *there, struct link *back) {
    struct ftte_sender board;
    uint32_t have = 0;
    int idle = 0;
    ftte_sender_begin(&board, 9, 6, TOTAL, 0, WINDOW);
    for (struct frame frame; have < TOTAL; idle++) {
        uint32_t bytes = ftte_sender_ready(&board);
        if (board.next - board.acked > WINDOW || bytes > FTTE_FRAME_BODY_MAX) return -1;
        if (bytes > 0) {
            send(there, (struct frame){board.next, bytes, false});
            ftte_sender_sent(&board, bytes);
        }
        if (take(there, &frame) && frame.offset == have) {
            have += frame.bytes;
            idle = 0;
            send(back, (struct frame){have, 0, false});
        }
        if (take(back, &frame)) ftte_sender_acked(&board, 9, frame.offset, frame.nak);
        if (idle > PATIENCE) send(back, (struct frame){have, 0, true}), idle = 0;
        if (there->sent > 100000) return -1;
    }
    return there->sent;
}

static const char *const harms[] = {"", "lost", "repeated", "swapped with the one before"};

static void each_frame(const char *name, int (*transfer)(struct link *, struct link *)) {
    struct link there = {.harm_at = -1}, back = {.harm_at = -1};
    int frames = transfer(&there, &back), answers = back.sent;
    report(frames == (TOTAL + 239) / 240, "%s of %d bytes sends no byte twice on a good link", name, TOTAL);
    for (enum harm harm = DROP; harm <= SWAP; harm++) {
        int stuck = 0;
        for (int at = 0; at < frames + answers; at++) {
            there = (struct link){.harm = harm, .harm_at = at < frames ? at : -1};
            back = (struct link){.harm = harm, .harm_at = at < frames ? -1 : at - frames};
            stuck += transfer(&there, &back) < 0;
        }
        report(stuck == 0, "%s completes with each of its %d frames %s", name, frames + answers, harms[harm]);
    }
}

static void often(const char *name, int (*transfer)(struct link *, struct link *)) {
    int stuck = 0, most = 0;
    for (int round = 0; round < 200; round++) {
        struct link there = {.harm = DROP + round % 3, .harm_at = -1, .percent = 15};
        struct link back = {.harm = DROP + round / 3 % 3, .harm_at = -1, .percent = 15};
        int frames = transfer(&there, &back);
        stuck += frames < 0;
        most = frames > most ? frames : most;
    }
    report(stuck == 0, "%s completes when 15 %% of all frames are harmed, in at most %d frames", name, most);
}

static void edges(void) {
    struct ftte_receiver receiver;
    ftte_receiver_begin(&receiver, 1, 2, 1000, 400);
    report(ftte_receiver_data(&receiver, 2, 400, 10) == FTTE_RECEIVER_IGNORE, "ignores data of another transfer");
    report(ftte_receiver_data(&receiver, 1, 400, 601) == FTTE_RECEIVER_IGNORE, "ignores data behind the total");
    report(ftte_receiver_data(&receiver, 1, UINT32_MAX, 2) == FTTE_RECEIVER_IGNORE, "ignores offsets that would wrap");
    report(ftte_receiver_data(&receiver, 1, 640, 240) == FTTE_RECEIVER_NAK &&
               ftte_receiver_data(&receiver, 1, 880, 120) == FTTE_RECEIVER_IGNORE,
           "answers a gap once");
    report(ftte_receiver_data(&receiver, 1, 160, 240) == FTTE_RECEIVER_ACK, "answers a repeat with where it is");
    report(ftte_receiver_data(&receiver, 1, 400, 240) == FTTE_RECEIVER_STORE &&
               !ftte_receiver_stored(&receiver, 240, WINDOW) && ftte_receiver_stored(&receiver, 240, WINDOW),
           "acknowledges every half window");
    struct ftte_sender sender = {0};
    report(ftte_sender_ready(&sender) == 0, "a sender without a blob has nothing to send");
    ftte_sender_begin(&sender, 1, 6, 100, 500, WINDOW);
    report(ftte_sender_ready(&sender) == 0, "an offset behind the end sends nothing");
    ftte_sender_begin(&sender, 1, 6, 5000, 240, WINDOW);
    ftte_sender_sent(&sender, 240);
    ftte_sender_acked(&sender, 1, 5001, false);
    ftte_sender_acked(&sender, 1, 0, true);
    ftte_sender_acked(&sender, 2, 480, false);
    report(sender.acked == 240 && sender.next == 480, "ignores acknowledgements out of range or of another transfer");
}

int main(void) {
    edges();
    each_frame("a put", put);
    each_frame("a get", get);
    often("a put", put);
    often("a get", get);
    puts("done");
    return 0;
}
