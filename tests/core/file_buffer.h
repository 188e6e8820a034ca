// Files that a test program is given, read one behind the other into a buffer, each at a multiple of 64.
#ifndef FILE_BUFFER_H
#define FILE_BUFFER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct file_buffer {
    uint8_t *bytes;
    uint32_t capacity, used;
};

// Ends the program when the file cannot be read, or is as long as what is left.
static inline const uint8_t *file_read(struct file_buffer *buffer, const char *path, uint32_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *at = buffer->bytes + buffer->used;
    *length = file ? (uint32_t)fread(at, 1, buffer->capacity - buffer->used, file) : 0;
    if (!file || *length == buffer->capacity - buffer->used) {
        perror(path);
        exit(1);
    }
    fclose(file);
    buffer->used += (*length + 63) & ~63u;
    return at;
}

#endif
