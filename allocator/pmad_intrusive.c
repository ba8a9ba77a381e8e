/* The intrusive engine: how its lists begin, and how they are read. See pmad_intrusive.h. */
#include "pmad_engine.h"

#if PMAD_INTRUSIVE

/* Returns the header of the `index`th block. */
static struct pmad_header *header_at(const struct pmad_run *run, size_t index)
{
    return (struct pmad_header *)(void *)pmad_block_at(run, index) - 1;
}

/* Links the blocks of a run in the order of addresses; of none, where it has none. */
static void init_list(struct pmad_run *run, size_t class_id)
{
    struct pmad_list *list = &run->list;

    *list =
        (struct pmad_list){.end = {.next = &list->end, .class_id = class_id}, .top = &list->end};
    for (size_t i = run->blocks; i-- > 0;) {
        struct pmad_header *header = header_at(run, i);

        *header = (struct pmad_header){.next = list->top, .class_id = class_id};
        list->top = header;
    }
}

static struct pmad_finder finder_of(struct pmad *pool)
{
    return (struct pmad_finder){
        .begin = (uintptr_t)pool + pool->pool_size - pool->usable_size + PMAD_HEADER_SIZE,
        .span = pool->usable_size - PMAD_HEADER_SIZE,
        .runs = (char *)pool->runs,
        .nowhere = &pool->runs[pool->class_count].list.end,
    };
}

void pmad_engine_init(struct pmad *pool)
{
    for (size_t i = 0; i <= pool->class_count; i++)
        init_list(&pool->runs[i], i);
    pool->finder = finder_of(pool);
}

size_t pmad_engine_in_use(const struct pmad_run *run)
{
    return run->list.in_use;
}

size_t pmad_engine_high_water(const struct pmad_run *run)
{
    return run->list.high_water;
}

bool pmad_engine_is_sound(struct pmad *pool)
{
    const struct pmad_list *none = &pool->runs[pool->class_count].list;
    struct pmad_finder finder = finder_of(pool);

    return none->top == &none->end && none->end.next == &none->end &&
           none->end.class_id == pool->class_count && none->in_use == 0 && none->high_water == 0 &&
           finder.begin == pool->finder.begin && finder.span == pool->finder.span &&
           finder.runs == pool->finder.runs && finder.nowhere == pool->finder.nowhere;
}

/* Laid over the class id of a block that was met on the free list; no class id reaches it. */
#    define MET ((size_t)1 << 16)

/*
 * Walks the free list, counts it and leaves marks, so that neither a cycle nor a block that is on the
 * list twice can keep the walk going. A link that leads nowhere is reported at the block that holds it.
 */
static enum pmad_finding mark_free(struct pmad_run *run, size_t class_id, size_t *count,
                                   struct pmad_check *check)
{
    struct pmad_list *list = &run->list;
    size_t holder = 0;

    *count = 0;
    if (list->end.next != &list->end || list->end.class_id != class_id)
        return pmad_found(check, PMAD_LIST_BROKEN, class_id, 0);
    for (struct pmad_header *header = list->top; header != &list->end; header = header->next) {
        size_t index = pmad_index_of(run, (uintptr_t)header + PMAD_HEADER_SIZE);

        if (index == run->blocks)
            return pmad_found(check, PMAD_LIST_BROKEN, class_id, holder);
        if (header->class_id != class_id)
            return pmad_found(check, PMAD_LIST_BROKEN, class_id, index);
        header->class_id |= MET;
        holder = index;
        ++*count;
    }
    return PMAD_SOUND;
}

enum pmad_finding pmad_engine_check(struct pmad *pool, size_t class_index, struct pmad_check *check)
{
    struct pmad_run *run = &pool->runs[class_index];
    const struct pmad_list *list = &run->list;
    enum pmad_finding finding;
    size_t count;

    for (size_t i = 0; i < run->blocks; i++)
        if (header_at(run, i)->class_id != class_index)
            return pmad_found(check, PMAD_HEADER_BROKEN, class_index, i);

    finding = mark_free(run, class_index, &count, check);
    for (size_t i = 0; i < run->blocks; i++) /* they were all right just now */
        header_at(run, i)->class_id = class_index;
    if (finding != PMAD_SOUND)
        return finding;
    if (list->in_use > run->blocks || count != run->blocks - list->in_use ||
        list->high_water < list->in_use || list->high_water > run->blocks)
        return pmad_found(check, PMAD_COUNT_BROKEN, class_index, 0);
    return PMAD_SOUND;
}

#    if PMAD_GUARD

/* Returns the address of the block behind a header of the list; 0 for the end. */
static uintptr_t block_behind(const struct pmad_list *list, const struct pmad_header *header)
{
    return header == &list->end ? 0 : (uintptr_t)header + PMAD_HEADER_SIZE;
}

uintptr_t pmad_engine_first_free(const struct pmad_run *run)
{
    return block_behind(&run->list, run->list.top);
}

uintptr_t pmad_engine_second_free(const struct pmad_run *run)
{
    return block_behind(&run->list, run->list.top->next);
}

void pmad_engine_seal(void *block, size_t class_index, uint64_t seal)
{
    struct pmad_header *header = (struct pmad_header *)block - 1;

    header->next = (struct pmad_header *)(uintptr_t)seal; /* NOLINT(performance-no-int-to-ptr) */
    header->class_id = class_index;
}

bool pmad_engine_is_sealed(const void *block, size_t class_index, const uint64_t *seal,
                           struct pmad_damage *damage)
{
    const struct pmad_header *header = (const struct pmad_header *)block - 1;

    if (seal != NULL && (uintptr_t)header->next != (uintptr_t)*seal) {
        *damage = (struct pmad_damage){&header->next, (uintptr_t)header->next, (uintptr_t)*seal};
        return false;
    }
    *damage = (struct pmad_damage){&header->class_id, header->class_id, class_index};
    return header->class_id == class_index;
}

#    endif
#endif
