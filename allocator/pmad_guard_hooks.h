#ifndef PMAD_GUARD_HOOKS_H
#define PMAD_GUARD_HOOKS_H

/* Where the rest of the allocator lets the guard have its say. Without the guard nothing is said. */
#include "pmad_guard.h"
#include "pmad_pool.h"

#if PMAD_GUARD

/* A pool has just been made, every block free; it is about to end. */
void pmad_guard_begin(struct pmad *pool);
void pmad_guard_end(struct pmad *pool);

/* Reads what the guard keeps of the blocks of a class whose free list is sound; see pmad_check(). */
enum pmad_finding pmad_guard_check(struct pmad *pool, size_t class_index, struct pmad_check *check);

/* Names who hears of a crime while nobody else wants to. */
void pmad_guard_fall_back_on(pmad_crime_handler *handler);

#else

static inline void pmad_guard_begin(struct pmad *pool)
{
    (void)pool;
}

static inline void pmad_guard_end(struct pmad *pool)
{
    (void)pool;
}

static inline enum pmad_finding pmad_guard_check(struct pmad *pool, size_t class_index,
                                                 struct pmad_check *check)
{
    (void)pool;
    (void)class_index;
    (void)check;
    return PMAD_SOUND;
}

static inline void pmad_guard_fall_back_on(pmad_crime_handler *handler)
{
    (void)handler;
}

#endif
#endif
