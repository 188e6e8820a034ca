// Main: clock and watchdog, link, then the session for ever.
#include "board.h"
#include "session/session.h"

static void run(void) {
    uint32_t *stack, pool_bytes;
    uint8_t *pool;
    board_memory_parts(&stack, &pool, &pool_bytes);
    struct ftte_session *session = ftte_session_open(pool, pool_bytes, stack, FTTE_STACK_BYTES);
    while (session) ftte_port_idle(ftte_session_poll(session));
    // Too little RAM, or a flash geometry that the store refuses: both are the build's, so nothing but a new image
    // helps.
    for (;;) __asm volatile("wfi");
}

int main(void) {
    board_chip_open();
    board_link_open();
    board_memory_run(run);
}
