// newlib's output as records on the board's line (remote.h). The little heap is for newlib's own streams; the firmware
// has none.
#include <stddef.h>
#include <stdint.h>

#include "remote.h"

int _write(int file, const char *bytes, int count);
void *_sbrk(ptrdiff_t more);

int _write(int file, const char *bytes, int count) {
    (void)file;
    remote_print(bytes, (size_t)count);
    return count;
}

void *_sbrk(ptrdiff_t more) {
    static uint64_t heap[256];
    static size_t used;
    if (more < 0 || (size_t)more > sizeof heap - used) return (void *)-1;
    used += (size_t)more;
    return (uint8_t *)heap + used - (size_t)more;
}
