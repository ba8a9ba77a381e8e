#ifndef PMAD_POOL_H
#define PMAD_POOL_H

/*
 * How a pool lies in its mapping. Only the allocator's own sources, and the test that plants damage,
 * include this.
 *
 *     struct pmad | class_of[0 .. units_max] | pad | runs[0 .. class_count] | pad | blocks ...
 *
 * The last run is the none class. It has no blocks and never will: size 0, sizes above the largest
 * class and addresses that are not ours all lead to it, so that none of them is a case in the code.
 *
 * A free list ends in the `end` header of its own run, and `end.next` is `end` itself: popping an
 * empty list leaves it empty, and pushing `end` onto an empty list changes nothing.
 */
#include "incPMAD.h"

enum {
    PMAD_HEADER_SIZE = 16, /* lies before every block; runs and strides are rounded to it */
    PMAD_LINE_SIZE = 64    /* a cache line; the descriptor's parts are rounded to it */
};

struct pmad_header {
    _Alignas(PMAD_HEADER_SIZE) struct pmad_header *next; /* while free; else anything */
    size_t class_id; /* index of its run, from init to destroy */
};

_Static_assert(sizeof(struct pmad_header) == PMAD_HEADER_SIZE, "published as 16 bytes");

struct pmad_run {
    /* What pmad_alloc() and pmad_free() touch: one cache line. */
    _Alignas(PMAD_LINE_SIZE) struct pmad_header *free;
    size_t in_use;
    struct pmad_header end;
    size_t high_water;
    uint64_t refused;

    /* What init wrote and nobody changes; all 0 in the none class. */
    _Alignas(PMAD_LINE_SIZE) struct pmad_header *first;
    size_t block_size, stride, blocks;
    unsigned share;
};

struct pmad {
    /* What pmad_alloc() and pmad_free() read. */
    struct pmad_run *runs;
    struct pmad_run *none;  /* runs + class_count */
    size_t units_max;       /* the largest class in units of PMAD_GRANULARITY */
    uintptr_t blocks_begin; /* address of the first block of the first run */
    size_t blocks_span;     /* bytes from there to the end of the mapping */

    size_t class_count, mapping_size, usable_size;
    int prefaulted, locked, huge_pages;
    uint8_t class_of[]; /* index of the run that serves a request of so many units */
};

static inline size_t pmad_round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Returns how far into the mapping the runs begin. */
static inline size_t pmad_runs_offset(size_t largest_block)
{
    size_t units = largest_block / PMAD_GRANULARITY;

    return pmad_round_up(sizeof(struct pmad) + units + 1, PMAD_LINE_SIZE);
}

/* Returns how far into the mapping the blocks begin: a multiple of PMAD_LINE_SIZE. */
static inline size_t pmad_blocks_offset(size_t largest_block, size_t class_count)
{
    return pmad_runs_offset(largest_block) + (class_count + 1) * sizeof(struct pmad_run);
}

/* Returns the header of the `index`th block of `run`. */
static inline struct pmad_header *pmad_run_header(const struct pmad_run *run, size_t index)
{
    return (void *)((char *)run->first + index * run->stride);
}

#endif
