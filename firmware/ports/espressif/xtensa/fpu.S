// Single-precision arithmetic by the FPU, which the compiler does not know: each function is what the compiler calls,
// two operands in a2 and a3, the result in a2. Instructions by their bytes: Xtensa ISA Reference Manual,
// "Floating-Point Coprocessor Option", and espressif/xtensa-overlays, which has the same for the ESP32 and the ESP32-S3;
// three bytes are t:op0, r:s, op2:op1. The FPU must be enabled (start.S), and rounds to nearest.

    .macro wfr_f0_a2 // op2 15, op1 10, r 0, s 2, t 5
    .byte 0x50, 0x02, 0xfa
    .endm
    .macro wfr_f1_a3 // op2 15, op1 10, r 1, s 3, t 5
    .byte 0x50, 0x13, 0xfa
    .endm
    .macro rfr_a2_f0 // op2 15, op1 10, r 2, s 0, t 4
    .byte 0x40, 0x20, 0xfa
    .endm

    .macro binary name, op2
    .section .text.\name, "ax"
    .globl \name
    .balign 4
\name:
    wfr_f0_a2
    wfr_f1_a3
    .byte 0x10, 0x00, \op2 << 4 | 10 // op.s f0, f0, f1
    rfr_a2_f0
    ret
    .endm

    binary __addsf3, 0
    binary __subsf3, 1
    binary __mulsf3, 2

    .macro from_integer name, op2
    .section .text.\name, "ax"
    .globl \name
    .balign 4
\name:
    .byte 0x00, 0x02, \op2 << 4 | 10 // op.s f0, a2, 0
    rfr_a2_f0
    ret
    .endm

    from_integer __floatsisf, 12
    from_integer __floatunsisf, 13

    .section .text.__fixunssfsi, "ax"
    .globl __fixunssfsi
    .balign 4
__fixunssfsi:
    wfr_f0_a2
    .byte 0x00, 0x20, 0xea // utrunc.s a2, f0, 0
    ret
