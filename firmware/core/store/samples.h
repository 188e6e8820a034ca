// How the sample log lies in flash. Private to store/.
//
//     page 0, 1   log headers; the valid one with the higher generation counts, so a clear is one program
//     page 2 ..   records: bytes padded to the program unit, then a mark
//
// A mark is the CRC-32 of generation, position and record: nothing left over from an earlier log can pass for a record.
// A record that a power cut spoilt in the middle of a page keeps its place; its position is noted behind the header.
#ifndef FTTE_SAMPLES_H
#define FTTE_SAMPLES_H

#include "store/store.h"

// Finds the log's header and counts its records. Changes nothing in flash.
void ftte_samples_read(struct ftte_store *store);
// Bytes left for records, marks included.
uint32_t ftte_samples_free(const struct ftte_store *store);

#endif
