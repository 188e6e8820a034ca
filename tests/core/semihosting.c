// newlib's output and exit through Arm semihosting (Arm, "Semihosting for AArch32 and AArch64"): a test program
// in QEMU prints on QEMU's standard output and ends it with its status. The little heap is for newlib's own files; the
// firmware has none.
#include <stddef.h>
#include <stdint.h>

enum { SYS_WRITEC = 0x03, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026, HEAP_BYTES = 2048 };

int _write(int file, const char *bytes, int count);
void *_sbrk(ptrdiff_t more);
void _exit(int status) __attribute__((noreturn));

static void call(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

int _write(int file, const char *bytes, int count) {
    (void)file;
    for (int i = 0; i < count; i++) call(SYS_WRITEC, bytes + i);
    return count;
}

void *_sbrk(ptrdiff_t more) {
    static uint8_t heap[HEAP_BYTES];
    static ptrdiff_t used;
    if (more > HEAP_BYTES - used) return (void *)-1;
    used += more;
    return heap + used - more;
}

void _exit(int status) {
    uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)status};
    for (;;) call(SYS_EXIT_EXTENDED, block);
}
