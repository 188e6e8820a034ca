// Memory as a chip has it: MPU regions over QEMU's generous map, the session's painted stack at the bottom of RAM, and
// the pool behind the data. Under the stack nothing answers, so an overflow is a fault, and a fault is a reset.
#include "board.h"
#include "board_config.h"
#include "session/session.h"

extern uint8_t board_pool[], board_ram_end[];
extern uint32_t board_stack[];

// ARMv7-M ARM, B3.5: the protected memory system architecture.
#define MPU_CONTROL (*(volatile uint32_t *)0xe000ed94u)
#define MPU_NUMBER (*(volatile uint32_t *)0xe000ed98u)
#define MPU_BASE (*(volatile uint32_t *)0xe000ed9cu)
#define MPU_SIZE (*(volatile uint32_t *)0xe000eda0u)
enum { MPU_ENABLE = 1, MPU_DEFAULT_MAP = 4 }; // control: where no region is, the default map counts

enum access { NONE = 0, READ_WRITE = 3, READ = 6 };
#define NEVER_EXECUTE (1u << 28)
#define NORMAL (2u << 16) // normal memory, write-through

// A later region counts over an earlier one. `bytes` is a power of two, 32 at least, and divides `base`.
static void region(uint32_t number, uint32_t base, uint32_t bytes, enum access access, uint32_t more) {
    MPU_NUMBER = number;
    MPU_BASE = base;
    MPU_SIZE = more | NORMAL | (uint32_t)access << 24 | (uint32_t)(__builtin_ctz(bytes) - 1) << 1 | 1;
}

_Static_assert((FTTE_RAM_BYTES & (FTTE_RAM_BYTES - 1)) == 0, "an MPU region is a power of two");

static void flash_region(enum access access) { region(4, BOARD_FLASH, 4u << 20, access, NEVER_EXECUTE); }

void board_memory_open(void) {
    region(0, 0x00000000u, 1u << 29, NONE, NEVER_EXECUTE);
    region(1, 0x00000000u, 1u << 20, READ, 0); // the image
    region(2, 0x20000000u, 1u << 29, NONE, NEVER_EXECUTE);
    region(3, FTTE_RAM_AT, FTTE_RAM_BYTES, READ_WRITE, NEVER_EXECUTE);
    flash_region(READ);
    region(5, BOARD_SAMPLES, 8u << 20, READ, NEVER_EXECUTE);
    region(6, BOARD_CHIP, 1u << 20, READ, NEVER_EXECUTE);
    region(7, BOARD_NOTES, 1u << 20, READ_WRITE, NEVER_EXECUTE);
    MPU_CONTROL = MPU_ENABLE | MPU_DEFAULT_MAP;
    __asm volatile("dsb\n isb" ::: "memory");
}

void board_memory_unlock(bool unlocked) {
    __asm volatile("dsb" ::: "memory");
    flash_region(unlocked ? READ_WRITE : READ);
    __asm volatile("dsb\n isb" ::: "memory");
}

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
