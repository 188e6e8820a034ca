// What the ports of Cortex-M chips do when control is lost: leave a record of where and why, then reset. The handlers
// are for a port's vectors; the port's board.h gives board_reset, its linker script board_stack and board_ram_end.
#ifndef CORTEXM_FAULT_H
#define CORTEXM_FAULT_H

// HardFault, to which the others escalate, or each of them.
void cortexm_fault(void);
// A watchdog's warning, where it comes as an interrupt before the reset.
void cortexm_hang(void);

#endif
