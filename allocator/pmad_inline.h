#ifndef PMAD_INLINE_H
#define PMAD_INLINE_H

/*
 * pmad_alloc(), pmad_free() and pmad_block_size() once more, to be compiled into their callers: the same
 * functions to the letter (the library's are made of these), less the cost of a call. For paths where a few
 * nanoseconds count; who includes this depends on how the pool lies in memory, and has to be compiled
 * anew with every new version of the library.
 */
#include "pmad_pool.h"

static inline void *pmad_alloc_inline(struct pmad *pool, size_t size)
{
#if PMAD_GUARD
    return pmad_alloc(pool, size);
#else
    return pmad_pop(pmad_list_for(pool, size));
#endif
}

static inline void pmad_free_inline(struct pmad *pool, void *block)
{
#if PMAD_GUARD
    pmad_free(pool, block);
#else
    pmad_push(&pool->finder, block);
#endif
}

static inline size_t pmad_block_size_inline(const struct pmad *pool, const void *block)
{
#if PMAD_GUARD
    return pmad_block_size(pool, block);
#else
    return pmad_run_of(pool, block)->block_size;
#endif
}

#endif
