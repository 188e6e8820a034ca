// The pool (pool.h): blocks in address order, each behind a header as large as a pointer (wasm3 asks for a hundred
// small blocks); neighbours that are free are joined when they are met.
#include "guest/pool.h"

#include <string.h>

enum { UNIT = sizeof(void *), POOL_MAX = (1 << 24) - UNIT };

struct block {
    _Alignas(void *) struct {
        uint32_t bytes : 24, owner : 7, used : 1; // bytes: behind the header, a multiple of UNIT
    };
};
_Static_assert(sizeof(struct block) == UNIT, "block");

static struct block *at(const struct ftte_pool *pool, uint32_t offset) {
    return (struct block *)(void *)(pool->base + offset);
}

static uint32_t offset_of(const struct ftte_pool *pool, const struct block *block) {
    return (uint32_t)((const uint8_t *)block - pool->base);
}

static struct block *next(const struct ftte_pool *pool, const struct block *block) {
    uint32_t offset = offset_of(pool, block) + UNIT + block->bytes;
    return offset < pool->bytes ? at(pool, offset) : NULL;
}

// Joins `block` with the free blocks behind it.
static void join(const struct ftte_pool *pool, struct block *block) {
    for (struct block *other = next(pool, block); other && !other->used; other = next(pool, block))
        block->bytes += UNIT + other->bytes;
}

static uint32_t round_up(uint32_t bytes) { return (bytes + UNIT - 1) & ~(uint32_t)(UNIT - 1); }

void ftte_pool_open(struct ftte_pool *pool, void *base, uint32_t bytes) {
    if (bytes > POOL_MAX) bytes = POOL_MAX;
    *pool = (struct ftte_pool){.base = base, .bytes = bytes & ~(uint32_t)(UNIT - 1)};
    if (pool->bytes >= UNIT) *at(pool, 0) = (struct block){.bytes = pool->bytes - UNIT};
}

// Cuts what is left of a block behind its first `bytes` off, where that is worth a header.
static void trim(const struct ftte_pool *pool, struct block *block, uint32_t bytes) {
    if (block->bytes < bytes + 2 * UNIT) return;
    struct block *rest = at(pool, offset_of(pool, block) + UNIT + bytes);
    *rest = (struct block){.bytes = block->bytes - bytes - UNIT};
    block->bytes = bytes;
}

static void account(struct ftte_pool *pool, uint32_t more) {
    pool->used += more;
    if (pool->used > pool->peak) pool->peak = pool->used;
}

void *ftte_pool_alloc(struct ftte_pool *pool, uint32_t bytes) { return ftte_pool_alloc_for(pool, 0, bytes); }

void *ftte_pool_alloc_for(struct ftte_pool *pool, uint8_t owner, uint32_t bytes) {
    if (bytes > pool->bytes || pool->bytes < UNIT) return NULL;
    bytes = round_up(bytes ? bytes : 1);
    for (struct block *block = at(pool, 0); block; block = next(pool, block)) {
        if (block->used) continue;
        join(pool, block);
        if (block->bytes < bytes) continue;
        trim(pool, block, bytes);
        block->used = 1;
        block->owner = owner & 127;
        account(pool, UNIT + block->bytes);
        return memset(block + 1, 0, block->bytes);
    }
    return NULL;
}

void *ftte_pool_resize(struct ftte_pool *pool, void *memory, uint32_t bytes) {
    if (!memory) return ftte_pool_alloc(pool, bytes);
    struct block *block = (struct block *)memory - 1;
    if (bytes <= block->bytes) return memory;
    void *moved = ftte_pool_alloc_for(pool, (uint8_t)block->owner, bytes);
    if (!moved) return NULL;
    memcpy(moved, memory, block->bytes);
    ftte_pool_free(pool, memory);
    return moved;
}

void ftte_pool_free(struct ftte_pool *pool, void *memory) {
    if (!memory) return;
    struct block *block = (struct block *)memory - 1;
    block->used = 0;
    pool->used -= UNIT + block->bytes;
    join(pool, block);
}

void ftte_pool_free_all(struct ftte_pool *pool, uint8_t owner) {
    if (pool->bytes < UNIT) return;
    for (struct block *block = at(pool, 0); block; block = next(pool, block))
        if (block->used && block->owner == owner) ftte_pool_free(pool, block + 1);
}
