// One memory pool for engine, linear memory and whatever else a board must hold: the whole of the RAM that ftte may
// use, given once by the port (16 MiB at most). First fit with coalescing; exhausting it returns null and leaves the
// pool intact. What belongs to an owner (1..127; 0 where nobody asked) can be given back all at once.
#ifndef FTTE_POOL_H
#define FTTE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct ftte_pool {
    uint8_t *base;
    uint32_t bytes;
    uint32_t used;
    uint32_t peak;
};

void ftte_pool_open(struct ftte_pool *pool, void *base, uint32_t bytes);
// Zeroed, or null. Aligned as pointers are: to 4 bytes on 32-bit chips, which is all that their instructions for two
// words ask for.
void *ftte_pool_alloc(struct ftte_pool *pool, uint32_t bytes);
void *ftte_pool_alloc_for(struct ftte_pool *pool, uint8_t owner, uint32_t bytes);
void *ftte_pool_resize(struct ftte_pool *pool, void *block, uint32_t bytes);
void ftte_pool_free(struct ftte_pool *pool, void *block); // null is fine
void ftte_pool_free_all(struct ftte_pool *pool, uint8_t owner);

#endif
