#ifndef NEEDS_H
#define NEEDS_H

/*
 * From needs (so many blocks of such a size) to the layout of a pool that meets them, and back: does
 * this layout meet them? pmad_layout_fit() has the last word on both.
 */
#include <stdbool.h>
#include <stddef.h>

#include "incPMAD.h"
#include "router.h"

enum { NEEDS_MAX = 48 };

struct needs {
    size_t count;
    struct router_need list[NEEDS_MAX];
};

/* Adds one; a need of no blocks is none. */
void needs_add(struct needs *needs, size_t block_size, size_t blocks);

/*
 * Fills classes, shares and pool_size of `layout` so that every need finds its blocks; its options
 * are left alone. Block sizes are rounded up to 16. The pool is the smallest one whole percents
 * allow, but for a step of half a percent; the percents that are left over go to the class with the
 * largest share. False when there are no needs, or one is larger than a block can be.
 */
bool needs_layout(const struct needs *needs, struct pmad_layout *layout);

/* What a layout has too little of. */
struct needs_gap {
    size_t block_size; /* the class at fault; if none is large enough, the need itself */
    size_t needed;     /* blocks, of all needs that this class serves */
    size_t there;      /* 0 if no class is large enough */
};

/* True when a pool of this fit, fresh, has all blocks needed; else `*gap` is the first that is
 * missing. A need is served by the smallest class it fits in, and by no other. */
bool needs_met(const struct needs *needs, const struct pmad_layout *layout,
               const struct pmad_fit *fit, struct needs_gap *gap);

#endif
