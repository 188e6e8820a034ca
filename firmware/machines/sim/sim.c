// In place of the registers of an ESP32 or ESP32-S3: QEMU's sim machine, an Xtensa core with FPU whose RAM covers the
// chips' addresses. The line and the file that keeps the flash are simulator calls. Stands for uart.c, spi_flash.c,
// soc.c, and the S3's cache.c and interrupts.c.
#include <string.h>

#include "xtensa/core.h"

// target/xtensa/xtensa-semi.c of QEMU; file calls are those of the host
enum {
    SIM_READ = 3,
    SIM_WRITE = 4,
    SIM_OPEN = 5,
    SIM_LSEEK = 19,
    SIM_SELECT_ONE = 29,
    SIM_ARGV_SIZE = 1001,
    SIM_ARGV = 1002
};
enum { READ_WRITE = 2, SELECT_READ = 1, SELECT_WRITE = 2, INPUT = 0, OUTPUT = 1 };

static int simulator(int call, int a, int b, int c) {
    register int a2 __asm("a2") = call;
    register int a3 __asm("a3") = a;
    register int a4 __asm("a4") = b;
    register int a5 __asm("a5") = c;
    __asm volatile(".byte 0x00, 0x51, 0x00" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory"); // simcall
    return a2;
}

// ---- the line

static bool ready(int stream, int for_what, uint32_t us) {
    const uint32_t patience[2] = {us / 1000000, us % 1000000};
    return simulator(SIM_SELECT_ONE, stream, for_what, (int)patience) == 1;
}

static int ahead = -1; // a byte that was read to learn whether there is one

void esp_uart_open(void) {}
uint32_t esp_uart_waiting(void) {
    uint8_t byte;
    if (ahead < 0 && ready(INPUT, SELECT_READ, 0) && simulator(SIM_READ, INPUT, (int)&byte, 1) == 1) ahead = byte;
    return ahead >= 0;
}
uint8_t esp_uart_take(void) {
    uint8_t byte = (uint8_t)ahead;
    ahead = -1;
    return byte;
}
uint32_t esp_uart_room(void) { return ready(OUTPUT, SELECT_WRITE, 0); }
void esp_uart_put(uint8_t byte) { simulator(SIM_WRITE, OUTPUT, (int)&byte, 1); }
void esp_uart_listen(bool received, bool room) { (void)received, (void)room; }

// ---- flash: RAM where the chip maps its flash, and the file behind ftte's region; the chip's id follows in the file

extern uint8_t board_flash[]; // of the port's link.ld
static uint8_t *const flash = board_flash;
static int file = -1;
static uint8_t chip[6];

void board_map_flash(void) {}

void esp_flash_open(void) {
    static char arguments[512]; // pointers, then the texts: the program's name, the file's
    if (simulator(SIM_ARGV_SIZE, 0, 0, 0) > (int)sizeof arguments) esp_fault();
    simulator(SIM_ARGV, (int)arguments, 0, 0);
    const char *path = ((const char **)(void *)arguments)[1];
    file = simulator(SIM_OPEN, (int)path, READ_WRITE, 0);
    int got = simulator(SIM_READ, file, (int)(flash + FTTE_FLASH_AT), FTTE_FLASH_BYTES);
    if (got != FTTE_FLASH_BYTES || simulator(SIM_READ, file, (int)chip, sizeof chip) != sizeof chip) esp_fault();
}

static bool keep(uint32_t address, uint32_t bytes) {
    simulator(SIM_LSEEK, file, (int)(address - FTTE_FLASH_AT), 0);
    return simulator(SIM_WRITE, file, (int)(flash + address), (int)bytes) == (int)bytes;
}

const uint8_t *esp_flash_map(void) { return flash; }
bool esp_flash_erase(uint32_t address) {
    memset(flash + address, 0xff, ESP_SECTOR);
    return keep(address, ESP_SECTOR);
}
bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    volatile uint32_t *to = (volatile uint32_t *)(void *)(flash + address);
    for (uint32_t i = 0; i < bytes / 4; i++) to[i] &= words[i];
    return keep(address, bytes);
}

// ---- the chip

enum { CYCLES_PER_US = 40, BY_SOFTWARE = 1 << 7 }; // an interrupt of level 1, as on the ESP32

static uint32_t cycles(void) {
    uint32_t count;
    __asm volatile("rsr.ccount %0" : "=r"(count));
    return count;
}

void esp_soc_open(void) { esp_soc_unmask(ESP_CORE_INTERRUPTS); }

uint64_t esp_soc_us(void) {
    static uint64_t us;
    static uint32_t counted; // cycles up to the last whole microsecond
    uint32_t passed = (cycles() - counted) / CYCLES_PER_US;
    us += passed;
    counted += passed * CYCLES_PER_US;
    return us;
}

void esp_soc_interrupt(void) { __asm volatile("wsr.intclear %0\n rsync" ::"r"(BY_SOFTWARE)); }

// A byte ends it, as the UART's interrupt would. An interrupt comes all the same, from software, so that the port's way
// in and out of interrupts is gone.
void esp_soc_sleep(uint32_t us) {
    uint32_t state = esp_soc_mask();
    if (ahead < 0) ready(INPUT, SELECT_READ, us);
    __asm volatile("wsr.intenable %0\n wsr.intset %0\n rsync\n waiti 0" ::"r"(BY_SOFTWARE) : "memory");
    esp_soc_unmask(state);
}

uint32_t esp_soc_random(void) {
    static uint32_t state;
    state = (state ^ cycles()) * 0x9e3779b1u + 0x85ebca6bu;
    return state ^ state >> 15;
}

uint64_t esp_soc_mac(void) {
    uint64_t mac = 0;
    for (int i = 0; i < 6; i++) mac = mac << 8 | chip[i];
    return mac;
}
void esp_soc_feed(void) {}

// The machine cannot be reset: the program starts again by itself, on data as it was loaded.
extern uint8_t board_data[], board_bss[];
extern void board_start(void) __attribute__((noreturn));
static uint8_t *const loaded_data = (uint8_t *)0x20000000;
static struct {
    uint32_t magic;
    int reason;
} note __attribute__((section(".noinit")));
#define MAGIC 0x46545445u

int esp_soc_reason(void) {
    bool again = note.magic == MAGIC;
    note.magic = 0;
    if (again) return note.reason;
    memcpy(loaded_data, board_data, (size_t)(board_bss - board_data));
    return FTTE_RESET_REASON_POWER_ON;
}

void esp_soc_reset(int reason) {
    note.magic = MAGIC;
    note.reason = reason;
    memcpy(board_data, loaded_data, (size_t)(board_bss - board_data));
    board_start();
}

void esp_soc_download(void) {}
