// An arbitrary flash image, then arbitrary operations with power cuts: nothing is read outside the flash, what the
// store gives out has its CRC, and a blob can be put whatever lies there.
// Input: geometry byte, image length / 64, image, then operations of 1 + 4 bytes.
// sources: firmware/core/store/flash.c firmware/core/store/slot.c firmware/core/store/store.c
// sources: firmware/core/store/receive.c firmware/core/store/samples.c firmware/core/store/samples_write.c
// sources: firmware/core/digest/crc32.c firmware/core/digest/sha256.c tests/core/nor_flash.c
// flags: -Itests/core
#include <stdlib.h>
#include <string.h>

#include "digest/crc32.h"
#include "nor_flash.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ftte_flash_geometry flash;
static struct ftte_store store;
static uint8_t bytes[2048];

static void geometry(uint8_t choice) {
    uint32_t page = 128u << (choice >> 4) % 3;
    flash = (struct ftte_flash_geometry){.page_bytes = page, .program_bytes = 1u << choice % 6, .bytes = 14 * page};
    flash.partition_bytes[FTTE_BLOB_KIND_PLAN] = page;
    flash.partition_bytes[FTTE_BLOB_KIND_SLICE] = 3 * page;
    nor_flash_start(&flash);
}

// Reads all that the store offers; the sanitizer sees reads outside.
static void look(void) {
    for (int kind = -1; kind <= FTTE_STORE_KINDS; kind++) {
        struct ftte_blob blob[2] = {ftte_store_get(&store, kind), ftte_store_previous(&store, kind)};
        for (int i = 0; i < 2; i++)
            if (blob[i].bytes && ftte_crc32(0, blob[i].bytes, blob[i].length) != blob[i].crc) abort();
    }
    for (uint32_t i = 0; i < ftte_store_samples(&store); i++) {
        const uint8_t *record = ftte_store_sample(&store, i);
        if (record) ftte_crc32(0, record, store.record_bytes);
    }
    if (ftte_store_sample(&store, ftte_store_samples(&store))) abort();
    if (ftte_store_counters(&store).free_bytes > flash.bytes) abort();
}

static void hash_of(uint32_t count, uint8_t hash[32]) {
    struct ftte_sha256 sha;
    ftte_sha256_start(&sha);
    ftte_sha256_add(&sha, bytes, count);
    ftte_sha256_finish(&sha, hash);
}

static void operate(uint8_t code, uint32_t argument) {
    int kind = (code >> 4) % 2 ? FTTE_BLOB_KIND_SLICE : FTTE_BLOB_KIND_PLAN;
    uint32_t have, total = argument % sizeof bytes, count = (argument >> 16) % 300;
    uint8_t hash[32];
    switch (code % 13) {
    case 0: ftte_store_open(&store); break;
    case 1: hash_of(total, hash), ftte_store_begin(&store, kind, total, hash, &have); break;
    case 2: ftte_store_create(&store, kind, total); break;
    case 3:
    case 4: ftte_store_append(&store, kind, store.slot[kind].have, bytes + store.slot[kind].have % 1024, count); break;
    case 5: ftte_store_append(&store, kind, argument, bytes, count); break;
    case 6: ftte_store_commit(&store, kind, argument); break;
    case 7: ftte_store_drop(&store, kind); break;
    case 8: ftte_store_revert(&store, kind); break;
    case 9: ftte_store_samples_open(&store, code >> 5 ? argument % 100 : argument); break;
    case 10: ftte_store_sample_append(&store, bytes); break;
    case 12: ftte_store_sample_replace(&store, bytes); break;
    case 11: ftte_store_prefix_crc(&store, kind, argument), ftte_store_samples_clear(&store); break;
    }
}

static void run(const uint8_t *data, size_t size) {
    for (; size >= 5; data += 5, size -= 5) {
        uint32_t argument;
        memcpy(&argument, data + 1, 4);
        if (data[0] >= 0xf0) {
            nor_flash_cut_at(nor_flash_steps() + argument % 1024);
            continue;
        }
        // Records longer than the buffer to append from would be the fuzzer's fault.
        if ((data[0] % 13 == 10 || data[0] % 13 == 12) && store.record_bytes > sizeof bytes) continue;
        operate(data[0], argument);
        look();
    }
}

// Whatever lies in flash, a blob is put and read back.
static void put_after_all(void) {
    uint32_t have = 0, total = flash.page_bytes * 3 - FTTE_STORE_SLOT_HEADER;
    uint8_t hash[32];
    hash_of(total, hash);
    if (ftte_store_open(&store) < 0) abort();
    look();
    if (ftte_store_begin(&store, FTTE_BLOB_KIND_SLICE, total, hash, &have) < 0) abort();
    int result = ftte_store_append(&store, FTTE_BLOB_KIND_SLICE, have, bytes + have, total - have);
    if (result >= 0) result = ftte_store_commit(&store, FTTE_BLOB_KIND_SLICE, 1);
    if (result == FTTE_ERR_BLOB_HASH && have > 0) return; // an image with a forged prefix; the host compares its CRC
    struct ftte_blob blob = ftte_store_get(&store, FTTE_BLOB_KIND_SLICE);
    if (result < 0 || blob.length != total || memcmp(blob.bytes, bytes, total) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    geometry(data[0]);
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i % 50 < 20 ? 0xff : i * 31 >> 3);
    size_t image = data[1] * 64u;
    data += 2, size -= 2;
    if (image > size) image = size;
    if (image > flash.bytes) image = flash.bytes;
    memcpy(nor_flash_bytes(), data, image);
    if (ftte_store_open(&store) < 0) abort();
    look();
    if (setjmp(nor_flash_power) == 0) run(data + image, size - image);
    nor_flash_cut_at(NOR_FLASH_NEVER);
    put_after_all();
    return 0;
}
