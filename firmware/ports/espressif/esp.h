// What Espressif's chips share, and what each gives to it. The port functions are here (link.c, flash.c, chip.c,
// i2c.c), over the few things that a chip does by its registers: uart.c, spi_flash.c, gpio.c, soc.c and start.S, in its
// own folder, or here where two have one file: xtensa/ (ESP32, ESP32-S3) and c3_s3/ (ESP32-C3, ESP32-S3). Private to
// ports/espressif, esp32, esp32c3 and esp32s3.
//
// Code marked ESP_RAM lies in RAM: it runs while flash cannot be read.
#ifndef ESP_H
#define ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board_config.h"
#include "ftte_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define ESP_RAM __attribute__((section(".ram_code"), noinline))

// ---- what a chip gives: uart.c. All of it but esp_uart_open is ESP_RAM.
void esp_uart_open(void);
uint32_t esp_uart_waiting(void); // received bytes
uint8_t esp_uart_take(void);
uint32_t esp_uart_room(void); // for bytes to send
void esp_uart_put(uint8_t byte);
// Forgets interrupts, and lets the next come: when bytes were received, when there is room to send.
void esp_uart_listen(bool received, bool room);

// ---- what a chip gives: spi_flash.c. Addresses are those of the flash chip.
void esp_flash_open(void);
// Where the flash chip's first byte is read in place.
const uint8_t *esp_flash_map(void);
// Erases the sector of ESP_SECTOR bytes at `address`. False when the flash refuses.
bool esp_flash_erase(uint32_t address);
// Programs `bytes` bytes, a multiple of 4 and at most ESP_FLASH_CHUNK, from words in RAM.
bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes);
enum { ESP_SECTOR = 4096, ESP_FLASH_CHUNK = 64 };

// ---- what a chip gives: gpio.c
// Makes a pin an open-drain one with a pull-up, released.
void esp_gpio_open(uint32_t pin);
void esp_gpio_release(uint32_t pin, bool released);
bool esp_gpio_level(uint32_t pin);

// ---- what a chip gives: soc.c and start.S
// Clock, watchdogs, interrupts.
void esp_soc_open(void);
// Microseconds since some time before.
uint64_t esp_soc_us(void);
// Sleeps until an interrupt, at most about `us` (100 to 10000); may return early.
void esp_soc_sleep(uint32_t us);
// Keeps interrupts away until the state that it returns is given back.
uint32_t esp_soc_mask(void);
void esp_soc_unmask(uint32_t state);
uint32_t esp_soc_random(void);
uint64_t esp_soc_mac(void); // the factory's, 48 bits, the first byte highest
void esp_soc_feed(void);
// Why the chip started: enum ftte_reset_reason. Asked once.
int esp_soc_reason(void);
// Restarts; esp_soc_reason gives `reason` then. ESP_RAM.
void esp_soc_reset(int reason) __attribute__((noreturn));
// The next start is the ROM's downloader, where the chip has a way.
void esp_soc_download(void);

// ---- for a chip's handlers
// To be called when the UART interrupts. ESP_RAM.
void esp_link_interrupt(void);
// To be jumped to when a fault happened, on the handlers' stack. ESP_RAM.
void esp_fault(void) __attribute__((noreturn));

// The same, with what the registers say of it: panic.c leaves a record. ESP_RAM.
void esp_panic(uint32_t pc, uint32_t lr, uint32_t sp, uint32_t cause, uint32_t address, uint32_t status)
    __attribute__((noreturn));

// ---- link.c, chip.c, memory.c
void esp_link_open(void);
bool esp_link_waits(void);
void esp_chip_open(void);
void esp_memory_run(void (*session)(void)) __attribute__((noreturn));
void esp_memory_parts(uint32_t **stack, uint8_t **pool, uint32_t *pool_bytes);
int main(void);

#endif
