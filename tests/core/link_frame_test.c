// The frame codec: shared vectors, then every way to damage a frame. argv[1]: the vectors, one per line (link.test.ts).
// Includes the source, so that the stuffing is tested for itself.
#include "link/frame.c"

#include <stdlib.h>

#include "report.h"

static uint8_t noise(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

// Pushes all bytes. Returns the last good or bad ending (0 = none) and counts the good frames.
static int feed(struct ftte_frame_parser *parser, const uint8_t *bytes, int count, struct ftte_frame *frame) {
    int last = 0;
    for (int i = 0; i < count; i++) {
        int result = ftte_frame_push(parser, bytes[i], frame);
        if (result != 0) last = result;
    }
    return last;
}

static int unhex(const char *hex, uint8_t *out) {
    int count = 0;
    if (strcmp(hex, "-") == 0) return 0;
    for (unsigned value; sscanf(hex + 2 * count, "%2x", &value) == 1; count++) out[count] = (uint8_t)value;
    return count;
}

static bool vector_frame(const char *line) {
    static char body_hex[1024], encoded_hex[1024];
    uint8_t body[512], encoded[512], out[FTTE_FRAME_ENCODED_MAX];
    unsigned type, id, offset;
    struct ftte_frame_parser parser = {0};
    struct ftte_frame frame;
    if (sscanf(line, "frame %u %u %u %1023s %1023s", &type, &id, &offset, body_hex, encoded_hex) != 5) return false;
    int body_bytes = unhex(body_hex, body), encoded_bytes = unhex(encoded_hex, encoded);
    int count = ftte_frame_encode(out, (uint8_t)type, (uint8_t)id, offset, body, (uint32_t)body_bytes);
    if (count != encoded_bytes || memcmp(out, encoded, (size_t)count) != 0) return false;
    if (feed(&parser, encoded, encoded_bytes, &frame) != 1 || frame.type != type || frame.id != id) return false;
    return frame.offset == offset && frame.body_bytes == body_bytes && memcmp(frame.body, body, frame.body_bytes) == 0;
}

static bool vector_bad(const char *line) {
    static char encoded_hex[1024];
    uint8_t encoded[512];
    int code;
    struct ftte_frame_parser parser = {0};
    struct ftte_frame frame;
    if (sscanf(line, "bad %d %1023s", &code, encoded_hex) != 2) return false;
    return feed(&parser, encoded, unhex(encoded_hex, encoded), &frame) == code && parser.bad == 1 && parser.good == 0;
}

static bool vector_cobs(const char *line) {
    static char decoded_hex[1024], encoded_hex[1024];
    uint8_t decoded[512], encoded[512], out[512];
    if (sscanf(line, "cobs %1023s %1023s", decoded_hex, encoded_hex) != 2) return false;
    int count = unhex(decoded_hex, decoded), encoded_bytes = unhex(encoded_hex, encoded);
    if (stuff(out, decoded, count) != encoded_bytes || memcmp(out, encoded, (size_t)encoded_bytes) != 0) return false;
    return unstuff(out, encoded_bytes) == count && memcmp(out, decoded, (size_t)count) == 0;
}

static bool vector_crc(const char *line) {
    static char hex[1024];
    uint8_t bytes[512];
    unsigned crc;
    if (sscanf(line, "crc %u %1023s", &crc, hex) != 2) return false;
    return ftte_crc32(0, bytes, (size_t)unhex(hex, bytes)) == crc;
}

static void vectors(const char *path) {
    static char line[4096];
    int seen = 0;
    bool ok = true;
    FILE *file = fopen(path, "r");
    for (; file && fgets(line, sizeof line, file); seen++) {
        bool good = line[0] == 'f'   ? vector_frame(line)
                    : line[0] == 'b' ? vector_bad(line)
                    : line[1] == 'o' ? vector_cobs(line)
                                     : vector_crc(line);
        if (!good) report(false, "agrees with the vector %.60s", line);
        ok &= good;
    }
    if (file) fclose(file);
    report(ok && seen > 0, "agrees with all %d shared vectors", seen);
}

static int sample_frame(uint8_t *out, uint32_t body_bytes, int fill) {
    uint8_t body[FTTE_FRAME_BODY_MAX];
    uint32_t state = body_bytes + 1;
    for (uint32_t i = 0; i < body_bytes; i++) body[i] = fill < 0 ? noise(&state) : (uint8_t)fill;
    return ftte_frame_encode(out, 3, (uint8_t)body_bytes, body_bytes * 240, body, body_bytes);
}

static void round_trips(void) {
    bool ok = true;
    uint8_t out[FTTE_FRAME_ENCODED_MAX];
    struct ftte_frame frame;
    struct ftte_frame_parser parser = {0};
    for (uint32_t n = 0; n <= FTTE_FRAME_BODY_MAX; n++) {
        for (int fill = -1; fill < 256; fill += 1 + (fill > 0) * 126) {
            int count = sample_frame(out, n, fill);
            ok &= count <= (int)FTTE_FRAME_ENCODED_MAX && memchr(out, 0, (size_t)count) == out + count - 1;
            ok &= feed(&parser, out, count, &frame) == 1 && frame.body_bytes == n && frame.offset == n * 240;
            for (uint32_t i = 0; fill >= 0 && i < n; i++) ok &= frame.body[i] == fill;
        }
    }
    report(ok && parser.bad == 0, "every body length comes back, of 0x00, 0x01, 0x80, 0xff and noise");
    report(ftte_frame_encode(out, 1, 1, 0, out, 241) == FTTE_ERR_ARGUMENT, "refuses a body of 241 bytes");
}

// The damaged frame, then a closing 0x00 (the damage may have hit its own) and a good frame.
static bool rejected(const uint8_t *bytes, int count) {
    uint8_t next[FTTE_FRAME_ENCODED_MAX];
    struct ftte_frame_parser parser = {0};
    struct ftte_frame frame;
    static const uint8_t end;
    int next_bytes = sample_frame(next, 5, -1);
    feed(&parser, bytes, count, &frame);
    feed(&parser, &end, 1, &frame);
    if (parser.good != 0 || parser.bad == 0) return false;
    return feed(&parser, next, next_bytes, &frame) == 1 && parser.good == 1;
}

static void damage(void) {
    static const uint32_t lengths[] = {0, 1, 12, 100, 239, 240};
    uint8_t out[FTTE_FRAME_ENCODED_MAX];
    uint32_t flips = 0, cuts = 0, missed = 0, passed = 0;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        for (int fill = -1; fill < 256; fill += 1 + (fill >= 0) * 255) {
            int count = sample_frame(out, lengths[l], fill);
            for (int bit = 0; bit < 8 * count; bit++, flips++) {
                // Flipping a bit of the closing 0x00 only lengthens the frame by that byte.
                out[bit / 8] ^= (uint8_t)(1 << bit % 8);
                missed += !rejected(out, count);
                out[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
            for (int cut = 1; cut < count - 1; cut++, cuts++) passed += !rejected(out, cut);
        }
    }
    report(missed == 0, "rejects every single bit flip (%u) and takes the next frame", flips);
    report(passed == 0, "rejects every truncation (%u) and takes the next frame", cuts);
}

static void garbage(void) {
    struct ftte_frame_parser parser = {0};
    struct ftte_frame frame;
    uint8_t out[FTTE_FRAME_ENCODED_MAX];
    uint32_t state = 1, found = 0;
    static const uint8_t end;
    for (int round = 0; round < 20000; round++) {
        for (int left = noise(&state) * 2; left > 0; left--) {
            uint8_t byte = noise(&state);
            feed(&parser, &byte, 1, &frame);
        }
        feed(&parser, &end, 1, &frame);
        int count = sample_frame(out, noise(&state) % 241, -1);
        found += feed(&parser, out, count, &frame) == 1;
    }
    report(found == 20000 && parser.good == 20000, "finds the good frame behind 20000 pieces of garbage, and no other");
    parser = (struct ftte_frame_parser){0};
    feed(&parser, (const uint8_t[4]){0}, 4, &frame);
    report(parser.good == 0 && parser.bad == 0, "does not count empty frames");
}

int main(int argc, char **argv) {
    if (argc > 1) vectors(argv[1]);
    round_trips();
    damage();
    garbage();
    puts("done");
    return 0;
}
