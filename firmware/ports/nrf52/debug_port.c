// The debug port of chips that close it at every reset ("improved APPROTECT": nRF52832 from build code G0, nRF52833
// from B0, nRF52840 from F0): it is open only where UICR and, after each reset, the firmware say so. Here the firmware
// says what UICR says: an owner who closed the port keeps it closed. Older chips know UICR alone, and have no such
// register.
//
// Sources: Nordic, "Working with the nRF52 Series' improved APPROTECT"; MDK, system_nrf52_approtect.h, and
// nrf52_configuration_249() of nrf52_erratas.h, whose words of FICR and revisions these are. QEMU's nRF51 faults there.
#include "board.h"

#define FICR_CHIP REGISTER(0x10000130u)     // which of the family
#define FICR_REVISION REGISTER(0x10000134u) // counts up

#if defined(FTTE_CHIP_NRF52832)
enum { CHIP = 0x06, FIRST_THAT_CLOSES = 7 };
#elif defined(FTTE_CHIP_NRF52833)
enum { CHIP = 0x0d, FIRST_THAT_CLOSES = 2 };
#elif defined(FTTE_CHIP_NRF52840)
enum { CHIP = 0x08, FIRST_THAT_CLOSES = 5 };
#endif

void board_keep_debug_port(void) {
#ifndef FTTE_CHIP_NRF51822
    if (FICR_CHIP == CHIP && FICR_REVISION >= FIRST_THAT_CLOSES) APPROTECT_DISABLE = UICR_APPROTECT;
#endif
}
