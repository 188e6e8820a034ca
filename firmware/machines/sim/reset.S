// Where the machine's core begins, in place of the ROM that jumps to the program.
    .section .machine_reset, "ax"
    j 1f
    .balign 4
entry_at:
    .word board_start
    .balign 4
1:  l32r a0, entry_at
    jx a0
