#ifndef PMAD_STACK_H
#define PMAD_STACK_H

/*
 * The stack engine: the free blocks of a class are a dense array of pointers beside them, and the
 * class of a block that is given back is found from its address. No block is touched by anyone but
 * its owner, and pops are loads that do not wait for each other: what the intrusive list loses on a
 * large live set, where its next link lies in a cold line.
 *
 *     one class's part of the pool:   | slots[0 .. blocks] | block 0 | block 1 | ... |
 *
 *     slots[0]           NULL: what a class that is used up gives
 *     slots[1 .. free]   the free blocks; the topmost of them is not in its slot but in `front`
 *     above              left over from earlier pushes
 *
 * Why `front`: in a pair of give and take the block would go through slots[free], a place that either
 * call has to work out from `free`. A word at a fixed place in the run passes from one call to the
 * next in no time (pmad_straight.h).
 *
 * Running dry is no case. With no block free, `free` stays 0 and the front is slots[0]. The class of
 * sizes that nobody serves has no blocks and never gets any. An address that is not ours is given to
 * the dump, whose capacity is 0: its front is overwritten each time and never taken.
 *
 * Bit 0 of a slot says that its block was never handed out. The lowest `free` there ever was is where
 * that bit begins, so the high-water mark costs the hot path one `and`.
 *
 * The granule map: the part of the pool that has blocks is at most PMAD_GRANULES_MAX granules of equal
 * size, a power of two, and every class has whole ones, so a table of runs answers for each address.
 */
#include <stddef.h>
#include <stdint.h>

#include "pmad_straight.h"

enum {
    PMAD_RUN_SIZE = 128,             /* bytes from one run to the next */
    PMAD_HEADER_SIZE = 0,            /* bytes before every block */
    PMAD_SLOT_SIZE = sizeof(void *), /* bytes beside every block */
    PMAD_SLOTS_EXTRA = 1,            /* slots beside one for every block: that of NULL */
    PMAD_STRIDE_UNIT = 8,            /* strides are rounded up to it */
    PMAD_GRANULE_MIN = 256,          /* bytes */
    PMAD_GRANULES_MAX = 1024,
    PMAD_LISTS_EXTRA = 2, /* runs beside those of the classes: none and dump */

    /* Blocks of a multiple of 128 bytes begin in every other cache set or fewer. A line left free
     * after as many as go into PMAD_COLOUR_SPAN bytes, after one at least, spreads them over all. */
    PMAD_COLOUR_UNIT = 128,
    PMAD_COLOUR_SPAN = 1024,
    PMAD_COLOUR_GAP = 64
};

#define PMAD_NEVER_TAKEN ((uintptr_t)1)

/* What pmad_alloc() and pmad_free() touch of a run: one cache line. */
struct pmad_list {
    _Alignas(64) uintptr_t front; /* address of the free block on top, or 0; bit 0 as in a slot */
    size_t free;                  /* how many blocks are free, the front included */
    uintptr_t *slots;
    size_t capacity; /* blocks of the class */
    size_t refused;
    uintptr_t nowhere; /* the slots of a run without blocks */
};

struct pmad_run;

/* How the run of an address is found. */
struct pmad_finder {
    uintptr_t begin;             /* address of the first granule */
    size_t span;                 /* bytes from there to the end of the last */
    unsigned shift;              /* the granule's size as a power of two */
    struct pmad_list *const *of; /* for each granule; behind the last one, the dump */
};

/* Takes a block from a list; NULL if it has none. */
static inline void *pmad_pop(struct pmad_list *list)
{
    uintptr_t block = PMAD_LOAD(list->front);
    size_t free = PMAD_LOAD(list->free);
    size_t refused = pmad_in_register(PMAD_LOAD(list->refused));
    size_t dry = pmad_in_register(free == 0);

    free = free - (free != 0); /* not by way of `dry`: that would take a cycle longer */
    PMAD_STORE(list->free, free);
    PMAD_STORE(list->refused, refused + dry);
    PMAD_STORE(list->front, list->slots[free]);
    return (void *)(block & ~PMAD_NEVER_TAKEN); /* NOLINT(performance-no-int-to-ptr): a mask */
}

/* Returns the list of the class that `address` lies in; the dump for one that is not ours. */
static inline struct pmad_list *pmad_list_of(const struct pmad_finder *finder, uintptr_t address)
{
    size_t offset = address - finder->begin;

    offset = pmad_select(offset < finder->span, offset, finder->span);
    return finder->of[offset >> finder->shift];
}

/* Returns the list that a block of the pool was taken from. */
static inline struct pmad_list *pmad_list_holding(const struct pmad_finder *finder,
                                                  const void *block)
{
    return pmad_list_of(finder, (uintptr_t)block);
}

/* Gives a block back. */
static inline void pmad_push(const struct pmad_finder *finder, void *block)
{
    struct pmad_list *list = pmad_list_of(finder, (uintptr_t)block);
    size_t free = PMAD_LOAD(list->free);

    list->slots[free] = PMAD_LOAD(list->front);
    PMAD_STORE(list->front, (uintptr_t)block);
    PMAD_STORE(list->free, free + (free < list->capacity)); /* one too many changes no count */
}

#endif
