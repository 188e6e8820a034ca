// The store without power cuts: what it promises, what it refuses, how little it erases.
#include <string.h>

#include "digest/crc32.h"
#include "nor_flash.h"
#include "report.h"
#include "store/store.h"

enum { KERNELS = FTTE_BLOB_KIND_KERNELS, PLAN = FTTE_BLOB_KIND_PLAN, SLICE = FTTE_BLOB_KIND_SLICE, CAP = 2048 - 128 };

static uint8_t data[4096];
static uint8_t hash[32];
static struct ftte_store store;

static void fresh(uint32_t program_bytes) {
    struct ftte_flash_geometry flash = {.bytes = 64 * 256, .page_bytes = 256, .program_bytes = program_bytes};
    flash.partition_bytes[KERNELS] = 2048;
    flash.partition_bytes[SLICE] = 1024;
    nor_flash_start(&flash);
    ftte_store_open(&store);
}

static void make(uint32_t count, uint32_t seed) {
    struct ftte_sha256 sha;
    for (uint32_t i = 0; i < count; i++) data[i] = (uint8_t)((i * seed) >> 3);
    ftte_sha256_start(&sha);
    ftte_sha256_add(&sha, data, count);
    ftte_sha256_finish(&sha, hash);
}

static int put(int kind, uint32_t total, uint32_t piece, uint32_t tag) {
    uint32_t have;
    int result = ftte_store_begin(&store, kind, total, hash, &have);
    for (; result >= 0 && have < total; have += piece < total - have ? piece : total - have)
        result = ftte_store_append(&store, kind, have, data + have, piece < total - have ? piece : total - have);
    return result < 0 ? result : ftte_store_commit(&store, kind, tag);
}

static bool holds(struct ftte_blob blob, uint32_t total, uint32_t tag) {
    return blob.bytes && blob.length == total && blob.tag == tag && memcmp(blob.bytes, data, total) == 0 &&
           (uintptr_t)blob.bytes % 16 == (uintptr_t)nor_flash_bytes() % 16;
}

static void lengths(uint32_t unit) {
    bool ok = true;
    uint32_t tried = 0;
    for (uint32_t total = 0; total <= CAP; total += total < 600 ? 7 : 61) {
        for (uint32_t piece = 1; piece <= 240; piece += 1 + piece * 2, tried++) {
            fresh(unit);
            make(total, total + 3);
            ok &= put(KERNELS, total, piece, total) == FTTE_OK && holds(ftte_store_get(&store, KERNELS), total, total);
            ok &= ftte_store_open(&store) == FTTE_OK && holds(ftte_store_get(&store, KERNELS), total, total);
            ok &= memcmp(ftte_store_get(&store, KERNELS).sha256, hash, 32) == 0;
        }
    }
    report(ok, "blobs of any length in pieces of any length come back, %u-byte units (%u tried)", unit, tried);
}

static void replacing(void) {
    fresh(4);
    make(500, 5), put(KERNELS, 500, 100, 1);
    make(700, 7), put(KERNELS, 700, 100, 2);
    report(holds(ftte_store_get(&store, KERNELS), 700, 2), "the newest blob is the one that counts");
    make(500, 5);
    report(holds(ftte_store_previous(&store, KERNELS), 500, 1), "the one before is kept");
    report(ftte_store_revert(&store, KERNELS) == FTTE_OK && holds(ftte_store_get(&store, KERNELS), 500, 1) &&
               !ftte_store_previous(&store, KERNELS).bytes,
           "revert brings the one before back");
    make(650, 9), put(KERNELS, 650, 100, 3);
    ftte_store_open(&store);
    report(holds(ftte_store_get(&store, KERNELS), 650, 3), "a blob put after a revert is the newest");
    ftte_store_drop(&store, KERNELS);
    bool gone = !ftte_store_get(&store, KERNELS).bytes && !ftte_store_previous(&store, KERNELS).bytes;
    ftte_store_open(&store);
    report(gone && !ftte_store_get(&store, KERNELS).bytes, "drop leaves neither of the two");
    report(ftte_store_drop(&store, KERNELS) == FTTE_OK && ftte_store_revert(&store, KERNELS) == FTTE_ERR_BLOB_ABSENT,
           "dropping twice is nothing, reverting nothing is an error");
}

static void refusing(void) {
    uint32_t have;
    fresh(8);
    make(300, 3);
    report(ftte_store_begin(&store, PLAN, 10, hash, &have) == FTTE_ERR_BLOB_KIND &&
               ftte_store_begin(&store, 0, 10, hash, &have) == FTTE_ERR_BLOB_KIND &&
               ftte_store_begin(&store, 99, 10, hash, &have) == FTTE_ERR_BLOB_KIND && !ftte_store_get(&store, -1).bytes,
           "a kind without a partition is refused");
    report(ftte_store_begin(&store, KERNELS, CAP + 1, hash, &have) == FTTE_ERR_BLOB_LONG, "a long blob is refused");
    report(ftte_store_append(&store, SLICE, 0, data, 1) == FTTE_ERR_STATE &&
               ftte_store_commit(&store, SLICE, 0) == FTTE_ERR_STATE,
           "appending and committing need a begin");
    ftte_store_begin(&store, KERNELS, 300, hash, &have);
    report(ftte_store_append(&store, KERNELS, 1, data, 1) == FTTE_ERR_ARGUMENT &&
               ftte_store_append(&store, KERNELS, 0, data, 301) == FTTE_ERR_ARGUMENT,
           "a hole and an overlong append are refused");
    report(ftte_store_commit(&store, KERNELS, 0) == FTTE_ERR_STATE, "an unfinished blob is not committed");
    data[17] ^= 1;
    ftte_store_append(&store, KERNELS, 0, data, 300);
    report(ftte_store_commit(&store, KERNELS, 0) == FTTE_ERR_BLOB_HASH && !ftte_store_get(&store, KERNELS).bytes &&
               ftte_store_begin(&store, KERNELS, 300, hash, &have) == FTTE_OK && have == 0,
           "a blob with a wrong bit is refused and starts over");
}

static void resuming(void) {
    uint32_t have;
    fresh(8);
    make(1000, 11);
    ftte_store_begin(&store, KERNELS, 1000, hash, &have);
    ftte_store_append(&store, KERNELS, 0, data, 701);
    ftte_store_begin(&store, KERNELS, 1000, hash, &have);
    report(have == 701 && ftte_store_prefix_crc(&store, KERNELS, 701) == ftte_crc32(0, data, 701),
           "without a power cut a transfer resumes at the byte, bytes that wait for a unit included");
    ftte_store_open(&store);
    ftte_store_begin(&store, KERNELS, 1000, hash, &have);
    report(have == 768 - 128 - 0 && ftte_store_prefix_crc(&store, KERNELS, have) == ftte_crc32(0, data, have),
           "after a power cut it resumes at the last full page");
    ftte_store_abandon(&store, KERNELS);
    ftte_store_begin(&store, KERNELS, 1000, hash, &have);
    report(have == 0, "an abandoned blob starts over");
    ftte_store_append(&store, KERNELS, 0, data, 999);
    hash[0] ^= 1;
    ftte_store_open(&store);
    ftte_store_begin(&store, KERNELS, 1000, hash, &have);
    report(have == 0, "another hash starts over");
}

static void sampling(uint32_t unit, uint32_t record_bytes) {
    fresh(unit);
    int fit = ftte_store_samples_open(&store, record_bytes);
    bool ok = fit > 0;
    for (int i = 0; i < fit; i++) {
        make(record_bytes, (uint32_t)i * 2 + 1);
        ok &= ftte_store_sample_append(&store, data) == FTTE_OK;
    }
    ok &= ftte_store_sample_append(&store, data) == FTTE_ERR_SAMPLES_FULL;
    ftte_store_open(&store);
    ok &= ftte_store_samples(&store) == (uint32_t)fit && ftte_store_samples_open(&store, record_bytes) == fit;
    for (int i = 0; i < fit; i++) {
        const uint8_t *record = ftte_store_sample(&store, (uint32_t)i);
        make(record_bytes, (uint32_t)i * 2 + 1);
        ok &= (uintptr_t)record % 4 == 0 && memcmp(record, data, record_bytes) == 0;
    }
    ok &= !ftte_store_sample(&store, (uint32_t)fit);
    ok &= ftte_store_samples_clear(&store) == FTTE_OK && ftte_store_samples(&store) == 0;
    ftte_store_open(&store);
    ok &= ftte_store_samples(&store) == 0 && ftte_store_samples_open(&store, record_bytes) == fit;
    report(ok, "%d samples of %u bytes fit, come back and are cleared, %u-byte units", fit, record_bytes, unit);
}

// Laps of replacing: the newest are always there, in order, over every reopening, and pages are worn alike.
static void replacing_samples(uint32_t unit, uint32_t record_bytes) {
    fresh(unit);
    int fit = ftte_store_samples_open(&store, record_bytes);
    bool ok = fit > 0, full = false;
    uint32_t least = UINT32_MAX, most = 0, laps = 12, end = 0;
    for (uint32_t n = 0; n < (uint32_t)fit * laps; n++) {
        make(record_bytes, n * 2 + 1);
        ok &= ftte_store_sample_replace(&store, data) == FTTE_OK;
        if (n % 7 == 0) ftte_store_open(&store);
        uint32_t count = ftte_store_samples(&store);
        if (n == (uint32_t)fit) full |= ftte_store_sample_append(&store, data) == FTTE_OK;
        ok &= count <= (uint32_t)fit && (n >= (uint32_t)fit || count == n + 1);
        for (uint32_t i = count > 3 ? count - 3 : 0; i <= count - 1; i++) {
            make(record_bytes, (n - count + 1 + i) * 2 + 1);
            ok &= memcmp(ftte_store_sample(&store, i), data, record_bytes) == 0;
        }
        // A page's records make room at a time, and those that lie over its borders.
        ok &= n < (uint32_t)fit || (count + 256 / (record_bytes + 4) + 3 >= (uint32_t)fit && count > 0);
        end = ftte_store_sample(&store, count) != NULL;
    }
    for (uint32_t at = 2 * 2048 + 2 * 1024 + 512; at < 60 * 256; at += 256) {
        least = nor_flash_erases(at) < least ? nor_flash_erases(at) : least;
        most = nor_flash_erases(at) > most ? nor_flash_erases(at) : most;
    }
    report(ok && !full && !end, "%u samples replace the oldest of %d, %u bytes each, %u-byte units", fit * laps, fit,
           record_bytes, unit);
    report(least + 1 >= laps - 1 && most <= laps, "%u laps erase each page %u to %u times", laps, least, most);
    ok = ftte_store_samples_clear(&store) == FTTE_OK && ftte_store_samples(&store) == 0;
    ftte_store_open(&store);
    ok &= ftte_store_samples(&store) == 0 && ftte_store_sample_append(&store, data) == FTTE_OK;
    report(ok && ftte_store_samples(&store) == 1, "cleared, it is as new");
}

// Re-uploading the same samples after a clear puts every byte where it was: old ones must not count.
static void clearing(void) {
    fresh(4);
    memset(data, 0xff, 64);
    ftte_store_samples_open(&store, 20);
    for (int i = 0; i < 60; i++) ftte_store_sample_append(&store, data);
    ftte_store_samples_clear(&store);
    for (int i = 0; i < 13; i++) ftte_store_sample_append(&store, data);
    ftte_store_open(&store);
    report(ftte_store_samples(&store) == 13, "samples from before a clear do not come back, even if they are alike");
    report(ftte_store_samples_open(&store, 24) > 0 && ftte_store_samples(&store) == 0,
           "a log of another record size is empty");
}

static void wear(void) {
    uint32_t most = 0;
    fresh(4);
    for (uint32_t i = 0; i < 100; i++) {
        make(300, i + 2);
        put(SLICE, 300, 240, i);
        if (i % 3 == 0) ftte_store_drop(&store, SLICE);
    }
    for (uint32_t at = 0; at < 64 * 256; at += 256) most = nor_flash_erases(at) > most ? nor_flash_erases(at) : most;
    report(most <= 50, "100 blobs erase no page more often than 50 times (%u)", most);
    struct ftte_store_counters counters = ftte_store_counters(&store);
    report(counters.erases > 0 && counters.programs > counters.erases &&
               counters.free_bytes == 64 * 256 - 3 * 2048 - 512,
           "erases and programs are counted");
}

int main(void) {
    for (uint32_t unit = 1; unit <= 32; unit *= 2) lengths(unit);
    replacing();
    refusing();
    resuming();
    for (uint32_t unit = 1; unit <= 32; unit *= 4) {
        sampling(unit, 1);
        sampling(unit, 37);
        sampling(unit, 788);
    }
    for (uint32_t unit = 1; unit <= 32; unit *= 4) {
        replacing_samples(unit, 37);
        replacing_samples(unit, 788);
    }
    clearing();
    wear();
    puts("done");
    return 0;
}
