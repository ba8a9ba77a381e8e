#ifndef PMAD_FIXTURE_H
#define PMAD_FIXTURE_H

/* What the suites of the allocator share: layouts worth trying, numbers that repeat, and what the two
 * engines and the guard make different. */
#include <stddef.h>
#include <stdint.h>

#include "incPMAD.h"
#include "pmad_pool.h" /* PMAD_INTRUSIVE, PMAD_GUARD */
#include "unseen.h"

enum {
    /* Bytes that lie between the end of a block and the next one at least. */
    PMAD_BETWEEN = (PMAD_INTRUSIVE ? 16 : 0) + (PMAD_GUARD ? 16 : 0),

    /* No block, with all that belongs to it, takes less of a pool. */
    PMAD_LEAST_BYTES = 16
};

static inline struct pmad_layout pmad_layout_of(const struct pmad_profile *profile,
                                                size_t pool_size)
{
    struct pmad_layout layout = {.pool_size = pool_size, .class_count = profile->class_count};

    for (size_t i = 0; i < profile->class_count; i++)
        layout.classes[i] = profile->classes[i];
    return layout;
}

/* xorshift: the same numbers on every machine. `*state` must not be 0. */
static inline uint64_t pmad_roll(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Rolls a valid layout of 1 to 64 classes, blocks up to about `largest` bytes; pool_size stays 0. */
static inline struct pmad_layout pmad_roll_layout(uint64_t *state, size_t largest)
{
    struct pmad_layout layout = {.class_count = 1 + pmad_roll(state) % PMAD_CLASSES_MAX};
    size_t step = largest / PMAD_GRANULARITY / layout.class_count;
    size_t block_size = 0;
    unsigned left = 100;

    for (size_t i = 0; i < layout.class_count; i++) {
        unsigned others = (unsigned)(layout.class_count - 1 - i);
        unsigned spare = left - others - 1;
        unsigned share = others == 0 ? left : 1 + (unsigned)(pmad_roll(state) % (spare / 2 + 1));

        block_size += PMAD_GRANULARITY * (1 + pmad_roll(state) % (step + 1));
        left -= share;
        layout.classes[i] = (struct pmad_class){.block_size = block_size, .share = share};
    }
    return layout;
}

/* Copies `size` bytes, a multiple of 8, of a pool: also of free blocks, which are nobody's. */
UNSEEN static inline void pmad_peek(void *into, const void *from, size_t size)
{
    const volatile uint64_t *words = from;

    LOOK_AWAY;
    for (size_t i = 0; i < size / sizeof *words; i++)
        ((uint64_t *)into)[i] = words[i];
    LOOK_AGAIN;
}

#endif
