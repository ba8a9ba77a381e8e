#ifndef PMAD_DAMAGE_STACK_H
#define PMAD_DAMAGE_STACK_H

/*
 * What can be broken in a pool of the stack engine, for test_pmad_check.c, which has `pool`, `held`,
 * writable() and struct damage. All of it in class 1, where blocks 0 to 2 are in use and the next one is on top.
 *
 * That a free block is missing is nothing that this engine could find: it looks like one in use.
 */

/* Returns the slot that has the free block `index` in it. */
static uintptr_t *slot_of(size_t index)
{
    return &pool->runs[1].list.slots[pool->runs[1].blocks - index];
}

static struct pmad_list *none_list(void)
{
    return &pool->runs[pool->class_count].list;
}

static struct pmad_list *dump_list(void)
{
    return &pool->runs[pool->class_count + 1].list;
}

static struct pmad_list **granule_map(void)
{
    return writable(pool->finder.of);
}

static void given_back_twice(void)
{
    pmad_push(&pool->finder, held[0]);
    pmad_push(&pool->finder, held[2]);
    pmad_push(&pool->finder, held[0]);
}

static void slot_nowhere(void)
{
    *slot_of(7) = 0;
}

static void slot_outside(void)
{
    *slot_of(7) = (uintptr_t)before;
}

static void slot_in_another_run(void)
{
    *slot_of(7) = (uintptr_t)pool->runs[2].first | PMAD_NEVER_TAKEN;
}

static void slot_inside_a_block(void)
{
    *slot_of(7) += 16;
}

static void slot_in_a_gap(void)
{
    const struct pmad_run *run = &pool->runs[1];

    *slot_of(7) = (uintptr_t)pmad_block_at(run, run->group - 1) + run->stride;
}

static void slot_behind_the_last_block(void)
{
    *slot_of(7) = (uintptr_t)pmad_block_at(&pool->runs[1], pool->runs[1].blocks);
}

static void slot_of_another_block(void)
{
    *slot_of(7) = *slot_of(9);
}

static void slot_of_a_taken_block_called_new(void)
{
    *slot_of(20) &= ~PMAD_NEVER_TAKEN;
}

static void something_below_the_lowest(void)
{
    pool->runs[1].list.slots[0] = *slot_of(7);
}

static void mark_on_a_free_slot(void)
{
    *slot_of(7) |= 2;
}

static void mark_on_an_unused_slot(void)
{
    *slot_of(1) |= 2;
}

static void mark_on_the_front(void)
{
    pool->runs[1].list.front |= 2;
}

static void front_nowhere(void)
{
    pool->runs[1].list.front = 0;
}

static void front_of_another_block(void)
{
    pool->runs[1].list.front = *slot_of(30);
}

static void front_without_a_block(void)
{
    pool->runs[1].list.free = 0;
}

static void more_free_than_there_are(void)
{
    pool->runs[1].list.free = pool->runs[1].blocks + 1;
}

static void one_more_free(void)
{
    pool->runs[1].list.free++;
}

static void slots_elsewhere(void)
{
    pool->runs[1].list.slots++;
}

static void other_capacity(void)
{
    pool->runs[1].list.capacity++;
}

static void other_block_size(void)
{
    pool->runs[1].block_size -= 8;
}

static void finder_begins_elsewhere(void)
{
    pool->finder.begin += 64;
}

static void finder_ends_elsewhere(void)
{
    pool->finder.span += 64;
}

static void finder_has_other_granules(void)
{
    pool->finder.shift++;
}

static void map_elsewhere(void)
{
    pool->finder.of++;
}

static void first_granule(void)
{
    granule_map()[0] = &pool->runs[1].list;
}

static void granule_between(void)
{
    size_t first_of_1 = 0;

    while (granule_map()[first_of_1] == &pool->runs[0].list)
        first_of_1++;
    granule_map()[first_of_1] = &pool->runs[0].list;
}

static void last_granule(void)
{
    granule_map()[pool->usable_size / pool->granule - 1] = dump_list();
}

static void granule_of_all_else(void)
{
    granule_map()[pool->usable_size / pool->granule] = &pool->runs[2].list;
}

static void none_has_a_front(void)
{
    none_list()->front = (uintptr_t)held[0];
}

static void none_has_a_slot(void)
{
    none_list()->nowhere = (uintptr_t)held[0];
}

static void none_has_a_block(void)
{
    none_list()->free = 1;
}

static void dump_can_hold_a_block(void)
{
    dump_list()->capacity = 1;
}

static void dump_writes_elsewhere(void)
{
    dump_list()->slots = slot_of(0);
}

/* Where a size table that ends early is noticed: it also says that the map begins elsewhere. */
enum { UNITS_CLASS = 0 };

static const struct damage engine_damages[] = {
    {"a block given back twice", given_back_twice, {PMAD_LIST_BROKEN, 1, 0}},
    {"a slot that leads to NULL", slot_nowhere, {PMAD_LIST_BROKEN, 1, 7}},
    {"a slot that leads outside", slot_outside, {PMAD_LIST_BROKEN, 1, 7}},
    {"a slot that leads to another run", slot_in_another_run, {PMAD_LIST_BROKEN, 1, 7}},
    {"a slot that leads inside a block", slot_inside_a_block, {PMAD_LIST_BROKEN, 1, 7}},
    {"a slot that leads between blocks", slot_in_a_gap, {PMAD_LIST_BROKEN, 1, 7}},
    {"a slot that leads behind the last", slot_behind_the_last_block, {PMAD_LIST_BROKEN, 1, 7}},
    {"a block in two slots", slot_of_another_block, {PMAD_LIST_BROKEN, 1, 9}},
    {"a new block on a used one", slot_of_a_taken_block_called_new, {PMAD_LIST_BROKEN, 1, 19}},
    {"a block below the lowest slot", something_below_the_lowest, {PMAD_LIST_BROKEN, 1, 0}},
    {"a strange bit in a slot", mark_on_a_free_slot, {PMAD_LIST_BROKEN, 1, 7}},
    {"a strange bit above the top", mark_on_an_unused_slot, {PMAD_LIST_BROKEN, 1, 1}},
    {"a strange bit in the front", mark_on_the_front, {PMAD_LIST_BROKEN, 1, 3}},
    {"a front that leads to NULL", front_nowhere, {PMAD_LIST_BROKEN, 1, 3}},
    {"a block in the front and in a slot", front_of_another_block, {PMAD_LIST_BROKEN, 1, 30}},
    {"a front where nothing is free", front_without_a_block, {PMAD_LIST_BROKEN, 1, 0}},
    {"more free than there are", more_free_than_there_are, {PMAD_COUNT_BROKEN, 1, 0}},
    {"one more free", one_more_free, {PMAD_LIST_BROKEN, 1, 3}},
    {"slots elsewhere", slots_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"another capacity", other_capacity, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"another block size", other_block_size, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"a finder that begins elsewhere", finder_begins_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a finder that ends elsewhere", finder_ends_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a finder of other granules", finder_has_other_granules, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a map elsewhere", map_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a wrong first granule", first_granule, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a wrong granule between", granule_between, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a wrong last granule", last_granule, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a wrong granule for all else", granule_of_all_else, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a front in the none class", none_has_a_front, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a slot in the none class", none_has_a_slot, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a block in the none class", none_has_a_block, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a dump that can hold a block", dump_can_hold_a_block, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a dump that writes elsewhere", dump_writes_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
};

#endif
