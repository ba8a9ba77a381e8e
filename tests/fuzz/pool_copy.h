#ifndef POOL_COPY_H
#define POOL_COPY_H

/*
 * A pool as it was: its memory, and what AddressSanitizer knew of that. To put it back takes a copy of
 * some bytes, where to make another pool would take a call of the system and a walk over its blocks.
 */
#include <stddef.h>
#include <stdint.h>

#include "incPMAD.h"

struct pool_copy {
    uint8_t *pool, *bytes;
    size_t size;
    uint8_t *shadow;
};

/* Copies a pool, which must stay mapped as long as the copy is used. The copy is never given back. */
void pool_copy_make(struct pool_copy *copy, struct pmad *pool);

/* Makes the pool what it was; whatever has been taken since is gone, whatever was given back is there. */
void pool_copy_put_back(const struct pool_copy *copy);

#endif
