#ifndef PMAD_FIXTURE_H
#define PMAD_FIXTURE_H

/* What the suites of the allocator share: layouts worth trying, and numbers that repeat. */
#include <stddef.h>
#include <stdint.h>

#include "incPMAD.h"

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

#endif
