// pool.h on the machine's heap, so that the address sanitizer watches every block of it: a byte too far, a block used
// after it was freed, a block never freed. Counts as the real pool does, and is exhausted when it would be.
#include <stdlib.h>
#include <string.h>

#include "guest/pool.h"

enum { UNIT = sizeof(void *), BLOCKS = 4096 };

// Beside the blocks, not in front of them: the sanitizer's red zones shall be the neighbours.
static struct held {
    void *memory;
    uint32_t bytes;
    uint8_t owner;
} held[BLOCKS];

void ftte_pool_open(struct ftte_pool *pool, void *base, uint32_t bytes) {
    *pool = (struct ftte_pool){.base = base, .bytes = bytes & ~(uint32_t)(UNIT - 1)};
    memset(held, 0, sizeof held);
}

static struct held *find(const void *memory) {
    for (int i = 0; i < BLOCKS; i++)
        if (held[i].memory == memory) return &held[i];
    abort();
}

void *ftte_pool_alloc(struct ftte_pool *pool, uint32_t bytes) { return ftte_pool_alloc_for(pool, 0, bytes); }

void *ftte_pool_alloc_for(struct ftte_pool *pool, uint8_t owner, uint32_t bytes) {
    uint64_t whole = UNIT + (((uint64_t)bytes + UNIT - 1) & ~(uint64_t)(UNIT - 1));
    if (pool->used + whole > pool->bytes) return NULL;
    struct held *block = find(NULL);
    *block = (struct held){.memory = calloc(1, bytes ? bytes : 1), .bytes = bytes, .owner = owner};
    if (!block->memory) abort();
    pool->used += (uint32_t)whole;
    if (pool->used > pool->peak) pool->peak = pool->used;
    return block->memory;
}

void *ftte_pool_resize(struct ftte_pool *pool, void *memory, uint32_t bytes) {
    if (!memory) return ftte_pool_alloc(pool, bytes);
    struct held *block = find(memory);
    if (bytes <= block->bytes) return memory;
    void *moved = ftte_pool_alloc_for(pool, block->owner, bytes);
    if (!moved) return NULL;
    memcpy(moved, memory, block->bytes);
    ftte_pool_free(pool, memory);
    return moved;
}

void ftte_pool_free(struct ftte_pool *pool, void *memory) {
    if (!memory) return;
    struct held *block = find(memory);
    pool->used -= UNIT + ((block->bytes + UNIT - 1) & ~(uint32_t)(UNIT - 1));
    free(memory);
    *block = (struct held){0};
}

void ftte_pool_free_all(struct ftte_pool *pool, uint8_t owner) {
    for (int i = 0; i < BLOCKS; i++)
        if (held[i].memory && held[i].owner == owner) ftte_pool_free(pool, held[i].memory);
}
