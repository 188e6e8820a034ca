// What a chip family must give. A port implements every function here and nothing else of ftte; the core calls them
// only from session/ and store/. No function blocks, except ftte_port_idle; none is called from an interrupt. The
// contract suite in tests/contracts/port runs on every port; firmware/ports/README.md walks through a minimal one.
#ifndef FTTE_PORT_H
#define FTTE_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "ftte_panic.h"
#include "sensors/sensor.h"
#include "spec.gen.h"

// ---- link: one byte stream (UART, USB, BLE NUS or a pty), framing is the core's
// --------------------------------------
// Over a radio the port keeps the connection: packets and their MTU end inside it, and being unconnected, or not
// subscribed to, is the link being gone. docs/ble.md says what such a port does.

// Copies up to `cap` received bytes into `buf` and returns at once.
// Returns the count (0 = nothing waiting) or FTTE_ERR_LINK_GONE if the link is gone (it may come back).
int ftte_port_link_read(void *buf, size_t cap);

// Takes up to `bytes` bytes of `buf` for sending and returns at once.
// Returns the count taken (0 = the transmit buffer is full, ask again later) or FTTE_ERR_LINK_GONE.
int ftte_port_link_write(const void *buf, size_t bytes);

// ---- clock
// -----------------------------------------------------------------------------------------------------------

// Milliseconds since start-up, monotonic, wrapping at 2^32.
uint32_t ftte_port_clock_ms(void);

// ---- flash: a region of NOR flash that belongs to ftte
// ---------------------------------------------------------------

struct ftte_flash_geometry {
    const uint8_t *map;     // the region's first byte, readable in place for ever
    uint32_t bytes;         // multiple of page_bytes
    uint32_t page_bytes;    // erase unit
    uint32_t program_bytes; // program unit: offset and length of a program are multiples of it (1..32, a power of two)
    // Bytes that each kind of blob gets, per slot, multiples of page_bytes; index = enum ftte_blob_kind (0 unused).
    // Kinds have two slots, samples take what is left. A fact of the board, from board-configs/.
    uint32_t partition_bytes[11];
};

// The geometry, constant for the life of the firmware; never null.
const struct ftte_flash_geometry *ftte_port_flash_geometry(void);

// Sets the whole page at `offset` (a multiple of page_bytes) to 0xff. Returns FTTE_OK, FTTE_ERR_FLASH_RANGE or
// FTTE_ERR_FLASH.
int ftte_port_flash_erase(uint32_t offset);

// Programs `bytes` bytes at `offset`; bits can only go from 1 to 0, other bits are left alone.
// Returns FTTE_OK, FTTE_ERR_FLASH_RANGE (outside or misaligned), FTTE_ERR_FLASH_BITS (a 0 bit would have to become 1;
// nothing was changed, where the port can tell) or FTTE_ERR_FLASH. Power may fail at any byte: what precedes it is
// programmed.
int ftte_port_flash_program(uint32_t offset, const void *buf, uint32_t bytes);

// ---- chip
// ------------------------------------------------------------------------------------------------------------

// Fills `buf` with unpredictable bytes. Returns FTTE_OK.
int ftte_port_random(void *buf, size_t bytes);

// Writes this chip's own id (16 bytes, zero-padded, the same after every reset, no two chips alike).
void ftte_port_chip_id(uint8_t id[16]);

// Name of the board class, at most 15 characters: the `class` of its board config.
const char *ftte_port_board_class(void);

// Why the chip started last: enum ftte_reset_reason.
int ftte_port_reset_reason(void);

// What the last fault (or hang that the port could catch) left, in memory that outlives a reset; not sealed when there
// was none since the session broke the last seal. Never null.
struct ftte_panic_record *ftte_port_panic(void);

// Restarts as `kind` (enum ftte_reset_kind) says; does not return.
void ftte_port_reset(int kind) __attribute__((noreturn));

// Tells the watchdog that the session made progress; called only after a command, a training step or an idle poll.
void ftte_port_watchdog_feed(void);

// Sleeps until a byte arrives or `max_ms` passed, whichever is first; may return early.
void ftte_port_idle(uint32_t max_ms);

// ---- the wearable
// ----------------------------------------------------------------------------------------------------

// The board's sensor (sensors/sensor.h says what it must do), the same at every call; null when it has none.
struct ftte_sensor *ftte_port_sensor(void);

// Battery in per cent, or 255 when there is none to measure.
int ftte_port_battery(void);

#endif
