// RAM of the board's size, flash behind it, and the stack of the session inside that RAM: painted, so that its peak is
// measured, with an unmapped page below it, so that an overflow ends the process and corrupts nothing.
#define _GNU_SOURCE
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "board.h"
#include "session/session.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

struct board_memory board_memory;
static ucontext_t session_context, main_context;
static void (*session_main)(void);

void board_memory_open(void) {
    const struct board_options *o = &board_options;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), ram = (o->ram_bytes + page - 1) / page * page;
    size_t flash = (o->geometry.bytes + page - 1) / page * page;
    uint8_t *all = mmap(NULL, page + ram + flash, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) board_die("cannot reserve %zu bytes", page + ram + flash);
    if (mprotect(all + page, ram, PROT_READ | PROT_WRITE) != 0) board_die("cannot have %zu bytes of RAM", ram);
    int file = board_flash_open();
    void *map = mmap(all + page + ram, o->geometry.bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
    if (map == MAP_FAILED) board_die("cannot map %s", o->flash);
    board_memory.stack = all + page;
    board_memory.pool = all + page + o->stack_bytes;
    board_memory.pool_bytes = o->ram_bytes - o->stack_bytes;
    board_memory.flash = map;
}

static void enter(void) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
    session_main();
}

void board_memory_run(void (*session)(void)) {
    uint32_t *stack = (uint32_t *)(void *)board_memory.stack;
    for (uint32_t i = 0; i < board_options.stack_bytes / 4; i++) stack[i] = FTTE_STACK_PAINT;
    session_main = session;
    if (getcontext(&session_context) != 0) board_die("cannot switch stacks");
    session_context.uc_stack.ss_sp = stack;
    session_context.uc_stack.ss_size = board_options.stack_bytes;
    session_context.uc_link = NULL;
    makecontext(&session_context, enter, 0);
#if defined(__SANITIZE_ADDRESS__)
    void *fake;
    __sanitizer_start_switch_fiber(&fake, stack, board_options.stack_bytes);
#endif
    swapcontext(&main_context, &session_context);
    board_die("the session returned");
}
