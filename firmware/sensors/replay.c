// See replay.h. Rows that come due while nobody reads are not lost: they are given late.
#include "sensors/replay.h"

#include <string.h>

#define MAGIC 0x324d5346u
enum { ROW_HEADER = 4, ELEMENTS_MAX = 16384 };

struct header {
    uint32_t magic, elements, rows, rate_mhz;
    uint16_t window, hop;
    uint8_t type, zero[3];
    uint32_t row_bytes, zero2;
};
_Static_assert(sizeof(struct header) == 32, "header");

struct row {
    uint16_t label, begins;
};

static struct ftte_replay *of(struct ftte_sensor *sensor) { return (struct ftte_replay *)(void *)sensor; }

static uint32_t element_bytes(const struct ftte_replay *self) {
    return self->sensor.type == FTTE_SAMPLE_TYPE_F32 ? 4 : self->sensor.type == FTTE_SAMPLE_TYPE_I16 ? 2 : 1;
}

static struct row row_at(const struct ftte_replay *self, uint32_t i) {
    struct row row;
    memcpy(&row, self->rows + i * self->stride, sizeof row);
    return row;
}

static int probe(struct ftte_sensor *sensor) {
    (void)sensor;
    return FTTE_OK;
}

static int configure(struct ftte_sensor *sensor, uint32_t now_ms) {
    struct ftte_replay *self = of(sensor);
    self->begun_ms = now_ms;
    self->due = self->next;
    return FTTE_OK;
}

static void stop(struct ftte_sensor *sensor) { (void)sensor; }

static uint32_t ms_of(const struct ftte_replay *self, uint32_t rows) {
    return self->sensor.rate_mhz == 0 ? 0 : (uint32_t)((uint64_t)rows * 1000000u / self->sensor.rate_mhz);
}

// Rows that are due by now.
static uint32_t waiting(const struct ftte_replay *self, uint32_t now_ms) {
    uint32_t left = self->count - self->next;
    if (self->sensor.rate_mhz == 0) return left;
    uint64_t passed = (uint64_t)(now_ms - self->begun_ms) * self->sensor.rate_mhz / 1000000u;
    uint64_t due = self->due + passed;
    return due <= self->next ? 0 : due - self->next < left ? (uint32_t)(due - self->next) : left;
}

static int read_rows(struct ftte_sensor *sensor, struct ftte_sensor_rows *rows, uint32_t now_ms) {
    struct ftte_replay *self = of(sensor);
    if (self->noted != self->next) self->note(self->next);
    self->noted = self->next;
    uint32_t count = waiting(self, now_ms), given = 0, bytes = sensor->elements * element_bytes(self);
    if (count > rows->room) count = rows->room;
    if (count == 0) return 0;
    struct row first = row_at(self, self->next);
    for (; given < count; given++) {
        struct row row = row_at(self, self->next + given);
        if (row.label != first.label || (given > 0 && row.begins)) break;
        memcpy(rows->elements + given * bytes, self->rows + (self->next + given) * self->stride + ROW_HEADER, bytes);
    }
    rows->first_ms = sensor->rate_mhz == 0 ? now_ms : self->begun_ms + ms_of(self, self->next + 1 - self->due);
    rows->label = first.label;
    rows->begins = first.begins != 0 || self->next == self->due;
    self->next += given;
    return (int)given;
}

struct ftte_sensor *ftte_replay_open(struct ftte_replay *self, const void *recording, size_t bytes, uint32_t next,
                                     void (*note)(uint32_t given)) {
    struct header header;
    if (bytes < sizeof header) return NULL;
    memcpy(&header, recording, sizeof header);
    if (header.magic != MAGIC || header.type > FTTE_SAMPLE_TYPE_F32) return NULL;
    if (header.elements == 0 || header.elements > ELEMENTS_MAX) return NULL;
    *self = (struct ftte_replay){.rows = (const uint8_t *)recording + sizeof header, .note = note};
    self->sensor = (struct ftte_sensor){
        .name = "replay",
        .type = header.type,
        .elements = header.elements,
        .rate_mhz = header.rate_mhz,
        .poll_ms = header.rate_mhz == 0 ? 0 : 20,
        .window = header.window,
        .hop = header.hop,
        .labelled = true,
        .probe = probe,
        .configure = configure,
        .read = read_rows,
        .stop = stop,
    };
    self->stride = header.row_bytes;
    self->count = header.rows;
    self->next = self->noted = next < header.rows ? next : header.rows;
    if (header.row_bytes < ROW_HEADER + header.elements * element_bytes(self)) return NULL;
    return header.rows <= (bytes - sizeof header) / header.row_bytes ? &self->sensor : NULL;
}
