// Any bytes into the frame parser; every frame that it takes must encode to a frame that means the same.
// sources: firmware/core/link/frame.c firmware/core/digest/crc32.c
#include <stdlib.h>
#include <string.h>

#include "link/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ftte_frame *frame) {
    uint8_t out[FTTE_FRAME_ENCODED_MAX], body[FTTE_FRAME_BODY_MAX];
    struct ftte_frame_parser again = {0};
    struct ftte_frame found;
    int result = 0;
    if (frame->body_bytes > FTTE_FRAME_BODY_MAX) abort();
    memcpy(body, frame->body, frame->body_bytes);
    int count = ftte_frame_encode(out, frame->type, frame->id, frame->offset, body, frame->body_bytes);
    for (int i = 0; i < count; i++) result = ftte_frame_push(&again, out[i], &found);
    if (result != 1 || found.type != frame->type || found.id != frame->id || found.offset != frame->offset) abort();
    if (found.body_bytes != frame->body_bytes || memcmp(found.body, body, found.body_bytes) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // On the heap, so that a byte behind the parser is noticed.
    struct ftte_frame_parser *parser = calloc(1, sizeof *parser);
    struct ftte_frame frame;
    uint8_t encoded[FTTE_FRAME_ENCODED_MAX];
    if (!parser) abort();
    for (size_t i = 0; i < size; i++)
        if (ftte_frame_push(parser, data[i], &frame) == 1) check(&frame);
    // Whatever came before, the next good frame is found.
    uint32_t good, body_bytes = size < FTTE_FRAME_BODY_MAX ? (uint32_t)size : FTTE_FRAME_BODY_MAX;
    ftte_frame_push(parser, 0, &frame);
    good = parser->good;
    int count = ftte_frame_encode(encoded, 3, 1, (uint32_t)size, data, body_bytes), result = 0;
    for (int i = 0; i < count; i++) result = ftte_frame_push(parser, encoded[i], &frame);
    if (result != 1 || parser->good != good + 1) abort();
    check(&frame);
    free(parser);
    return 0;
}
