// The whole life of a board: open the session on all RAM that is left, then poll it for ever, sleeping as long as it
// says. A reset comes back to where main began; flash is what it was.
#include "board.h"
#include "session/session.h"

int main(void) {
    board_flash_open();
    (void)setjmp(board_reset_vector);
    struct ftte_session *session = ftte_session_open(board_memory.pool, sizeof board_memory.pool, NULL, 0);
    if (!session) return 1; // too little RAM, or a flash geometry that the store refuses
    while (!board_link_ended()) ftte_port_idle(ftte_session_poll(session));
    return 0;
}
