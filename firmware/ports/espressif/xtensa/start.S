// From the ROM to main, and what happens on an interrupt, on the ESP32 and the ESP32-S3. Registers are not windowed
// (PS.WOE = 0), as Debian's compiler for the ESP8266's core knows only that convention (call0).
//
// Vectors: Xtensa ISA Reference Manual, "Exception Option"; their offsets from VECBASE, which are the same in both
// chips: ESP-IDF v5.5, components/xtensa/esp32/include/xtensa/config/core-isa.h and that of esp32s3. Literals must lie
// before the code that loads them: here, between two vectors.

    .macro vector offset
    .org vectors + \offset - 0x180
    .endm

    .section .vectors, "ax"
    .balign 4
vectors: // behind those of windows (rom_call.S), which begin at VECBASE
    vector 0x180 // level 2
    j fault
    .balign 4
handler_frame:
    .word board_handler_top - 80
stack_top:
    .word board_stack_top
bss:
    .word board_bss
bss_end:
    .word board_bss_end
initial_ps:
    .word 0x2f // user vectors, no windows, interrupts up to level 15 masked
vectors_at:
    .word board_vectors // rom_call.S
interrupt_at:
    .word esp_soc_interrupt
fault_at:
    .word esp_fault
panic_at:
    .word esp_panic
map_at:
    .word board_map_flash
main_at:
    .word main

    vector 0x1c0 // level 3
    j fault
    vector 0x200 // level 4
    j fault
    vector 0x240 // level 5
    j fault
    vector 0x280 // debug
    j fault
    vector 0x2c0 // NMI
    j fault
    vector 0x300 // kernel
    j fault
    vector 0x340 // user
    wsr.excsave1 a1
    l32r a1, handler_frame
    j exception
    vector 0x3c0 // double
    j fault
    vector 0x400

    .globl board_start
    .balign 4
board_start:
    rsil a2, 15
    l32r a2, initial_ps
    wsr.ps a2
    rsync
    movi a2, 0
    wsr.intenable a2
    l32r a2, vectors_at
    wsr.vecbase a2
    // CPENABLE = 1: coprocessor 0 is the FPU. The assembler does not know the register (224): wsr.cpenable a2.
    movi a2, 1
    .byte 0x20, 0xe0, 0x13
    rsync
    l32r a1, stack_top
    l32r a2, bss
    l32r a3, bss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  l32r a0, map_at
    callx0 a0
    l32r a0, main_at
    callx0 a0
3:  j 3b

    // On the handlers' stack, as the session's may be what went wrong. EXCM stays set: nothing interrupts.
    .balign 4
exception:
    s32i a0, a1, 0
    s32i a2, a1, 4
    rsr.exccause a2
    bnei a2, 4, panic // Level1InterruptCause
    s32i a3, a1, 8
    s32i a4, a1, 12
    s32i a5, a1, 16
    s32i a6, a1, 20
    s32i a7, a1, 24
    s32i a8, a1, 28
    s32i a9, a1, 32
    s32i a10, a1, 36
    s32i a11, a1, 40
    s32i a12, a1, 44
    s32i a13, a1, 48
    s32i a14, a1, 52
    s32i a15, a1, 56
    rsr.sar a2
    s32i a2, a1, 60
    l32r a0, interrupt_at
    callx0 a0
    l32i a2, a1, 60
    wsr.sar a2
    l32i a3, a1, 8
    l32i a4, a1, 12
    l32i a5, a1, 16
    l32i a6, a1, 20
    l32i a7, a1, 24
    l32i a8, a1, 28
    l32i a9, a1, 32
    l32i a10, a1, 36
    l32i a11, a1, 40
    l32i a12, a1, 44
    l32i a13, a1, 48
    l32i a14, a1, 52
    l32i a15, a1, 56
    l32i a0, a1, 0
    l32i a2, a1, 4
    rsr.excsave1 a1
    rfe

    // The processor's own exceptions, with a0 and the stack as they were; the rest (fault) does not happen.
    .balign 4
panic:
    rsr.epc1 a2
    l32i a3, a1, 0
    rsr.excsave1 a4
    rsr.exccause a5
    rsr.excvaddr a6
    rsr.ps a7
    l32r a0, panic_at
    jx a0

    .balign 4
fault:
    l32r a1, handler_frame
    l32r a0, fault_at
    jx a0
