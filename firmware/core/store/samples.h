// How the sample log lies in flash. Private to store/.
//
//     page 0, 1   log headers
//     page 2 ..   records: bytes padded to the program unit, then a mark
//
// Records are written in laps: from the first position to the last one, then, where the oldest may be replaced, again
// from the first on. Each lap has a header; a new one goes to the page that the present one does not lie in, so pages
// of headers are erased half as often as those of records. The valid header with the higher generation is the present
// lap's; it is that of an empty log, or it continues the lap before it, whose records still count where no page of
// theirs was erased. So a clear and a new lap are one program each, and of two laps each has its header.
//
// A mark is the CRC-32 of generation, position and record: nothing left over from an earlier lap can pass for a record
// of this one. A record that a power cut spoilt in the middle of a page keeps its place; its position is noted behind
// the lap's header.
#ifndef FTTE_SAMPLES_H
#define FTTE_SAMPLES_H

#include "store/store.h"

enum { SAMPLES_SPOILT_AT = 64 }; // of a header's page: the positions of spoilt records follow

// Finds the log's laps and counts their records. Changes nothing in flash.
void ftte_samples_read(struct ftte_store *store);
// Bytes left for records, marks included, before the oldest must go.
uint32_t ftte_samples_free(const struct ftte_store *store);

// Smallest stride of things that are programmed one by one and read as words.
uint32_t ftte_samples_unit(const struct ftte_store *store);
// Bytes from a record to its mark, and to the next record.
uint32_t ftte_samples_mark_at(const struct ftte_store *store);
uint32_t ftte_samples_stride(const struct ftte_store *store);
// How many records fit, and where in flash they lie.
uint32_t ftte_samples_positions(const struct ftte_store *store);
uint32_t ftte_samples_position_at(const struct ftte_store *store, uint32_t position);
uint32_t ftte_samples_header_at(const struct ftte_store *store, int which);
uint32_t ftte_samples_mark(const struct ftte_store *store, uint32_t generation, uint32_t position, const void *record);

// A spoilt record's position; torn entries do not match their complement.
struct samples_spoilt {
    uint32_t position, complement;
};
uint32_t ftte_samples_spoilt_stride(const struct ftte_store *store);
uint32_t ftte_samples_spoilt_entries(const struct ftte_store *store);
// Counts the records again, after a lap's bounds changed.
void ftte_samples_count(struct ftte_store *store);

struct samples_header {
    uint32_t magic, record_bytes, generation;
    uint32_t check; // CRC-32 of what precedes
};
#define SAMPLES_MAGIC_NEW 0x53455446u // "FTES": an empty log
#define SAMPLES_MAGIC_LAP 0x4c455446u // "FTEL": continues the lap before

#endif
