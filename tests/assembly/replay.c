// Replays records on an engine of the firmware. Arguments: "imports" for kernels whose BLAS is linked in, which reads
// regions where they lie, or "interpreted" for kernels that hold their BLAS; a kernels module; records.
//
// One buffer holds the pool and the read-only regions behind it, as RAM and mapped flash lie on a 64-bit host.
#include <stdio.h>
#include <string.h>

#include "file_buffer.h"
#include "record.h"

enum { BUFFER = 1 << 24, POOL = 1 << 20 };

static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static struct file_buffer files = {.bytes = buffer, .capacity = BUFFER, .used = POOL};

static void replay(const char *name, const uint8_t *record, const uint8_t *wasm, uint32_t wasm_bytes, bool inside) {
    static struct replay r;
    struct ftte_pool pool;
    ftte_pool_open(&pool, buffer, POOL);
    int error = replay_open(&r, record, &pool, wasm, wasm_bytes, inside);
    const char *problem = error < 0 ? r.problem : replay_run(&r);
    uint32_t planned = r.record.header.memory_bytes, measured = inside || error < 0 ? planned : replay_measured(&r);
    if (error < 0 || problem)
        printf("not ok - %s: %d %s\n", name, error, problem ? problem : "");
    else if (measured != planned)
        printf("not ok - %s: %u bytes planned, %u measured\n", name, planned, measured);
    else
        printf("ok - %s\n", name);
    ftte_guest_close(&r.guest);
    if (pool.used != 0) printf("not ok - %s: the engine keeps %u bytes\n", name, pool.used);
}

int main(int count, char **args) {
    uint32_t wasm_bytes = 0, record_bytes = 0;
    const uint8_t *wasm = file_read(&files, args[2], &wasm_bytes);
    uint32_t first = files.used;
    for (int i = 3; i < count; i++) {
        files.used = first;
        const uint8_t *record = file_read(&files, args[i], &record_bytes);
        replay(strrchr(args[i], '/') + 1, record, wasm, wasm_bytes, strcmp(args[1], "interpreted") == 0);
    }
    puts("done");
    return 0;
}
