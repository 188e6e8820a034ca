// Main: chip, flash, link, then the session for ever.
#include "esp.h"
#include "session/session.h"

static void run(void) {
    uint32_t *stack, pool_bytes;
    uint8_t *pool;
    esp_memory_parts(&stack, &pool, &pool_bytes);
    struct ftte_session *session = ftte_session_open(pool, pool_bytes, stack, FTTE_STACK_BYTES);
    while (session) ftte_port_idle(ftte_session_poll(session));
    // Too little RAM, or a flash geometry that the store refuses: both are the build's, so nothing but a new image
    // helps.
    for (;;) ftte_port_idle(1000);
}

int main(void) {
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(run);
}
