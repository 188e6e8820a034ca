// In place of the factory's id, which QEMU gives to every chip alike (hw/nvram/nrf51_nvm.c, ficr_content): an id from a
// page that the host adds behind the chip's flash (host/boards/machines.ts).
#include <string.h>

#include "board.h"

void ftte_port_chip_id(uint8_t id[16]) { memcpy(id, (const void *)(FTTE_FLASH_AT + FTTE_FLASH_BYTES), 16); }
