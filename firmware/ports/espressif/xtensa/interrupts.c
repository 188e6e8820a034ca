// The interrupts of an Xtensa core: PS and INTENABLE (Xtensa ISA Reference Manual, "Interrupt Option"). Which source
// drives which line is the chip's.
#include "xtensa/core.h"

void esp_core_enable_lines(uint32_t lines) { __asm volatile("wsr.intenable %0\n rsync" ::"r"(lines)); }

ESP_RAM uint32_t esp_core_pending_lines(void) {
    uint32_t lines;
    __asm volatile("rsr.interrupt %0" : "=r"(lines));
    return lines;
}

ESP_RAM uint32_t esp_soc_mask(void) {
    uint32_t state;
    __asm volatile("rsil %0, 1" : "=a"(state)::"memory");
    return state;
}

ESP_RAM void esp_soc_unmask(uint32_t state) { __asm volatile("wsr.ps %0\n rsync" ::"r"(state) : "memory"); }
