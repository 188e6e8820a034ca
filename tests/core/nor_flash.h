// Simulated NOR flash: the flash functions of ftte_port.h over RAM, with a power cut at a chosen step. Bits only go
// from 1 to 0, pages are erased whole, programs are aligned. No timing and no wear-out.
//
//     nor_flash_start(&geometry);                    // blank flash; `map` is filled in
//     if (setjmp(nor_flash_power) == 0) {
//         nor_flash_cut_at(nor_flash_steps() + n);   // the n-th byte from here is not programmed any more
//         ... code under test ...
//         nor_flash_cut_at(NOR_FLASH_NEVER);         // it did not come to the cut
//     } else { ... the power is back: open again ... }
//
// A step is one byte of a program or of an erase. A cut in a program leaves the bytes before it programmed, and in the
// byte itself some of the bits. A cut in an erase leaves, depending on the step, the first bytes erased, the last bytes
// erased, some bits erased everywhere, or noise.
#ifndef NOR_FLASH_H
#define NOR_FLASH_H

#include <setjmp.h>
#include <stdint.h>

#include "ftte_port.h"

#define NOR_FLASH_NEVER UINT64_MAX

extern jmp_buf nor_flash_power; // where a cut goes, with value 1

// Takes the geometry (its `map` is ignored) and makes all bytes 0xff. A second call replaces the flash.
void nor_flash_start(const struct ftte_flash_geometry *geometry);
// The flash's bytes, to be read, saved or overwritten at will: geometry.bytes of them.
uint8_t *nor_flash_bytes(void);
// Steps since nor_flash_start.
uint64_t nor_flash_steps(void);
// The step at which power fails, counted like nor_flash_steps. The cut happens once.
void nor_flash_cut_at(uint64_t step);
// Erases of the page at `offset` since nor_flash_start.
uint32_t nor_flash_erases(uint32_t offset);

#endif
