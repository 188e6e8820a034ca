// The BLAS as C: wasm2c's translation of firmware/assembly/blas, unedited, under our runtime header; and its entries
// for the engines, one per leaf. Compiled with -O3. An entry takes in all that its leaf calls, so that on 32-bit chips
// the instance pointer is the constant 0 and vanishes from every access.
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "leaf.c"

#define FTTE_LEAF_BASE(memory) ((w2c_leaf *)(sizeof(void *) == 4 ? NULL : (memory)))

#include "blas_entries.h"
