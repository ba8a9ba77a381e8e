#include "uv_memory.h"

#include <string.h>
#include <uv.h>

static struct pmad *memory_pool;
static uint64_t memory_refused;

static void *memory_alloc(size_t size)
{
    void *block = memory_pool == NULL ? NULL : pmad_alloc(memory_pool, size);

    if (block == NULL)
        memory_refused++;
    return block;
}

static void memory_free(void *block)
{
    if (memory_pool != NULL)
        pmad_free(memory_pool, block);
}

static void *memory_calloc(size_t count, size_t size)
{
    size_t bytes;
    void *block;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    block = memory_alloc(bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

static void *memory_realloc(void *old, size_t size)
{
    size_t had;
    void *block;

    if (old == NULL)
        return memory_alloc(size);
    had = pmad_block_size(memory_pool, old);
    if (size <= had)
        return old;
    block = memory_alloc(size);
    if (block == NULL)
        return NULL;
    memcpy(block, old, had);
    memory_free(old);
    return block;
}

int uv_memory_use(struct pmad *pool)
{
    memory_pool = pool;
    memory_refused = 0;
    return uv_replace_allocator(memory_alloc, memory_realloc, memory_calloc, memory_free);
}

void uv_memory_forget(void)
{
    memory_pool = NULL;
}

uint64_t uv_memory_refused(void)
{
    return memory_refused;
}
