// The guest suites on Espressif's chips, whose registers a machine's file replaces. Prints over the line.
#include "chip.h"
#include "esp.h"
#include "remote.h"

static void session(void) {
    uint32_t *stack, pool_bytes;
    uint8_t *pool;
    esp_memory_parts(&stack, &pool, &pool_bytes);
    suite_on_chip(stack, pool, pool_bytes);
    remote_rest();
}

int main(void) {
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(session);
}
