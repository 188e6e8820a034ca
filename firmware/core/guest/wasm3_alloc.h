// Included before every wasm3 source (-include), so that its unedited code takes its memory from the guest's pool.
#ifndef FTTE_WASM3_ALLOC_H
#define FTTE_WASM3_ALLOC_H

#include <stdlib.h>

void *ftte_wasm3_calloc(size_t count, size_t bytes);
void *ftte_wasm3_realloc(void *block, size_t bytes);
void ftte_wasm3_free(void *block);

#define malloc(bytes) ftte_wasm3_calloc(1, bytes)
#define calloc ftte_wasm3_calloc
#define realloc ftte_wasm3_realloc
#define free ftte_wasm3_free

#endif
