// The C library's output as records on the board's line (remote.h).
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "remote.h"

#ifdef __PICOLIBC__

static int put(char byte, FILE *file) {
    static char line[200];
    static size_t count;
    (void)file;
    line[count++] = byte;
    if (byte == '\n' || count == sizeof line) {
        remote_print(line, count);
        count = 0;
    }
    return (unsigned char)byte;
}

static FILE stream = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &stream;

#else

int _write(int file, const char *bytes, int count);
void *_sbrk(ptrdiff_t more);

int _write(int file, const char *bytes, int count) {
    (void)file;
    remote_print(bytes, (size_t)count);
    return count;
}

// newlib's streams are allocated when they are first used. The firmware itself has no heap.
void *_sbrk(ptrdiff_t more) {
    static uint64_t heap[256];
    static size_t used;
    if (more < 0 || (size_t)more > sizeof heap - used) return (void *)-1;
    used += (size_t)more;
    return (uint8_t *)heap + used - (size_t)more;
}

#endif
