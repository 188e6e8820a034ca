// What a fault leaves for the next start: a record in memory that outlives a reset, sealed with a checksum, so that
// what RAM holds after a power cut is never taken for one. A port's fault handler fills and seals it, ftte_port_panic
// gives it to the session, which breaks the seal once a host was told.
//
// Everything is inline and calls nothing: a handler may run while flash, where other code lies, cannot be read.
#ifndef FTTE_PANIC_H
#define FTTE_PANIC_H

#include <stdbool.h>
#include <stdint.h>

#include "spec.gen.h"

struct ftte_panic_record {
    uint32_t magic;
    struct ftte_panic panic; // docs/wire.md says what each word is on each architecture
    uint32_t check;
};

#define FTTE_PANIC_MAGIC 0x43494e50u // "PNIC"

// CRC-32 (IEEE 802.3) of the panic, a bit at a time. The words are read one by one: the compiler must make no call of
// it.
static inline __attribute__((always_inline)) uint32_t ftte_panic_check(const struct ftte_panic_record *record) {
    const volatile uint32_t *words = (const volatile uint32_t *)(const void *)&record->panic;
    uint32_t crc = UINT32_MAX;
    for (unsigned i = 0; i < sizeof record->panic / sizeof *words; i++) {
        crc ^= words[i];
        for (int bit = 0; bit < 32; bit++) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static inline __attribute__((always_inline)) void ftte_panic_seal(struct ftte_panic_record *record) {
    record->check = ftte_panic_check(record);
    *(volatile uint32_t *)&record->magic = FTTE_PANIC_MAGIC;
}

static inline __attribute__((always_inline)) bool ftte_panic_sealed(const struct ftte_panic_record *record) {
    return record->magic == FTTE_PANIC_MAGIC && record->check == ftte_panic_check(record);
}

static inline __attribute__((always_inline)) void ftte_panic_forget(struct ftte_panic_record *record) {
    *(volatile uint32_t *)&record->magic = 0;
}

#endif
