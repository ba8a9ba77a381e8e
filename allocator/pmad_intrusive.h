#ifndef PMAD_INTRUSIVE_H
#define PMAD_INTRUSIVE_H

/*
 * The intrusive engine, the published layout: before every block lies a header of 16 bytes with the
 * next free block and the class of this one, and the free list goes through the headers.
 *
 *     one class's part of the pool:   | header | block 0 | header | block 1 | ... |
 *
 * A list ends in the `end` header of its own run, and `end.next` is `end` itself: taking from an empty
 * list leaves it empty, and giving `end` back to an empty list changes nothing. That is what becomes
 * of an address that is not ours: it is taken for the end of the class of sizes that nobody serves,
 * which is empty for ever.
 */
#include <stddef.h>
#include <stdint.h>

#include "pmad_straight.h"

enum {
    PMAD_RUN_SIZE = 128, /* bytes from one run to the next */
    PMAD_HEADER_SIZE = 16,
    PMAD_SLOT_SIZE = 0,
    PMAD_SLOTS_EXTRA = 0,
    PMAD_STRIDE_UNIT = 16,
    PMAD_GRANULE_MIN = 16, /* bytes; there is no map, so this is only what shares are rounded to */
    PMAD_GRANULES_MAX = 0,
    PMAD_LISTS_EXTRA = 1, /* runs beside those of the classes: none */

    PMAD_COLOUR_UNIT = 1, /* headers spread the blocks over the cache sets by themselves */
    PMAD_COLOUR_SPAN = 1,
    PMAD_COLOUR_GAP = 0
};

struct pmad_header {
    _Alignas(PMAD_HEADER_SIZE) struct pmad_header *next; /* while free; else anything */
    size_t class_id; /* index of its run, from init to destroy */
};

_Static_assert(sizeof(struct pmad_header) == PMAD_HEADER_SIZE, "published as 16 bytes");

/* What pmad_alloc() and pmad_free() touch of a run: one cache line. */
struct pmad_list {
    _Alignas(64) struct pmad_header *top;
    size_t in_use;
    struct pmad_header end;
    size_t high_water;
    size_t refused;
};

/* How the run of a block is found, and what is no block. */
struct pmad_finder {
    uintptr_t begin; /* address of the first block */
    size_t span;     /* bytes from there to the end of the pool */
    char *runs;      /* the first run; the others follow at PMAD_RUN_SIZE */
    struct pmad_header *nowhere;
};

/* Takes a block from a list; NULL if it has none. */
static inline void *pmad_pop(struct pmad_list *list)
{
    struct pmad_header *header = PMAD_LOAD(list->top);
    size_t had = pmad_in_register(header != &list->end);
    size_t in_use = pmad_in_register(PMAD_LOAD(list->in_use)) + had;
    size_t high_water = pmad_in_register(PMAD_LOAD(list->high_water));
    size_t refused = pmad_in_register(PMAD_LOAD(list->refused));

    PMAD_STORE(list->top, header->next);
    PMAD_STORE(list->in_use, in_use);
    high_water += in_use > high_water; /* it rises by one at a time */
    PMAD_STORE(list->high_water, high_water);
    PMAD_STORE(list->refused, refused + 1 - had);
    return (void *)((uintptr_t)(header + 1) & (0 - had)); /* NOLINT(performance-no-int-to-ptr) */
}

/* Returns the list that a block of the pool was taken from. */
static inline struct pmad_list *pmad_list_holding(const struct pmad_finder *finder,
                                                  const void *block)
{
    size_t class_id = ((const struct pmad_header *)block)[-1].class_id;

    return (struct pmad_list *)(void *)(finder->runs + class_id * PMAD_RUN_SIZE);
}

/* Gives a block back. */
static inline void pmad_push(const struct pmad_finder *finder, void *block)
{
    uintptr_t address = (uintptr_t)block;
    int ours = address - finder->begin < finder->span;
    uintptr_t own = address - PMAD_HEADER_SIZE;
    /* Selected straight from memory, clang would load it behind a jump. */
    uintptr_t nowhere = pmad_in_register((uintptr_t)finder->nowhere);
    uintptr_t at = pmad_select(ours, own, nowhere);
    struct pmad_header *header = (void *)at; /* NOLINT(performance-no-int-to-ptr): was a pointer */
    char *run = finder->runs + header->class_id * PMAD_RUN_SIZE;
    struct pmad_list *list = (void *)pmad_in_register((uintptr_t)run); /* NOLINT(*-int-to-ptr) */
    size_t in_use = pmad_in_register(PMAD_LOAD(list->in_use));

    header->next = PMAD_LOAD(list->top);
    PMAD_STORE(list->top, header);
    PMAD_STORE(list->in_use, in_use - (size_t)ours);
}

#endif
