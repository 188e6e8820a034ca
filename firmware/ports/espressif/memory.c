// The session's stack at the bottom of RAM, and the pool behind the data. start.S begins on that stack; under RAM
// nothing answers, so its overflow is a fault, and a fault is a reset.
#include "esp.h"
#include "session/session.h"

extern uint8_t board_pool[], board_ram_end[];
extern uint32_t board_stack[];

void esp_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes) {
    *stack = board_stack;
    *pool = board_pool;
    *pool_bytes = (uint32_t)(board_ram_end - board_pool);
}

// Everything well below this function's own frame.
static void paint(void) {
    enum { FRAME_BYTES = 128 };
    uintptr_t end = (uintptr_t)__builtin_frame_address(0) - FRAME_BYTES;
    for (volatile uint32_t *word = board_stack; (uintptr_t)word < end; word++) *word = FTTE_STACK_PAINT;
}

void esp_memory_run(void (*session)(void)) {
    paint();
    session();
    esp_fault(); // a session does not return
}
