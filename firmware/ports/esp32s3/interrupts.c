// Interrupts of the ESP32-S3: which of the processor's lines they come on, and how it waits for them.
//
// Registers: ESP-IDF v5.5, components/soc/esp32s3/register/soc/interrupt_core0_reg.h; the lines:
// components/xtensa/esp32s3/include/xtensa/config/core-isa.h.
#include "c3_s3/peripherals.h"
#include "xtensa/core.h"

#define INTERRUPT_UART_MAP REGISTER(0x600c206cu)
#define INTERRUPT_SYSTIMER_MAP REGISTER(0x600c20e4u)
enum { LINE_UART = 0, LINE_ALARM = 1 }; // both of level 1, and not latched

void esp_interrupts_open(void) {
    INTERRUPT_UART_MAP = LINE_UART;
    INTERRUPT_SYSTIMER_MAP = LINE_ALARM;
    esp_core_enable_lines(1u << LINE_UART | 1u << LINE_ALARM);
    esp_soc_unmask(ESP_CORE_INTERRUPTS);
}

void esp_interrupts_wait(void) { __asm volatile("waiti 0" ::: "memory"); }

ESP_RAM void esp_soc_interrupt(void) {
    uint32_t lines = esp_core_pending_lines();
    if (lines & 1u << LINE_ALARM) SYSTIMER_INT_CLR = 1;
    if (lines & 1u << LINE_UART) esp_link_interrupt();
}
