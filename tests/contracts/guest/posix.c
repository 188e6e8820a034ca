// The guest contract on this machine. Arguments: kernels, a record, then for an engine that loads modules pairs of a
// module's path and the error that it must be answered with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "file_buffer.h"

enum { BUFFER = 1 << 22, POOL = 1 << 18, MISFITS = 32 };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static struct file_buffer files = {.bytes = buffer, .capacity = BUFFER, .used = POOL};

int main(int count, char **args) {
    static struct guest_misfit misfits[MISFITS];
    uint32_t record_bytes;
    struct guest_subject subject = {.pool = buffer, .pool_bytes = POOL, .misfits = misfits};
    subject.kernels = file_read(&files, args[1], &subject.kernels_bytes);
    subject.record = file_read(&files, args[2], &record_bytes);
    for (int i = 3; i + 1 < count && subject.misfit_count < MISFITS; i += 2) {
        struct guest_misfit *misfit = &misfits[subject.misfit_count++];
        misfit->name = strrchr(args[i], '/') + 1;
        misfit->bytes = file_read(&files, args[i], &misfit->length);
        misfit->error = atoi(args[i + 1]);
    }
    guest_contract(&subject);
    puts("done");
    return 0;
}
