#include "pools.h"

#include "heap.h"

enum { NEEDS_MAX = 32 };

/* Sorts by block size and merges equals; returns how many remain. */
static size_t needs_tidy(struct router_need *needs, size_t count)
{
    size_t kept = 0;

    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && needs[j].block_size < needs[j - 1].block_size; j--) {
            struct router_need higher = needs[j - 1];

            needs[j - 1] = needs[j];
            needs[j] = higher;
        }
    for (size_t i = 0; i < count; i++) {
        needs[i].block_size = (needs[i].block_size + 15) / 16 * 16;
        if (kept > 0 && needs[kept - 1].block_size == needs[i].block_size)
            needs[kept - 1].blocks += needs[i].blocks;
        else
            needs[kept++] = needs[i];
    }
    return kept;
}

/* Every class gets one percent, and of the others as many as its bytes are of all. */
static void shares_set(struct pmad_layout *layout, const struct router_need *needs)
{
    size_t total = 0, largest = 0;
    unsigned left = 100;

    for (size_t i = 0; i < layout->class_count; i++)
        total += (needs[i].block_size + 16) * needs[i].blocks;
    for (size_t i = 0; i < layout->class_count; i++) {
        size_t bytes = (needs[i].block_size + 16) * needs[i].blocks;
        unsigned share = 1 + (unsigned)(bytes * (100 - layout->class_count) / total);

        layout->classes[i] = (struct pmad_class){needs[i].block_size, share};
        left -= share;
        if (bytes > (needs[largest].block_size + 16) * needs[largest].blocks)
            largest = i;
    }
    layout->classes[largest].share += left;
}

static int has_enough(const struct pmad_layout *layout, const struct router_need *needs)
{
    struct pmad_fit fit;

    if (pmad_layout_fit(layout, &fit) != PMAD_OK)
        return 0;
    for (size_t i = 0; i < layout->class_count; i++)
        if (fit.classes[i].blocks < needs[i].blocks)
            return 0;
    return 1;
}

static struct pmad *map_for(struct router_need *needs, size_t count)
{
    struct pmad_layout layout = {.pool_size = 65536};
    struct pmad *pool = NULL;

    layout.class_count = needs_tidy(needs, count);
    shares_set(&layout, needs);
    while (!has_enough(&layout, needs)) {
        layout.pool_size += layout.pool_size / 4;
        driver_expect(layout.pool_size < (size_t)1 << 30, "a router's needs have no layout");
    }
    driver_expect(pmad_init(&pool, &layout) == PMAD_OK, "a computed pool cannot be mapped");
    return pool;
}

void pools_map(struct router_pools *pools, const struct router_limits *limits,
               const struct pmad_layout *tasks, const struct pmad_layout *wire)
{
    struct router_need needs[NEEDS_MAX];

    pools->runtime = map_for(needs, router_needs_runtime(limits, needs, NEEDS_MAX));
    pools->workers = map_for(needs, router_needs_workers(limits, needs, NEEDS_MAX));
    driver_expect(pmad_init(&pools->tasks, tasks) == PMAD_OK, "the pool tasks cannot be mapped");
    driver_expect(pmad_init(&pools->wire, wire) == PMAD_OK, "the pool wire cannot be mapped");
}

void pools_unmap(struct router_pools *pools)
{
    pmad_destroy(pools->tasks);
    pmad_destroy(pools->wire);
    pmad_destroy(pools->workers);
    pmad_destroy(pools->runtime);
}

size_t pool_used(const struct pmad *pool)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    return stats.used_size;
}

void pools_check(const struct router_pools *pools)
{
    enum { COUNT = 4 };
    struct pmad *const all[COUNT] = {pools->tasks, pools->wire, pools->workers, pools->runtime};

    for (size_t i = 0; i < COUNT; i++) {
        enum pmad_finding finding = pmad_check(all[i], NULL);

        driver_expect(finding == PMAD_SOUND, pmad_finding_text(finding));
    }
}
