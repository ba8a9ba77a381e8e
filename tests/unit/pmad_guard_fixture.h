#ifndef PMAD_GUARD_FIXTURE_H
#define PMAD_GUARD_FIXTURE_H

/* A guarded pool in static memory, who is told of its crimes, and the means to commit some. */
#include <check.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_guard.h"
#include "pmad_pool.h" /* PMAD_GUARD */
#include "unseen.h"

enum { POOL_SIZE = 64 * 1024, CLASSES = 4 };

static unsigned char region[POOL_SIZE] __attribute__((aligned(64)));
static struct pmad *pool;

/* Blocks of 24 bytes are aligned to 8 only; those of 128 and 512 have gaps between them, with stack. */
static const struct pmad_layout layout = {.pool_size = POOL_SIZE,
                                          .class_count = CLASSES,
                                          .classes = {{24, 20}, {64, 20}, {128, 20}, {512, 40}}};

/* The last crime that was reported, and how many there were. */
static struct {
    struct pmad_crime crime;
    struct pmad *pool;
    int count;
} noted;

static void note(void *arg, struct pmad *where, const struct pmad_crime *crime)
{
    ck_assert_ptr_eq(arg, &noted);
    noted.crime = *crime;
    noted.pool = where;
    noted.count++;
}

static void make_pool(void)
{
    pmad_guard_on_crime(note, &noted);
    ck_assert_int_eq(pmad_init_at(&pool, region, POOL_SIZE, &layout), PMAD_OK);
}

static void end_pool(void)
{
    pmad_destroy(pool);
}

static char *take(size_t class)
{
    char *block = pmad_alloc(pool, layout.classes[class].block_size);

    ck_assert_ptr_nonnull(block);
    memset(block, 0x11, layout.classes[class].block_size);
    return block;
}

/* Writes a byte that was not there. */
UNSEEN static void scrawl(char *at)
{
    LOOK_AWAY;
    *(volatile char *)at = (char)~*(volatile char *)at;
    LOOK_AGAIN;
}

#endif
