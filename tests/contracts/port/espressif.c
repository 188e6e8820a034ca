// The port contract on Espressif's chips, whose registers a machine's file replaces (firmware/machines/).
#include "esp.h"
#include "remote.h"

static void session(void) {
    remote_contract();
    remote_rest();
}

int main(void) {
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(session);
}
