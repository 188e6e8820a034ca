// The guest contract on this machine. Arguments: kernels, a record, then for an engine that loads modules pairs of a
// module's path and the error that it must be answered with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

enum { BUFFER = 1 << 22, POOL = 1 << 18, MISFITS = 32 };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static uint32_t used = POOL;

static const uint8_t *read_file(const char *path, uint32_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *at = buffer + used;
    if (!file) {
        perror(path);
        exit(1);
    }
    *length = (uint32_t)fread(at, 1, BUFFER - used, file);
    fclose(file);
    used += (*length + 63) & ~63u;
    return at;
}

int main(int count, char **args) {
    static struct guest_misfit misfits[MISFITS];
    uint32_t record_bytes;
    struct guest_subject subject = {.pool = buffer, .pool_bytes = POOL, .misfits = misfits};
    subject.kernels = read_file(args[1], &subject.kernels_bytes);
    subject.record = read_file(args[2], &record_bytes);
    for (int i = 3; i + 1 < count && subject.misfit_count < MISFITS; i += 2) {
        struct guest_misfit *misfit = &misfits[subject.misfit_count++];
        misfit->name = strrchr(args[i], '/') + 1;
        misfit->bytes = read_file(args[i], &misfit->length);
        misfit->error = atoi(args[i + 1]);
    }
    guest_contract(&subject);
    puts("done");
    return 0;
}
