#ifndef SUBJECT_H
#define SUBJECT_H

/*
 * The allocator under measurement, as the harness sees it: chosen when a program is compiled, by
 * SUBJECT_KIND, and otherwise the same for all. Every kind but `inline` is reached by one real call.
 */
#include <stddef.h>
#include <stdlib.h>

#define SUBJECT_MALLOC 1 /* malloc() and free(), whoever defines them */
#define SUBJECT_POOL   2 /* pmad_alloc() and pmad_free() */
#define SUBJECT_INLINE 3 /* the same from pmad_inline.h, compiled into the harness */
#define SUBJECT_EMPTY  4 /* empty.h */

#define SUBJECT_HAS_POOL (SUBJECT_KIND == SUBJECT_POOL || SUBJECT_KIND == SUBJECT_INLINE)

#if SUBJECT_HAS_POOL
#    include "incPMAD.h"
#endif
#if SUBJECT_KIND == SUBJECT_INLINE
#    include "pmad_inline.h"
#elif SUBJECT_KIND == SUBJECT_EMPTY
#    include "empty.h"
#endif

/* What has to be told to the allocator with each call; passed by value, so it stays in a register. */
struct subject {
#if SUBJECT_HAS_POOL
    struct pmad *pool;
#else
    char none;
#endif
};

/* So many objects of so many bytes may live at once. */
struct demand {
    size_t size, count;
};

/* Works out the pool that `count` demands, ascending in size, need: a class for each, no larger than
 * it has to be. Nothing to do for allocators without pools. */
void subject_plan(const struct demand *demands, size_t count, int huge_pages);

/* Makes the planned pool, or does nothing. Ends the program if it cannot be had. */
struct subject subject_open(void);

/* Ends the program if the pool had to refuse a request: then the figures would be of refusals. */
void subject_check(struct subject subject);

/* Ends the program if the functions that this program calls are not from the library that it was
 * built to measure. Returns that library's path, or that it is linked in. */
const char *subject_library(void);

/* The version of the allocator, as it says itself. */
const char *subject_version(void);

static inline void *subject_alloc(struct subject subject, size_t size)
{
#if SUBJECT_KIND == SUBJECT_POOL
    return pmad_alloc(subject.pool, size);
#elif SUBJECT_KIND == SUBJECT_INLINE
    return pmad_alloc_inline(subject.pool, size);
#elif SUBJECT_KIND == SUBJECT_EMPTY
    (void)subject;
    return empty_alloc(size);
#else
    (void)subject;
    return malloc(size);
#endif
}

static inline void subject_free(struct subject subject, void *block)
{
#if SUBJECT_KIND == SUBJECT_POOL
    pmad_free(subject.pool, block);
#elif SUBJECT_KIND == SUBJECT_INLINE
    pmad_free_inline(subject.pool, block);
#elif SUBJECT_KIND == SUBJECT_EMPTY
    (void)subject;
    empty_free(block);
#else
    (void)subject;
    free(block);
#endif
}

/* Returns `block`; the compiler believes that it was used, and that all memory may have changed. */
static inline void *subject_used(void *block)
{
    __asm__ volatile("" : "+r"(block) : : "memory");
    return block;
}

#endif
