// From the ROM to main: global pointer, a stack, RAM's code and data, and the vectors; and what happens on an interrupt.
// The ROM jumps to board_start: at offset 8 of the flash (direct boot), or where the image that it loaded says.
//
// The core has 31 interrupt lines and always jumps to mtvec + 4 * line, exceptions to mtvec (ESP32-C3 TRM, "Interrupt
// Matrix", "Machine Trap Vector"). The table must begin at a multiple of 256.

    .option arch, +zicsr

    .section .entry, "ax"
    .globl board_start
board_start:
    csrci mstatus, 8
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, board_stack_top
    la a0, board_handler_top
    csrw mscratch, a0
    // RAM's code through the data bus, then its data; nothing to do where the ROM has loaded them.
    la a0, board_code_image
    la a1, board_code_place
    la a2, board_code_place_end
    call copy
    la a0, board_data_image
    la a1, board_data
    la a2, board_data_end
    call copy
    la a1, board_bss
    la a2, board_bss_end
1:  bgeu a1, a2, 2f
    sw zero, 0(a1)
    addi a1, a1, 4
    j 1b
2:  la a0, vectors
    csrw mtvec, a0
    call main
3:  j 3b

copy:
    beq a0, a1, 2f
1:  bgeu a1, a2, 2f
    lw a3, 0(a0)
    sw a3, 0(a1)
    addi a0, a0, 4
    addi a1, a1, 4
    j 1b
2:  ret

    .section .ram_code, "ax"
    .balign 256
vectors:
    .option push
    .option norvc
    j exception
    .rept 31
    j interrupt
    .endr
    .option pop

    // On the handlers' stack, as the session's may be what went wrong.
exception:
    csrw mscratch, sp
    la sp, board_handler_top
    csrr a0, mepc
    mv a1, ra
    csrr a2, mscratch
    csrr a3, mcause
    csrr a4, mtval
    csrr a5, mstatus
    j esp_panic

interrupt:
    csrrw sp, mscratch, sp
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
    sw t1, 8(sp)
    sw t2, 12(sp)
    sw t3, 16(sp)
    sw t4, 20(sp)
    sw t5, 24(sp)
    sw t6, 28(sp)
    sw a0, 32(sp)
    sw a1, 36(sp)
    sw a2, 40(sp)
    sw a3, 44(sp)
    sw a4, 48(sp)
    sw a5, 52(sp)
    sw a6, 56(sp)
    sw a7, 60(sp)
    csrr a0, mcause
    andi a0, a0, 31
    call esp_soc_interrupt
    lw ra, 0(sp)
    lw t0, 4(sp)
    lw t1, 8(sp)
    lw t2, 12(sp)
    lw t3, 16(sp)
    lw t4, 20(sp)
    lw t5, 24(sp)
    lw t6, 28(sp)
    lw a0, 32(sp)
    lw a1, 36(sp)
    lw a2, 40(sp)
    lw a3, 44(sp)
    lw a4, 48(sp)
    lw a5, 52(sp)
    lw a6, 56(sp)
    lw a7, 60(sp)
    addi sp, sp, 64
    csrrw sp, mscratch, sp
    mret
