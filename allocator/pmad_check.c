/*
 * Reads a whole pool and compares it with what it must say.
 *
 * The descriptor is compared with the arithmetic that made it. A free list is walked by marking the
 * class id of each header it meets: a header met twice is marked already, so neither a cycle nor a
 * block that is on the list twice can keep the walk going. All ids of the run were found right
 * before that, so wiping the marks is writing the right ids again.
 */
#include <stdbool.h>

#include "incPMAD.h"
#include "pmad_pool.h"

/* Laid over the class id of a block that was met on the free list; no class id reaches it. */
#define MET ((size_t)1 << 16)

static enum pmad_finding found(struct pmad_check *check, enum pmad_finding finding,
                               size_t class_index, size_t block_index)
{
    *check = (struct pmad_check){
        .finding = finding, .class_index = class_index, .block_index = block_index};
    return finding;
}

/* Works out again what init worked out, from the descriptor's own words. */
static bool refit(const struct pmad *pool, struct pmad_fit *fit)
{
    struct pmad_layout layout = {.pool_size = pool->mapping_size, .class_count = pool->class_count};

    for (size_t i = 0; i < pool->class_count; i++) {
        layout.classes[i].block_size = pool->runs[i].block_size;
        layout.classes[i].share = pool->runs[i].share;
    }
    return pmad_layout_fit(&layout, fit) == PMAD_OK;
}

/* Returns whether the descriptor's head leads to runs that can be read at all. */
static bool head_is_sound(const struct pmad *pool)
{
    size_t runs_offset = pmad_runs_offset(pool->units_max * PMAD_GRANULARITY);

    return pool->class_count >= 1 && pool->class_count <= PMAD_CLASSES_MAX &&
           pool->units_max <= PMAD_BLOCK_MAX / PMAD_GRANULARITY &&
           (const char *)pool->runs == (const char *)pool + runs_offset &&
           pool->none == pool->runs + pool->class_count;
}

static bool none_is_sound(const struct pmad *pool)
{
    const struct pmad_run *none = pool->none;

    return none->free == &none->end && none->end.next == &none->end &&
           none->end.class_id == pool->class_count && none->in_use == 0 && none->high_water == 0;
}

static enum pmad_finding check_descriptor(const struct pmad *pool, struct pmad_check *check)
{
    struct pmad_fit fit;
    uintptr_t at = (uintptr_t)pool;

    if (!head_is_sound(pool) || !refit(pool, &fit) || !none_is_sound(pool) ||
        pool->mapping_size != fit.mapping_size || pool->usable_size != fit.usable_size ||
        pool->blocks_begin != at + fit.metadata_size + PMAD_HEADER_SIZE ||
        pool->blocks_span != fit.usable_size - PMAD_HEADER_SIZE)
        return found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);

    at += fit.metadata_size;
    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_run *run = &pool->runs[i];

        if ((uintptr_t)run->first != at || run->stride != fit.classes[i].stride ||
            run->blocks != fit.classes[i].blocks)
            return found(check, PMAD_DESCRIPTOR_BROKEN, i, 0);
        at += fit.classes[i].bytes;
    }
    return PMAD_SOUND;
}

/* Every size below a class's block size, and not below the one before, leads to that class. */
static enum pmad_finding check_size_table(const struct pmad *pool, struct pmad_check *check)
{
    size_t units = 1;

    if (pool->class_of[0] != pool->class_count)
        return found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);
    for (size_t i = 0; i < pool->class_count; i++)
        for (; units <= pool->runs[i].block_size / PMAD_GRANULARITY; units++)
            if (pool->class_of[units] != i)
                return found(check, PMAD_DESCRIPTOR_BROKEN, i, 0);
    return units == pool->units_max + 1 ? PMAD_SOUND : found(check, PMAD_DESCRIPTOR_BROKEN, 0, 0);
}

static enum pmad_finding check_headers(const struct pmad_run *run, size_t class_id,
                                       struct pmad_check *check)
{
    for (size_t i = 0; i < run->blocks; i++)
        if (pmad_run_header(run, i)->class_id != class_id)
            return found(check, PMAD_HEADER_BROKEN, class_id, i);
    return PMAD_SOUND;
}

/* Returns which block of `run` the header belongs to; `run->blocks` when to none. */
static size_t index_of(const struct pmad_run *run, const struct pmad_header *header)
{
    size_t distance = (uintptr_t)header - (uintptr_t)run->first;

    if (distance % run->stride != 0 || distance / run->stride >= run->blocks)
        return run->blocks;
    return distance / run->stride;
}

/* Walks the free list, counts it and leaves marks. A link that leads nowhere is reported at the block
 * that holds it. */
static enum pmad_finding mark_free(struct pmad_run *run, size_t class_id, size_t *count,
                                   struct pmad_check *check)
{
    size_t holder = 0;

    *count = 0;
    if (run->end.next != &run->end || run->end.class_id != class_id)
        return found(check, PMAD_LIST_BROKEN, class_id, 0);
    for (struct pmad_header *header = run->free; header != &run->end; header = header->next) {
        size_t index = index_of(run, header);

        if (index == run->blocks)
            return found(check, PMAD_LIST_BROKEN, class_id, holder);
        if (header->class_id != class_id)
            return found(check, PMAD_LIST_BROKEN, class_id, index);
        header->class_id |= MET;
        holder = index;
        ++*count;
    }
    return PMAD_SOUND;
}

static enum pmad_finding check_list(struct pmad_run *run, size_t class_id, struct pmad_check *check)
{
    size_t count;
    enum pmad_finding finding = mark_free(run, class_id, &count, check);

    for (size_t i = 0; i < run->blocks; i++)
        pmad_run_header(run, i)->class_id = class_id;
    if (finding != PMAD_SOUND)
        return finding;
    if (run->in_use > run->blocks || count != run->blocks - run->in_use ||
        run->high_water < run->in_use || run->high_water > run->blocks)
        return found(check, PMAD_COUNT_BROKEN, class_id, 0);
    return PMAD_SOUND;
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
        finding = check_headers(&pool->runs[i], i, check);
        if (finding == PMAD_SOUND)
            finding = check_list(&pool->runs[i], i, check);
    }
    return finding;
}

const char *pmad_finding_text(enum pmad_finding finding)
{
    static const char *const texts[] = {
        [PMAD_SOUND] = "the pool is sound",
        [PMAD_DESCRIPTOR_BROKEN] = "the descriptor or the size table is not what init wrote",
        [PMAD_HEADER_BROKEN] = "a block's header names another class, or none",
        [PMAD_LIST_BROKEN] = "a free list leaves its run, meets a block twice, or does not end",
        [PMAD_COUNT_BROKEN] = "free and in-use blocks of a class do not sum to its blocks",
    };

    return (size_t)finding < sizeof texts / sizeof *texts ? texts[finding] : "unknown finding";
}
