/*
 * Reads a whole pool and compares it with what it must say. The descriptor is compared with the
 * arithmetic that made it; the free lists are the engine's affair.
 */
#include "incPMAD.h"
#include "pmad_engine.h"
#include "pmad_guard_hooks.h"
#include "pmad_layout.h"

size_t pmad_index_of(const struct pmad_run *run, uintptr_t address)
{
    size_t offset = address - (uintptr_t)run->first;
    size_t group_bytes = run->group * run->stride + PMAD_COLOUR_GAP;
    size_t index = 0;

    if (run->group > 0) {
        index = offset / group_bytes * run->group;
        offset %= group_bytes;
        if (offset >= run->group * run->stride)
            return run->blocks; /* in the gap */
    }
    index += offset / run->stride;
    return offset % run->stride == 0 && index < run->blocks ? index : run->blocks;
}

/* Works out again what init worked out, from the descriptor's own words. */
static bool refit(const struct pmad *pool, struct pmad_fit *fit)
{
    struct pmad_layout layout = {.class_count = pool->class_count};

    for (size_t i = 0; i < pool->class_count; i++) {
        layout.classes[i].block_size = pool->runs[i].block_size;
        layout.classes[i].share = pool->runs[i].share;
    }
    return pmad_fit_into(&layout, pool->pool_size, 0, fit) == PMAD_OK;
}

/* Returns whether the descriptor's head leads to runs and tables that can be read at all. */
static bool head_is_sound(const struct pmad *pool)
{
    size_t largest = (pool->units_end - 1) * PMAD_GRANULARITY;
    struct pmad_plan plan;

    if (pool->class_count < 1 || pool->class_count > PMAD_CLASSES_MAX || largest > PMAD_BLOCK_MAX)
        return false;
    plan = pmad_plan(pool->pool_size, pool->class_count, largest);
    return pool->granule == plan.granule &&
           (uintptr_t)pool->list_at == (uintptr_t)pool + plan.table_offset;
}

static enum pmad_finding check_descriptor(struct pmad *pool, struct pmad_check *check)
{
    const char *at = (const char *)pool;
    struct pmad_fit fit;

    if (!head_is_sound(pool) || !refit(pool, &fit) || pool->usable_size != fit.usable_size)
        return pmad_found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);

    at += fit.metadata_size;
    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_run *run = &pool->runs[i];
        const struct pmad_fit_class *class = &fit.classes[i];

        if (run->first != at + class->side + PMAD_HEADER_SIZE || run->side != class->side ||
            run->stride != class->stride || run->blocks != class->blocks ||
            run->group != class->group)
            return pmad_found(check, PMAD_DESCRIPTOR_BROKEN, i, 0);
        at += class->bytes;
    }
    return pmad_engine_is_sound(pool) ? PMAD_SOUND
                                      : pmad_found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);
}

/* Every size up to a class's block size, and above that of the class before, leads to that class. */
static enum pmad_finding check_size_table(const struct pmad *pool, struct pmad_check *check)
{
    size_t units = 1;

    if (pmad_list_for(pool, 0) != &pool->runs[pool->class_count].list)
        return pmad_found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);
    for (size_t i = 0; i < pool->class_count; i++)
        for (; units <= pool->runs[i].block_size / PMAD_GRANULARITY; units++)
            if (pmad_list_for(pool, units * PMAD_GRANULARITY) != &pool->runs[i].list)
                return pmad_found(check, PMAD_DESCRIPTOR_BROKEN, i, 0);
    return units == pool->units_end ? PMAD_SOUND : pmad_found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);
}

enum pmad_finding pmad_check(struct pmad *pool, struct pmad_check *check)
{
    struct pmad_check unwanted;
    enum pmad_finding finding;

    if (check == NULL)
        check = &unwanted;
    *check = (struct pmad_check){.finding = PMAD_SOUND};
    finding = check_descriptor(pool, check);
    if (finding == PMAD_SOUND)
        finding = check_size_table(pool, check);
    for (size_t i = 0; finding == PMAD_SOUND && i < pool->class_count; i++) {
        finding = pmad_engine_check(pool, i, check);
        if (finding == PMAD_SOUND)
            finding = pmad_guard_check(pool, i, check);
    }
    return finding;
}
