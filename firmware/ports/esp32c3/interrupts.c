// Interrupts of the ESP32-C3: which of the processor's lines they come on, and how it waits for them.
//
// Registers: ESP-IDF v5.5, components/soc/esp32c3/register/soc/interrupt_core0_reg.h.
#include "c3_s3/peripherals.h"

#define INTERRUPT_UART_MAP REGISTER(0x600c2054u)
#define INTERRUPT_SYSTIMER_MAP REGISTER(0x600c2094u)
#define INTERRUPT_ENABLE REGISTER(0x600c2104u)
#define INTERRUPT_TYPE REGISTER(0x600c2108u) // 0: level
#define INTERRUPT_PRIORITY(line) REGISTER(0x600c2114u + 4 * (line))
#define INTERRUPT_THRESHOLD REGISTER(0x600c2194u)
enum { LINE_UART = 1, LINE_ALARM = 2, PRIORITY = 2 };

void esp_interrupts_open(void) {
    INTERRUPT_UART_MAP = LINE_UART;
    INTERRUPT_SYSTIMER_MAP = LINE_ALARM;
    INTERRUPT_TYPE &= ~(1u << LINE_UART | 1u << LINE_ALARM);
    INTERRUPT_PRIORITY(LINE_UART) = PRIORITY;
    INTERRUPT_PRIORITY(LINE_ALARM) = PRIORITY;
    INTERRUPT_THRESHOLD = 1;
    INTERRUPT_ENABLE |= 1u << LINE_UART | 1u << LINE_ALARM;
    esp_soc_unmask(1);
}

void esp_interrupts_wait(void) { __asm volatile("wfi" ::: "memory"); }

// Called by start.S for every interrupt.
void esp_soc_interrupt(uint32_t line);
ESP_RAM void esp_soc_interrupt(uint32_t line) {
    if (line == LINE_ALARM) SYSTIMER_INT_CLR = 1;
    if (line == LINE_UART) esp_link_interrupt();
}

// mstatus.MIE is bit 3.
ESP_RAM uint32_t esp_soc_mask(void) {
    uint32_t state;
    __asm volatile(".option push\n.option arch, +zicsr\ncsrrci %0, mstatus, 8\n.option pop" : "=r"(state)::"memory");
    return state >> 3 & 1;
}

ESP_RAM void esp_soc_unmask(uint32_t state) {
    __asm volatile(".option push\n.option arch, +zicsr\ncsrs mstatus, %0\n.option pop" ::"r"(state << 3) : "memory");
}
