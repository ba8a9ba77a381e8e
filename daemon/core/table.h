#ifndef TABLE_H
#define TABLE_H

/*
 * A table of equal elements, sized once: an array in pieces, because the largest block of a pool is
 * smaller than the largest table. Made at startup from the pool `runtime`, zeroed, never resized.
 */
#include <stdbool.h>
#include <stddef.h>

#include "incPMAD.h"

struct router_need;

struct table {
    void **pieces;
    size_t piece_count;
    size_t element_size;
    size_t count;
    unsigned shift; /* a piece has 2^shift elements */
};

/* False when the pool cannot hold it; nothing is held then. */
bool table_init(struct table *table, struct pmad *pool, size_t element_size, size_t count);

void table_finish(struct table *table, struct pmad *pool);

/* The element at `index`, below the table's count. */
void *table_at(const struct table *table, size_t index);

/* Says which blocks table_init() will take, in two needs: the pieces and their directory. */
void table_needs(size_t element_size, size_t count, struct router_need *needs);

#endif
