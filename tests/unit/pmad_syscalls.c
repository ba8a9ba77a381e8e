/* The whole life of a pool between two getppid(2), for pmad_syscalls.sh to read in a trace. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum { OPERATIONS = 10 * 1000 * 1000, HELD = 4096 };

static void *held[HELD];

/* Takes and gives back blocks of all sizes, and asks for what cannot be had: more than there is, size
 * 0, above the largest class. Returns the last stats. */
static struct pmad_stats live(struct pmad *pool)
{
    uint64_t state = 10000000;
    struct pmad_stats stats;

    for (int i = 0; i < OPERATIONS; i += 2) {
        uint64_t roll = pmad_roll(&state);
        void **slot = &held[roll % HELD];

        pmad_free(pool, *slot); /* NULL at first, and where the last request was refused */
        *slot = pmad_alloc(pool, (roll >> 32) % 1100);
    }
    pmad_stats(pool, &stats);
    return stats;
}

int main(void)
{
    struct pmad_layout layout = {
        .pool_size = 1 << 22, .class_count = 3, .classes = {{64, 10}, {256, 30}, {1024, 60}}};
    struct pmad_stats stats = {0};
    struct pmad *pool;

    syscall(SYS_getppid);
    if (pmad_init(&pool, &layout) == PMAD_OK)
        stats = live(pool);
    pmad_destroy(pool);
    syscall(SYS_getppid);

    printf("refused: %llu for want of a block, %llu by size\n",
           (unsigned long long)stats.classes[2].refused, (unsigned long long)stats.refused_size);
    return stats.classes[2].refused > 0 && stats.refused_size > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
