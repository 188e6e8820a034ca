// Frames: COBS(type, id, offset32, body <= 240, crc32) 0x00. A pure transform, bytes in, frames out, no I/O. The parser
// survives any bytes: garbage costs at most the frame that it hits. CRC-32 is the IEEE one (zlib's).
#ifndef FTTE_FRAME_H
#define FTTE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "spec.gen.h"

struct ftte_frame {
    uint8_t type;
    uint8_t id;
    uint16_t body_bytes;
    uint32_t offset;
    const uint8_t *body; // inside the parser's buffer, valid until the next byte is pushed
};

struct ftte_frame_parser {
    uint8_t buf[FTTE_FRAME_ENCODED_MAX];
    uint16_t used;
    uint8_t skipping; // too long: everything up to the next 0x00 is dropped
    uint32_t good, bad;
};

// Takes one byte. Returns 1 and fills `frame` when it ended a good frame, 0 when more is needed, or FTTE_ERR_FRAME,
// FTTE_ERR_FRAME_CRC, FTTE_ERR_FRAME_LONG when it ended a bad one (counted, and the parser is ready for the next).
int ftte_frame_push(struct ftte_frame_parser *parser, uint8_t byte, struct ftte_frame *frame);

// Writes the encoded frame, its closing 0x00 included, to `out` (FTTE_FRAME_ENCODED_MAX bytes). Returns its length or
// FTTE_ERR_ARGUMENT.
int ftte_frame_encode(uint8_t *out, uint8_t type, uint8_t id, uint32_t offset, const void *body, uint32_t body_bytes);

#endif
