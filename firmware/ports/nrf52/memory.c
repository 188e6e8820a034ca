// The session's painted stack at the bottom of RAM, and the pool behind the data. Under RAM nothing answers, so an
// overflow of the stack is a fault, and a fault is a reset.
#include "board.h"
#include "session/session.h"

extern uint8_t board_pool[], board_ram_end[];
extern uint32_t board_stack[];

void board_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes) {
    *stack = board_stack;
    *pool = board_pool;
    *pool_bytes = (uint32_t)(board_ram_end - board_pool);
}

void board_memory_run(void (*session)(void)) {
    uint32_t *top = board_stack + FTTE_STACK_BYTES / 4;
    for (uint32_t *word = board_stack; word < top; word++) *word = FTTE_STACK_PAINT;
    __asm volatile("msr psp, %0\n"
                   "msr control, %1\n" // thread mode goes on on the process stack
                   "isb\n"
                   "bx %2\n" ::"r"(top),
                   "r"(2), "r"(session));
    __builtin_unreachable();
}
