#ifndef PMAD_LAYOUT_H
#define PMAD_LAYOUT_H

/* Sizes and places inside a pool, worked out in pmad_layout.c and nowhere else. */
#include "pmad_pool.h"

enum { PMAD_REGION_UNIT = 4096 }; /* what pmad_region_fit() rounds the smallest size up to */

/* Where the metadata lie, in bytes from the start of the pool. */
struct pmad_plan {
    size_t granule;      /* bytes; what the shares of classes are rounded down to */
    size_t table_offset; /* the size table */
    size_t map_offset;   /* the granule map, for an engine that has one */
    size_t usable_offset;
};

/* Works out the metadata of a pool of `pool_size` bytes, a multiple of PMAD_LINE_SIZE. The offset of
 * the usable part is above `pool_size` if the pool cannot even hold them. */
struct pmad_plan pmad_plan(size_t pool_size, size_t class_count, size_t largest_block);

/* pmad_layout_fit() for a pool of `pool_size` bytes exactly, a multiple of PMAD_LINE_SIZE;
 * `layout->pool_size` is not looked at. `fit->pool_size_min` is worked out in whole units of `unit`
 * bytes; it takes a search, and is left at 0 for a unit of 0. */
enum pmad_status pmad_fit_into(const struct pmad_layout *layout, size_t pool_size, size_t unit,
                               struct pmad_fit *fit);

static inline size_t pmad_round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Returns how many bytes of a class's part are kept for what lies beside so many blocks. */
static inline size_t pmad_side_size(size_t blocks)
{
    size_t slots = PMAD_SLOT_SIZE * (blocks + PMAD_SLOTS_EXTRA);
    size_t states = PMAD_GUARD_STATE_SIZE * blocks;

    return pmad_round_up(slots + states, PMAD_LINE_SIZE);
}

#endif
