// Calls of the ROM's functions, which keep to the convention with windowed registers, from code that does not
// (start.S). Theirs are the registers behind a0 to a3, and windows turn on while one of them runs; when its calls nest
// deeper than there are registers, the vectors here move the oldest to the stack and back. An interrupt may come
// meanwhile: it runs with EXCM set, when no window turns, and gives back every register that it used.
//
// Sources: Xtensa ISA Reference Manual, "Windowed Register Option", with its "Window Overflow" and "Underflow"
// handlers. Instructions that the compiler for the ESP8266's core does not know are encoded here, three bytes each, as
// espressif/xtensa-overlays has them for the ESP32-S3.
// Judged in QEMU, on a core with windows, by tests/core/xtensa_rom_call.test.ts.

    .macro s32e value, base, offset // a register by its number; offset -64 to -4
    .byte \value << 4, (\offset + 64) / 4 << 4 | \base, 0x49
    .endm
    .macro l32e value, base, offset
    .byte \value << 4, (\offset + 64) / 4 << 4 | \base, 0x09
    .endm
    .macro rfwo
    .byte 0x00, 0x34, 0x00
    .endm
    .macro rfwu
    .byte 0x00, 0x35, 0x00
    .endm
    .macro rsr_windowbase_a8 // special register 72
    .byte 0x80, 0x48, 0x03
    .endm
    .macro wsr_windowstart_a8 // special register 73
    .byte 0x80, 0x49, 0x13
    .endm
    .macro callx4_a12
    .byte 0xd0, 0x0c, 0x00
    .endm

    // A frame's a0 to a3 lie under the stack pointer of the function that it called, the others at the top of its own
    // frame, under its caller's.
    .macro save_base callee
    s32e 1, \callee, -12
    s32e 2, \callee, -8
    s32e 3, \callee, -4
    .endm

    .section .window_vectors, "ax"
    .balign 1024
    .globl board_vectors
board_vectors:
    // overflow of a frame that called by call4
    s32e 0, 5, -16
    save_base 5
    rfwo

    .org board_vectors + 0x40 // underflow, likewise
    l32e 0, 5, -16
    l32e 1, 5, -12
    l32e 2, 5, -8
    l32e 3, 5, -4
    rfwu

    .org board_vectors + 0x80 // overflow, call8
    s32e 0, 9, -16
    l32e 0, 1, -12
    save_base 9
    s32e 4, 0, -32
    s32e 5, 0, -28
    s32e 6, 0, -24
    s32e 7, 0, -20
    rfwo

    .org board_vectors + 0xc0 // underflow, call8
    l32e 0, 9, -16
    l32e 1, 9, -12
    l32e 2, 9, -8
    l32e 7, 1, -12
    l32e 3, 9, -4
    l32e 4, 7, -32
    l32e 5, 7, -28
    l32e 6, 7, -24
    l32e 7, 7, -20
    rfwu

    .org board_vectors + 0x100 // overflow, call12
    s32e 0, 13, -16
    l32e 0, 1, -12
    save_base 13
    s32e 4, 0, -48
    s32e 5, 0, -44
    s32e 6, 0, -40
    s32e 7, 0, -36
    s32e 8, 0, -32
    s32e 9, 0, -28
    s32e 10, 0, -24
    s32e 11, 0, -20
    rfwo

    .org board_vectors + 0x140 // underflow, call12
    l32e 0, 13, -16
    l32e 1, 13, -12
    l32e 2, 13, -8
    l32e 11, 1, -12
    l32e 3, 13, -4
    l32e 4, 11, -48
    l32e 5, 11, -44
    l32e 6, 11, -40
    l32e 7, 11, -36
    l32e 8, 11, -32
    l32e 9, 11, -28
    l32e 10, 11, -24
    l32e 11, 11, -20
    rfwu
    .org board_vectors + 0x180 // start.S goes on

    // uint32_t esp_rom_call(uint32_t function, uint32_t a, b, c, d, e, f): what the function returns. The call turns by
    // four registers: what is a6 to a11 here is a2 to a7 there, its arguments, and its result is a6. Its stack pointer
    // is made of this one.
    .section .ram_code.rom_call, "ax"
    .balign 4
with_windows:
    .word 1 << 18 // PS.WOE
    .globl esp_rom_call
    .balign 4
esp_rom_call:
    addi a1, a1, -32
    s32i a0, a1, 0
    s32i a12, a1, 4
    s32i a13, a1, 8
    s32i a14, a1, 12
    s32i a15, a1, 16
    rsr.ps a8
    s32i a8, a1, 20
    mov a12, a2
    l32i a11, a1, 32 // the seventh argument is on the stack
    mov a10, a7
    mov a9, a6
    mov a7, a4
    mov a6, a3
    mov a13, a5
    // WINDOWSTART: this frame is the only one.
    rsr_windowbase_a8
    ssl a8
    movi a8, 1
    sll a8, a8
    wsr_windowstart_a8
    rsync
    rsr.ps a8
    l32r a14, with_windows
    or a8, a8, a14
    wsr.ps a8
    rsync
    mov a8, a13
    callx4_a12
    l32i a8, a1, 20
    wsr.ps a8
    rsync
    mov a2, a6
    l32i a0, a1, 0
    l32i a12, a1, 4
    l32i a13, a1, 8
    l32i a14, a1, 12
    l32i a15, a1, 16
    addi a1, a1, 32
    ret
