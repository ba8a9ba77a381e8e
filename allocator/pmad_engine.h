#ifndef PMAD_ENGINE_H
#define PMAD_ENGINE_H

/*
 * What the two engines have in common, and the whole of what the rest of the allocator asks of them:
 * pmad_pop(), pmad_push() and pmad_list_holding() in the engine's header, the functions below in its source, and the
 * constants at the head of its header, from which pmad_layout.c works out sizes.
 */
#include <stdbool.h>

#include "pmad_pool.h"

/* Makes the lists and the finder of a pool whose runs and facts are written: every block free, in the
 * order of addresses, and none ever taken. */
void pmad_engine_init(struct pmad *pool);

/* Return how many blocks of a class are in use, and the most that ever were. */
size_t pmad_engine_in_use(const struct pmad_run *run);
size_t pmad_engine_high_water(const struct pmad_run *run);

/* Reads what belongs to the pool as a whole; returns whether it is as pmad_engine_init() wrote it. */
bool pmad_engine_is_sound(struct pmad *pool);

/* Reads the free list of a class and what lies around its blocks; see pmad_check(). */
enum pmad_finding pmad_engine_check(struct pmad *pool, size_t class_index,
                                    struct pmad_check *check);

/*
 * What the guard asks besides; only a guarded build has it.
 *
 * The first two return the address of the block that the free list of a class gives next, and of the
 * one after that, unjudged; 0 where the list ends. There is a second one only to a first that is good.
 */
uintptr_t pmad_engine_first_free(const struct pmad_run *run);
uintptr_t pmad_engine_second_free(const struct pmad_run *run);

/* A word that is not what it should be. */
struct pmad_damage {
    const void *at;
    uint64_t seen, expected;
};

/* Writes the header of a block in use, if the engine has headers, with `seal` where the link is while
 * the block is free. */
void pmad_engine_seal(void *block, size_t class_index, uint64_t seal);

/* Returns whether that header is whole, and fills `*damage` if not. `seal` may be NULL: then whatever
 * is in the place of the link is right. */
bool pmad_engine_is_sealed(const void *block, size_t class_index, const uint64_t *seal,
                           struct pmad_damage *damage);

/* Fills `*check` and returns `finding`. */
static inline enum pmad_finding pmad_found(struct pmad_check *check, enum pmad_finding finding,
                                           size_t class_index, size_t block_index)
{
    *check = (struct pmad_check){
        .finding = finding, .class_index = class_index, .block_index = block_index};
    return finding;
}

/* Returns the address of the `index`th block of a run. */
static inline char *pmad_block_at(const struct pmad_run *run, size_t index)
{
    size_t gaps = run->group == 0 ? 0 : index / run->group;

    return run->first + index * run->stride + gaps * PMAD_COLOUR_GAP;
}

/* Returns which block of the run begins at `address`; `run->blocks` if none does. */
size_t pmad_index_of(const struct pmad_run *run, uintptr_t address);

#endif
