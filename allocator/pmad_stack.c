/* The stack engine: how its lists and its map begin, and how they are read. See pmad_stack.h. */
#include "pmad_engine.h"
#include "pmad_layout.h"
#include "pmad_must.h"

#if !PMAD_INTRUSIVE

static struct pmad_run *none_of(struct pmad *pool)
{
    return &pool->runs[pool->class_count];
}

static struct pmad_run *dump_of(struct pmad *pool)
{
    return &pool->runs[pool->class_count + 1];
}

static struct pmad_list **map_of(struct pmad *pool)
{
    size_t largest = (pool->units_end - 1) * PMAD_GRANULARITY;
    struct pmad_plan plan = pmad_plan(pool->pool_size, pool->class_count, largest);

    return (struct pmad_list **)(void *)((char *)pool + plan.map_offset);
}

/* The slots lie at the beginning of the class's part, which is the beginning of `side`. */
static uintptr_t *slots_of(const struct pmad_run *run)
{
    return (uintptr_t *)(void *)(run->first - run->side);
}

/* The lowest address on top, so that a fresh pool is handed out in the order of addresses. */
static void init_list(struct pmad_run *run)
{
    uintptr_t *slots = slots_of(run);

    slots[0] = 0;
    for (size_t i = 0; i < run->blocks; i++)
        slots[run->blocks - i] = (uintptr_t)pmad_block_at(run, i) | PMAD_NEVER_TAKEN;
    run->list = (struct pmad_list){
        .front = slots[run->blocks],
        .free = run->blocks,
        .slots = slots,
        .capacity = run->blocks,
    };
}

static void init_nowhere(struct pmad_run *run)
{
    run->list = (struct pmad_list){.slots = &run->list.nowhere};
}

void pmad_engine_init(struct pmad *pool)
{
    char *begin = (char *)pool + pool->pool_size - pool->usable_size;
    struct pmad_list **map = map_of(pool);
    size_t granules = pool->usable_size / pool->granule;
    size_t at = 0;

    for (size_t i = 0; i < pool->class_count; i++) {
        const char *next = i + 1 < pool->class_count ? (char *)slots_of(&pool->runs[i + 1])
                                                     : begin + pool->usable_size;

        init_list(&pool->runs[i]);
        for (; begin + at * pool->granule < next; at++)
            map[at] = &pool->runs[i].list;
    }
    MUST(at == granules);
    map[granules] = &dump_of(pool)->list;
    init_nowhere(none_of(pool));
    init_nowhere(dump_of(pool));
    pool->finder = (struct pmad_finder){
        .begin = (uintptr_t)begin,
        .span = pool->usable_size,
        .shift = (unsigned)__builtin_ctzll(pool->granule),
        .of = map,
    };
}

size_t pmad_engine_in_use(const struct pmad_run *run)
{
    return run->blocks - run->list.free;
}

/* The free block number `i`, 1 to list.free, as its slot says. */
static uintptr_t slot(const struct pmad_list *list, size_t i)
{
    return i == list->free ? list->front : list->slots[i];
}

/* The blocks that were never taken are at the bottom; where the others begin is found by halving. */
size_t pmad_engine_high_water(const struct pmad_run *run)
{
    size_t never = 0;
    size_t end = run->list.free + 1;

    while (never + 1 < end) {
        size_t middle = never + (end - never) / 2;

        if (slot(&run->list, middle) & PMAD_NEVER_TAKEN)
            never = middle;
        else
            end = middle;
    }
    return run->blocks - never;
}

static bool nowhere_is_sound(const struct pmad_list *list)
{
    return list->free == 0 && list->capacity == 0 && list->slots == &list->nowhere;
}

bool pmad_engine_is_sound(struct pmad *pool)
{
    const struct pmad_finder *finder = &pool->finder;
    const struct pmad_list *none = &none_of(pool)->list;
    size_t granules = pool->usable_size / pool->granule;
    size_t at = 0;

    if (!nowhere_is_sound(none) || none->front != 0 || none->nowhere != 0 ||
        !nowhere_is_sound(&dump_of(pool)->list) || finder->of != map_of(pool) ||
        finder->begin != (uintptr_t)pool + pool->pool_size - pool->usable_size ||
        finder->span != pool->usable_size ||
        finder->shift != (unsigned)__builtin_ctzll(pool->granule))
        return false;
    for (size_t i = 0; i < pool->class_count; i++)
        while (at < granules && finder->of[at] == &pool->runs[i].list &&
               (i + 1 == pool->class_count ||
                finder->begin + at * pool->granule < (uintptr_t)slots_of(&pool->runs[i + 1])))
            at++;
    return at == granules && finder->of[granules] == &dump_of(pool)->list;
}

/* Laid over the slot whose number is the block's, once the block was met in the list. Addresses of
 * blocks are multiples of 8. */
#    define MET ((uintptr_t)2)

static void clear_marks(struct pmad_run *run)
{
    for (size_t i = 1; i <= run->blocks; i++)
        run->list.slots[i] &= ~MET;
}

/* Meets every free block, from the bottom up. A finding names the block that the slot belongs to when
 * the pool is fresh, if the slot itself names none. */
static enum pmad_finding meet_free(struct pmad_run *run, size_t class_index,
                                   struct pmad_check *check)
{
    const struct pmad_list *list = &run->list;
    uintptr_t still_fresh = PMAD_NEVER_TAKEN;

    for (size_t i = 1; i <= list->free; i++) {
        uintptr_t value = i == list->free ? list->front : list->slots[i] & ~MET;
        size_t index = pmad_index_of(run, value & ~PMAD_NEVER_TAKEN);

        if (index == run->blocks)
            return pmad_found(check, PMAD_LIST_BROKEN, class_index, run->blocks - i);
        if (list->slots[index + 1] & MET || (value & PMAD_NEVER_TAKEN) > still_fresh)
            return pmad_found(check, PMAD_LIST_BROKEN, class_index, index);
        list->slots[index + 1] |= MET;
        still_fresh = value & PMAD_NEVER_TAKEN;
    }
    return PMAD_SOUND;
}

enum pmad_finding pmad_engine_check(struct pmad *pool, size_t class_index, struct pmad_check *check)
{
    struct pmad_run *run = &pool->runs[class_index];
    const struct pmad_list *list = &run->list;
    enum pmad_finding finding;

    if (list->slots != slots_of(run) || list->capacity != run->blocks)
        return pmad_found(check, PMAD_DESCRIPTOR_BROKEN, class_index, 0);
    if (list->free > run->blocks)
        return pmad_found(check, PMAD_COUNT_BROKEN, class_index, 0);
    if (list->slots[0] != 0 || (list->free == 0 && list->front != 0))
        return pmad_found(check, PMAD_LIST_BROKEN, class_index, 0);
    for (size_t i = 1; i <= run->blocks; i++) /* a mark that is none of ours, and must stay */
        if (list->slots[i] & MET)
            return pmad_found(check, PMAD_LIST_BROKEN, class_index, run->blocks - i);
    finding = meet_free(run, class_index, check);
    clear_marks(run);
    return finding;
}

#    if PMAD_GUARD

uintptr_t pmad_engine_first_free(const struct pmad_run *run)
{
    return run->list.front & ~PMAD_NEVER_TAKEN;
}

uintptr_t pmad_engine_second_free(const struct pmad_run *run)
{
    return run->list.slots[run->list.free - 1] & ~PMAD_NEVER_TAKEN;
}

/* There are no headers here. */
void pmad_engine_seal(void *block, size_t class_index, uint64_t seal)
{
    (void)block;
    (void)class_index;
    (void)seal;
}

bool pmad_engine_is_sealed(const void *block, size_t class_index, const uint64_t *seal,
                           struct pmad_damage *damage)
{
    (void)block;
    (void)class_index;
    (void)seal;
    (void)damage;
    return true;
}

#    endif
#endif
