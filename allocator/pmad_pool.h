#ifndef PMAD_POOL_H
#define PMAD_POOL_H

/*
 * How a pool lies in its memory. Public only because pmad_inline.h needs it: nothing here is for
 * callers, and all of it may change.
 *
 *     | struct pmad | runs[] | size table | granule map | part of class 0 | part of class 1 | ... |
 *       metadata                                          usable: shares are cut from it
 *
 * Beside the runs of the classes lie those that make cases into data: the `none` run, which serves
 * sizes that no class serves and never has a block, and what else the engine needs.
 *
 * PMAD_INTRUSIVE and PMAD_GUARD choose the engine and the guarded build. Every file that sees this
 * header must be compiled with the values the library was built with.
 */
#include "incPMAD.h"

#ifndef PMAD_INTRUSIVE
#    define PMAD_INTRUSIVE 0
#endif
#ifndef PMAD_GUARD
#    define PMAD_GUARD 0
#endif

enum {
    PMAD_LINE_SIZE = 64, /* a cache line; what the pool consists of is rounded to it */

    /* What the guarded build adds to every block: behind it, and beside it. */
    PMAD_GUARD_CANARY_SIZE = PMAD_GUARD ? 16 : 0,
    PMAD_GUARD_STATE_SIZE = PMAD_GUARD ? 1 : 0
};

#if PMAD_INTRUSIVE
#    include "pmad_intrusive.h"
#else
#    include "pmad_stack.h"
#endif

/* One class's blocks. */
struct pmad_run {
    struct pmad_list list; /* of the free ones */

    /* What init wrote and nobody changes; 0 in the runs that are no class's. */
    _Alignas(PMAD_LINE_SIZE) char *first; /* the first block */
    size_t block_size, stride, blocks;
    size_t group; /* blocks between two coloured gaps; 0: there are no gaps */
    size_t side;  /* bytes of the class's part that lie before its first block */
    unsigned share;
};

_Static_assert(sizeof(struct pmad_run) == PMAD_RUN_SIZE, "the engines say so");

struct pmad {
    /* What pmad_alloc() and pmad_free() read. */
    size_t units_end;        /* the largest class in units of PMAD_GRANULARITY, plus 1 */
    const uint16_t *list_at; /* for a request of so many units: bytes from the pool to its list */
    struct pmad_finder finder;

    _Alignas(PMAD_LINE_SIZE) size_t class_count;
    size_t pool_size, usable_size, granule;
    void *mapping; /* what pmad_destroy() unmaps; NULL if the memory is the caller's */
    size_t mapping_size;
    int prefaulted, locked, huge_pages, explicit_huge_pages;
    struct pmad_run runs[]; /* of the classes, then the others */
};

/* Returns the list that serves requests of `size` bytes. */
static inline struct pmad_list *pmad_list_for(const struct pmad *pool, size_t size)
{
    /* A size so large that the sum wraps comes to 0 units, and 0 units to the none run. */
    size_t units = (size + PMAD_GRANULARITY - 1) / PMAD_GRANULARITY;

    units = pmad_select(units < pool->units_end, units, 0);
    units = pmad_in_register((uintptr_t)pool + pool->list_at[units]);
    return (struct pmad_list *)units; /* NOLINT(performance-no-int-to-ptr): was a pointer */
}

/* Returns the run that a block of the pool belongs to; it begins with its list. */
static inline const struct pmad_run *pmad_run_of(const struct pmad *pool, const void *block)
{
    return (const struct pmad_run *)pmad_list_holding(&pool->finder, block);
}

#endif
