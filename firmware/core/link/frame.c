// Frames over COBS (Cheshire and Baker, 1999). A frame is at most 250 bytes before stuffing, so one code byte suffices
// and the code 0xff (254 bytes without a zero) never occurs in a good frame. No I/O and no protocol: frame.h.
#include "link/frame.h"

#include <string.h>

#include "digest/crc32.h"

enum { RAW_MIN = FTTE_FRAME_HEADER_BYTES + FTTE_FRAME_CRC_BYTES, RAW_MAX = RAW_MIN + FTTE_FRAME_BODY_MAX };

static uint32_t load32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

// Undoes the stuffing in place (the output never overtakes the input). Returns the bytes, or -1 when a code byte points
// behind the end.
static int unstuff(uint8_t *buf, int used) {
    int out = 0, in = 0;
    while (in < used) {
        int code = buf[in++];
        if (code - 1 > used - in) return -1;
        memmove(buf + out, buf + in, (size_t)(code - 1));
        out += code - 1;
        in += code - 1;
        if (code != 0xff && in < used) buf[out++] = 0;
    }
    return out;
}

// Writes `count` bytes stuffed, without the closing 0x00; returns how many it wrote.
static int stuff(uint8_t *out, const uint8_t *raw, int count) {
    int at = 1, code_at = 0;
    for (int i = 0; i < count; i++) {
        if (raw[i] != 0) {
            out[at++] = raw[i];
            continue;
        }
        out[code_at] = (uint8_t)(at - code_at);
        code_at = at++;
    }
    out[code_at] = (uint8_t)(at - code_at);
    return at;
}

static int decode(struct ftte_frame_parser *parser, int used, struct ftte_frame *frame) {
    int count = unstuff(parser->buf, used);
    if (count < RAW_MIN || count > RAW_MAX) return FTTE_ERR_FRAME;
    int body_end = count - (int)FTTE_FRAME_CRC_BYTES;
    const uint8_t *raw = parser->buf;
    if (ftte_crc32(0, raw, (size_t)body_end) != load32(raw + body_end)) return FTTE_ERR_FRAME_CRC;
    frame->type = raw[0];
    frame->id = raw[1];
    frame->offset = load32(raw + 2);
    frame->body = raw + FTTE_FRAME_HEADER_BYTES;
    frame->body_bytes = (uint16_t)(body_end - (int)FTTE_FRAME_HEADER_BYTES);
    return 1;
}

int ftte_frame_push(struct ftte_frame_parser *parser, uint8_t byte, struct ftte_frame *frame) {
    if (byte != 0) {
        // The last byte of `buf` would be the closing 0x00, which is not kept.
        if (parser->used >= FTTE_FRAME_ENCODED_MAX - 1) parser->skipping = 1;
        if (!parser->skipping) parser->buf[parser->used++] = byte;
        return 0;
    }
    int used = parser->used, result = FTTE_ERR_FRAME_LONG;
    uint8_t skipped = parser->skipping;
    parser->used = 0;
    parser->skipping = 0;
    if (used == 0 && !skipped) return 0;
    if (!skipped) result = decode(parser, used, frame);
    if (result == 1)
        parser->good++;
    else
        parser->bad++;
    return result;
}

int ftte_frame_encode(uint8_t *out, uint8_t type, uint8_t id, uint32_t offset, const void *body, uint32_t body_bytes) {
    uint8_t raw[RAW_MAX];
    if (body_bytes > FTTE_FRAME_BODY_MAX || (body_bytes > 0 && body == NULL)) return FTTE_ERR_ARGUMENT;
    uint32_t body_end = FTTE_FRAME_HEADER_BYTES + body_bytes;
    raw[0] = type;
    raw[1] = id;
    store32(raw + 2, offset);
    if (body_bytes > 0) memcpy(raw + FTTE_FRAME_HEADER_BYTES, body, body_bytes);
    store32(raw + body_end, ftte_crc32(0, raw, body_end));
    int used = stuff(out, raw, (int)(body_end + FTTE_FRAME_CRC_BYTES));
    out[used] = 0;
    return used + 1;
}
