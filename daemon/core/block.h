#ifndef BLOCK_H
#define BLOCK_H

/* A body is a chain of blocks, in the order of its bytes. Whoever refers to it counts in its first
 * block; store.h makes, fills and gives back. */
#include <stddef.h>
#include <stdint.h>

struct block {
    struct block *next;
    uint32_t capacity; /* bytes behind this header */
    uint32_t refs;     /* in the first block of a chain: how many refer to it */
    uint8_t bytes[];
};

/* A body: the first `size` bytes of a chain; no chain when empty. */
struct body {
    struct block *first;
    size_t size;
};

#endif
