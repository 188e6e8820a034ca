// What a fault leaves: start.S comes here with what its registers say, on the handlers' stack. In RAM like the
// handlers, and stored word by word, as flash may not be readable: the compiler must call nothing. That RAM outside
// .bss keeps its values over a restart by software is ESP-IDF's promise for __NOINIT_ATTR (Programming Guide v5.5,
// "Memory Types").
#include "esp.h"

static struct ftte_panic_record record __attribute__((section(".noinit")));

struct ftte_panic_record *ftte_port_panic(void) {
    return &record;
}

#ifdef __riscv
enum { ARCHITECTURE = FTTE_ARCHITECTURE_RISCV };
#else
enum { ARCHITECTURE = FTTE_ARCHITECTURE_XTENSA };
#endif

ESP_RAM void esp_panic(uint32_t pc, uint32_t lr, uint32_t sp, uint32_t cause, uint32_t address, uint32_t status) {
    volatile struct ftte_panic *panic = &record.panic;
    panic->architecture = ARCHITECTURE;
    panic->reason = FTTE_RESET_REASON_FAULT;
    panic->reserved = 0;
    panic->pc = pc;
    panic->lr = lr;
    panic->sp = sp;
    panic->cause = cause;
    panic->address = address;
    panic->status = status;
    ftte_panic_seal(&record);
    esp_fault();
}
