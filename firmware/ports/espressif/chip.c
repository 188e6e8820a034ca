// Clock, random numbers, id, resets, watchdog, idle.
#include <string.h>

#include "esp.h"

enum {
    US_PER_MS = 1000,
    // A byte may arrive between the last look and the sleep, whose interrupt then does not end it: no sleep is longer.
    SLICE_US = 10000,
    LEAST_US = 100
};

static uint64_t start_us;
static int reset_reason;

void esp_chip_open(void) {
    reset_reason = esp_soc_reason();
    esp_soc_open();
    start_us = esp_soc_us();
}

uint32_t ftte_port_clock_ms(void) { return (uint32_t)((esp_soc_us() - start_us) / US_PER_MS); }

int ftte_port_random(void *buf, size_t bytes) {
    uint8_t *to = buf;
    for (size_t done = 0; done < bytes; done += sizeof(uint32_t)) {
        uint32_t word = esp_soc_random();
        size_t take = bytes - done < sizeof word ? bytes - done : sizeof word;
        memcpy(to + done, &word, take);
    }
    return FTTE_OK;
}

void ftte_port_chip_id(uint8_t id[16]) {
    uint64_t mac = esp_soc_mac();
    memset(id, 0, 16);
    for (int i = 0; i < 6; i++) id[i] = (uint8_t)(mac >> (40 - 8 * i));
}

const char *ftte_port_board_class(void) { return FTTE_BOARD_CLASS; }

int ftte_port_reset_reason(void) { return reset_reason; }

void ftte_port_reset(int kind) {
    // What a factory reset forgets, the session has forgotten.
    if (kind == FTTE_RESET_KIND_BOOTLOADER) esp_soc_download();
    esp_soc_reset(FTTE_RESET_REASON_SOFTWARE);
}

ESP_RAM void esp_fault(void) { esp_soc_reset(FTTE_RESET_REASON_FAULT); }

void ftte_port_watchdog_feed(void) { esp_soc_feed(); }

void ftte_port_idle(uint32_t max_ms) {
    uint64_t end = esp_soc_us() + (uint64_t)max_ms * US_PER_MS;
    for (uint64_t now = esp_soc_us(); now < end && !esp_link_waits(); now = esp_soc_us()) {
        uint32_t us = end - now < SLICE_US ? (uint32_t)(end - now) : SLICE_US;
        esp_soc_sleep(us < LEAST_US ? LEAST_US : us);
    }
}

int ftte_port_battery(void) { return 255; }
