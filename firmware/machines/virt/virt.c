// In place of an ESP32-C3's registers: QEMU's virt machine, an rv32imc core with a 16550 for the line, RAM for the
// flash chip (kept in a file by QEMU) and a test device for resets. Stands for uart.c, spi_flash.c, soc.c, gpio.c and
// the sensor of the port. The sensor is memory because the line is slow: 16 bytes at a time.
#include <string.h>

#include "esp.h"
#include "sensors/replay.h"

// hw/riscv/virt.c of QEMU
#define CLINT_MTIMECMP (*(volatile uint64_t *)0x02004000u)
#define CLINT_MTIME (*(volatile uint64_t *)0x0200bff8u) // 10 MHz
#define TEST_DEVICE REGISTER(0x00100000u)
#define TEST_RESET 0x7777u
#define RTC_TIME_LOW REGISTER(0x00101000u) // of the host, in nanoseconds
#define UART(n) (*(volatile uint8_t *)(0x10000000u + (n)))
enum {
    UART_DATA = 0,
    UART_FIFO_CONTROL = 2,
    UART_LINE_STATUS = 5,
    UART_WAITING = 1,
    UART_ROOM = 32,
    UART_FIFO_OF_14 = 0xc1
};

// virt.ld
extern uint8_t machine_flash[];
extern const uint8_t machine_chip[];    // the id, written by the host
extern const uint8_t machine_samples[]; // by the host too: a recording (sensors/replay.h)
extern uint32_t machine_given;          // rows of it, kept as flash is
#define SAMPLES_BYTES (3u << 20)        // up to the end of RAM

void esp_uart_open(void) { UART(UART_FIFO_CONTROL) = UART_FIFO_OF_14; }
uint32_t esp_uart_waiting(void) { return UART(UART_LINE_STATUS) & UART_WAITING; }
uint8_t esp_uart_take(void) { return UART(UART_DATA); }
uint32_t esp_uart_room(void) { return UART(UART_LINE_STATUS) & UART_ROOM ? 1 : 0; }
void esp_uart_put(uint8_t byte) { UART(UART_DATA) = byte; }
void esp_uart_listen(bool received, bool room) { (void)received, (void)room; }

void esp_flash_open(void) {}
const uint8_t *esp_flash_map(void) { return machine_flash; }
bool esp_flash_erase(uint32_t address) {
    memset(machine_flash + address, 0xff, ESP_SECTOR);
    return true;
}
bool esp_flash_program(uint32_t address, const uint32_t *words, uint32_t bytes) {
    volatile uint32_t *to = (volatile uint32_t *)(void *)(machine_flash + address);
    for (uint32_t i = 0; i < bytes / 4; i++) to[i] &= words[i];
    return true;
}

static struct {
    uint32_t magic;
    int reason;
} note __attribute__((section(".noinit")));
#define MAGIC 0x46545445u

void esp_soc_open(void) {}
uint64_t esp_soc_us(void) { return CLINT_MTIME / 10; }

// Nothing interrupts but the timer: the line, whose FIFO holds 16 bytes, is looked at every 200 us.
void esp_soc_sleep(uint32_t us) {
    CLINT_MTIMECMP = CLINT_MTIME + (us < 200 ? us : 200) * 10;
    __asm volatile(".option push\n.option arch, +zicsr\ncsrs mie, %0\nwfi\ncsrc mie, %0\n.option pop" ::"r"(1 << 7));
}

uint32_t esp_soc_mask(void) { return 0; }
void esp_soc_unmask(uint32_t state) { (void)state; }

uint32_t esp_soc_random(void) {
    static uint32_t state;
    state = (state ^ RTC_TIME_LOW) * 0x9e3779b1u + 0x85ebca6bu;
    return state ^ state >> 15;
}

uint64_t esp_soc_mac(void) {
    uint64_t mac = 0;
    for (int i = 0; i < 6; i++) mac = mac << 8 | machine_chip[i];
    return mac;
}
void esp_soc_feed(void) {}

int esp_soc_reason(void) {
    int reason = note.magic == MAGIC ? note.reason : FTTE_RESET_REASON_POWER_ON;
    note.magic = 0;
    return reason;
}

void esp_soc_reset(int reason) {
    note.magic = MAGIC;
    note.reason = reason;
    TEST_DEVICE = TEST_RESET;
    for (;;) {
    }
}

void esp_soc_download(void) {}

// Called by the port's start.S, which knows interrupts.
void esp_soc_interrupt(uint32_t line);
void esp_soc_interrupt(uint32_t line) { (void)line; }

// ---- the sensor, as that of ports/mps2: plays a recording, and remembers how far it came

static void note_given(uint32_t given) { machine_given = given; }

struct ftte_sensor *ftte_port_sensor(void) {
    static struct ftte_replay replay;
    static struct ftte_sensor *sensor;
    static bool looked;
    if (!looked) sensor = ftte_replay_open(&replay, machine_samples, SAMPLES_BYTES, machine_given, note_given);
    looked = true;
    return sensor;
}
