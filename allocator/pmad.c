/*
 * A pool from its layout, in memory that somebody else has provided, and what it says about itself.
 * Neither libc nor a system is needed here; pmad_system.c gets the memory where there is one.
 */
#include "incPMAD.h"
#include "pmad_engine.h"
#include "pmad_guard_hooks.h"
#include "pmad_inline.h"
#include "pmad_layout.h"
#include "pmad_must.h"

#if !PMAD_GUARD /* else they are in pmad_guard.c */
void *pmad_alloc(struct pmad *pool, size_t size)
{
    return pmad_alloc_inline(pool, size);
}

void pmad_free(struct pmad *pool, void *block)
{
    pmad_free_inline(pool, block);
}
#endif

size_t pmad_block_size(const struct pmad *pool, const void *block)
{
    return pmad_run_of(pool, block)->block_size;
}

/* Gives every size the smallest class that holds it; the table's one writer. */
static void write_size_table(struct pmad *pool, uint16_t *list_at)
{
    size_t i = 0;

    list_at[0] = (uint16_t)((char *)&pool->runs[pool->class_count] - (char *)pool);
    for (size_t units = 1; units < pool->units_end; units++) {
        i += units * PMAD_GRANULARITY > pool->runs[i].block_size;
        list_at[units] = (uint16_t)((char *)&pool->runs[i] - (char *)pool);
    }
}

/* Writes the facts of the runs as `fit` says, one part behind the other. */
static void write_runs(struct pmad *pool, const struct pmad_layout *layout,
                       const struct pmad_fit *fit)
{
    char *at = (char *)pool + fit->metadata_size;

    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_fit_class *class = &fit->classes[i];

        pool->runs[i] = (struct pmad_run){
            .first = at + class->side + PMAD_HEADER_SIZE,
            .block_size = class->block_size,
            .stride = class->stride,
            .blocks = class->blocks,
            .group = class->group,
            .side = class->side,
            .share = layout->classes[i].share,
        };
        at += class->bytes;
    }
    for (size_t i = 0; i < PMAD_LISTS_EXTRA; i++)
        pool->runs[pool->class_count + i] = (struct pmad_run){.first = NULL};
    MUST(at == (char *)pool + pool->pool_size);
}

enum pmad_status pmad_init_at(struct pmad **pool, void *region, size_t bytes,
                              const struct pmad_layout *layout)
{
    struct pmad_fit fit;
    struct pmad_plan plan;
    size_t largest;

    *pool = NULL;
    if ((uintptr_t)region % PMAD_LINE_SIZE != 0)
        return PMAD_REGION_MISALIGNED;
    if (pmad_fit_into(layout, bytes / PMAD_LINE_SIZE * PMAD_LINE_SIZE, 0, &fit) != PMAD_OK)
        return fit.status;

    largest = layout->classes[layout->class_count - 1].block_size;
    plan = pmad_plan(fit.mapping_size, layout->class_count, largest);
    *pool = region;
    **pool = (struct pmad){
        .units_end = largest / PMAD_GRANULARITY + 1,
        .list_at = (void *)((char *)region + plan.table_offset),
        .class_count = layout->class_count,
        .pool_size = fit.mapping_size,
        .usable_size = fit.usable_size,
        .granule = plan.granule,
    };
    write_runs(*pool, layout, &fit);
    write_size_table(*pool, (void *)((char *)region + plan.table_offset));
    pmad_engine_init(*pool);
    pmad_guard_begin(*pool);
    return PMAD_OK;
}

void pmad_stats(const struct pmad *pool, struct pmad_stats *stats)
{
    *stats = (struct pmad_stats){
        .pool_size = pool->pool_size,
        .usable_size = pool->usable_size,
        .refused_size = pool->runs[pool->class_count].list.refused,
        .prefaulted = pool->prefaulted,
        .locked = pool->locked,
        .huge_pages = pool->huge_pages,
        .explicit_huge_pages = pool->explicit_huge_pages,
        .class_count = pool->class_count,
    };
    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_run *run = &pool->runs[i];
        struct pmad_class_stats *class = &stats->classes[i];

        *class = (struct pmad_class_stats){
            .block_size = run->block_size,
            .stride = run->stride,
            .blocks = run->blocks,
            .in_use = pmad_engine_in_use(run),
            .high_water = pmad_engine_high_water(run),
            .refused = run->list.refused,
        };
        stats->used_size += class->in_use * class->block_size;
    }
}
