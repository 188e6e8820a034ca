// A sensor that plays a recording, at its rate or as fast as it is asked: virtual and emulated boards have it, and
// tests of what is behind a sensor. The recording lies in memory for ever, little endian:
//
//     0   u32 0x324d5346 ("FSM2")   4   u32 elements of a row   8   u32 rows   12  u32 rate in millihertz, 0: any
//     16  u16 rows of a window      18  u16 hop                 20  u8 type (enum ftte_sample_type), 3 bytes zero
//     24  u32 bytes of a row as it lies here                    28  u32 zero
//     32  the rows: u16 label (0xffff: none), u16 1 if it does not follow the row before else 0, the elements, zeros
//         up to a multiple of 4
//
// host/boards/recording.ts writes it.
#ifndef FTTE_REPLAY_H
#define FTTE_REPLAY_H

#include <stddef.h>

#include "sensors/sensor.h"

struct ftte_replay {
    struct ftte_sensor sensor; // what the session sees
    const uint8_t *rows;
    uint32_t count, stride;
    uint32_t next;          // the row to be given next
    uint32_t noted;         // of them, what `note` knows
    uint32_t begun_ms, due; // since when it plays, and the row that it began with
    // Told how many rows were given, when more are asked for: a real sensor does not repeat itself after a reset.
    void (*note)(uint32_t given);
};

// Plays `bytes` bytes at `recording` from row `next` on. Returns &self->sensor, or null when that is no recording.
struct ftte_sensor *ftte_replay_open(struct ftte_replay *self, const void *recording, size_t bytes, uint32_t next,
                                     void (*note)(uint32_t given));

#endif
