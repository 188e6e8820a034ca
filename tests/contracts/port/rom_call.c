// Calls of functions with windowed registers, as an ESP32-S3's ROM has, by esp_rom_call: what they were given and gave
// back, with calls that nest deeper than there are registers, and an interrupt in the innermost. The host computes the
// same (tests/core/xtensa_rom_call.test.ts).
#include <stdio.h>

#include "remote.h"
#include "xtensa/core.h"

enum { BY_SOFTWARE = 1 << 7 }; // firmware/machines/sim/sim.c

// The functions, in instructions that the compiler does not know. Each nest_n calls itself by call<n>, and adds up
// n * value + ... + n * 1 in a register that lies in its window at the call.
__asm(".macro entry48\n .byte 0x36, 0x61, 0x00\n .endm\n" // entry a1, 48
      ".macro retw\n .byte 0x90, 0x00, 0x00\n .endm\n"
      ".macro nest by, callx, through, kept, argument\n"
      " .section .ram_code.nest\\by, \"ax\"\n"
      " .balign 4\n"
      "nest_\\by\\()_at: .word nest_\\by\n"
      " .globl nest_\\by\n"
      "nest_\\by:\n"
      " entry48\n"
      " slli \\kept, a2, 2\n" // 4, 8 or 12 times
      " .if \\by == 8\n slli \\kept, a2, 3\n .endif\n"
      " .if \\by == 12\n slli a4, a2, 3\n add \\kept, \\kept, a4\n .endif\n"
      " beqz a2, 1f\n"
      " addi \\argument, a2, -1\n"
      " l32r a\\through, nest_\\by\\()_at\n"
      " .byte \\callx, \\through, 0x00\n"
      " add a2, \\kept, \\argument\n"
      " retw\n"
      "1: movi a4, 0x80\n"
      " wsr.intset a4\n"
      " rsync\n"
      " mov a2, \\kept\n"
      " retw\n"
      ".endm\n"
      "nest 4, 0xd0, 4, a3, a6\n" // only a0 to a3 are the window's
      "nest 8, 0xe0, 3, a7, a10\n"
      "nest 12, 0xf0, 3, a11, a14\n"
      // Leaves its arguments in `seen`, changes every register of its window, returns the sum of the first two.
      " .section .ram_code.see, \"ax\"\n"
      " .balign 4\n"
      "seen_at: .word seen\n"
      " .globl see\n"
      "see:\n"
      " entry48\n"
      " l32r a8, seen_at\n"
      " s32i a2, a8, 0\n s32i a3, a8, 4\n s32i a4, a8, 8\n s32i a5, a8, 12\n s32i a6, a8, 16\n s32i a7, a8, 20\n"
      " add a2, a2, a3\n"
      " movi a3, -1\n movi a4, -1\n movi a5, -1\n movi a6, -1\n movi a7, -1\n movi a8, -1\n movi a9, -1\n"
      " movi a10, -1\n movi a11, -1\n movi a12, -1\n movi a13, -1\n movi a14, -1\n movi a15, -1\n"
      " retw\n"
      " .text\n");

extern const uint8_t nest_4[], nest_8[], nest_12[], see[];
uint32_t seen[6];

static volatile uint32_t start = 0x12345678u;

static uint32_t called(const uint8_t *function, uint32_t value) {
    return esp_rom_call((uint32_t)function, value, 0, 0, 0, 0, 0);
}

// Values that the compiler keeps in registers over the call.
static bool keeps(const uint8_t *function, uint32_t value, uint32_t *result) {
    uint32_t a = start, b = start + a, c = start ^ b, d = start - c, e = start * d;
    *result = called(function, value);
    uint32_t a2 = start, b2 = start + a2, c2 = start ^ b2, d2 = start - c2, e2 = start * d2;
    return a == a2 && b == b2 && c == c2 && d == d2 && e == e2;
}

static void nest(const char *name, const uint8_t *function) {
    for (uint32_t value = 0; value < 40; value++) {
        uint32_t result;
        bool kept = keeps(function, value, &result);
        bool served = !(esp_core_pending_lines() & BY_SOFTWARE);
        printf("%s %lu %lu %s\n", name, (unsigned long)value, (unsigned long)result, kept && served ? "well" : "ill");
    }
}

static void session(void) {
    esp_core_enable_lines(BY_SOFTWARE);
    uint32_t sum = esp_rom_call((uint32_t)see, 11, 22, 33, 44, 55, 66);
    printf("saw %lu", (unsigned long)sum);
    for (int i = 0; i < 6; i++) printf(" %lu", (unsigned long)seen[i]);
    printf("\n");
    nest("call4", nest_4);
    nest("call8", nest_8);
    nest("call12", nest_12);
    printf("done\n");
    remote_rest();
}

int main(void) {
    esp_chip_open();
    esp_flash_open();
    esp_link_open();
    esp_memory_run(session);
}
