#ifndef PMAD_DAMAGE_INTRUSIVE_H
#define PMAD_DAMAGE_INTRUSIVE_H

/*
 * What can be broken in a pool of the intrusive engine, for test_pmad_check.c, which has `pool`, `held`
 * and struct damage. All of it in class 1, where blocks 0 to 2 are in use and the next one is on top.
 */

/* Returns the header of block `index`. */
static struct pmad_header *header_of(size_t index)
{
    return (struct pmad_header *)(void *)pmad_block_at(&pool->runs[1], index) - 1;
}

static struct pmad_list *none_list(void)
{
    return &pool->runs[pool->class_count].list;
}

static void other_class(void)
{
    header_of(5)->class_id = 2;
}

static void no_class(void)
{
    header_of(1)->class_id = SIZE_MAX;
}

static void given_back_twice(void)
{
    pmad_push(&pool->finder, held[0]);
    pmad_push(&pool->finder, held[2]);
    pmad_push(&pool->finder, held[0]);
}

static void given_back_twice_in_a_row(void)
{
    pmad_push(&pool->finder, held[2]);
    pmad_push(&pool->finder, held[2]);
}

static void long_cycle(void)
{
    header_of(20)->next = header_of(10);
}

static void leaves_the_pool(void)
{
    header_of(7)->next = (struct pmad_header *)(void *)before;
}

static void leaves_the_run(void)
{
    header_of(7)->next = pool->runs[2].list.top;
}

static void leads_between_blocks(void)
{
    header_of(7)->next = header_of(8) + 1;
}

static void leads_behind_the_last(void)
{
    header_of(7)->next = header_of(pool->runs[1].blocks);
}

static void leads_to_null(void)
{
    pool->runs[1].list.top = NULL;
}

static void end_is_open(void)
{
    pool->runs[1].list.end.next = header_of(4);
}

static void end_of_another_class(void)
{
    pool->runs[1].list.end.class_id = 2;
}

static void lost_block(void)
{
    header_of(7)->next = header_of(9);
}

static void lost_count(void)
{
    pool->runs[1].list.in_use--;
}

static void impossible_count(void)
{
    pool->runs[1].list.in_use = pool->runs[1].blocks + 1;
}

static void high_water_below_the_water(void)
{
    pool->runs[1].list.high_water = 2;
}

static void high_water_above_the_brim(void)
{
    pool->runs[1].list.high_water = pool->runs[1].blocks + 1;
}

/* The same stride; but 128 bytes are now for class 2. */
static void other_block_size(void)
{
    pool->runs[1].block_size -= 8;
}

static void finder_begins_elsewhere(void)
{
    pool->finder.begin += 16;
}

static void finder_ends_elsewhere(void)
{
    pool->finder.span += 16;
}

static void finder_has_other_runs(void)
{
    pool->finder.runs += PMAD_RUN_SIZE;
}

static void nowhere_is_somewhere(void)
{
    pool->finder.nowhere = header_of(4);
}

static void none_has_a_block(void)
{
    none_list()->top = header_of(9);
}

static void none_is_open(void)
{
    none_list()->end.next = header_of(9);
}

static void none_is_a_class(void)
{
    none_list()->end.class_id = 1;
}

static void none_has_one_in_use(void)
{
    none_list()->in_use = 1;
}

static void none_had_one_in_use(void)
{
    none_list()->high_water = 1;
}

/* Where a size table that ends early is noticed: at the class whose largest sizes it forgets. */
enum { UNITS_CLASS = 2 };

static const struct damage engine_damages[] = {
    {"a header that names another class", other_class, {PMAD_HEADER_BROKEN, 1, 5}},
    {"a header that names no class", no_class, {PMAD_HEADER_BROKEN, 1, 1}},
    {"a block given back twice", given_back_twice, {PMAD_LIST_BROKEN, 1, 0}},
    {"the same, in a row", given_back_twice_in_a_row, {PMAD_LIST_BROKEN, 1, 2}},
    {"a list that bites itself", long_cycle, {PMAD_LIST_BROKEN, 1, 10}},
    {"a list that leaves the pool", leaves_the_pool, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leaves its run", leaves_the_run, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leads between blocks", leads_between_blocks, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leads behind the last", leads_behind_the_last, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leads to NULL", leads_to_null, {PMAD_LIST_BROKEN, 1, 0}},
    {"a list whose end is open", end_is_open, {PMAD_LIST_BROKEN, 1, 0}},
    {"an end of another class", end_of_another_class, {PMAD_LIST_BROKEN, 1, 0}},
    {"a block that is nowhere", lost_block, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a wrong count", lost_count, {PMAD_COUNT_BROKEN, 1, 0}},
    {"more in use than there are", impossible_count, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a high-water mark below the water", high_water_below_the_water, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a high-water mark above the brim", high_water_above_the_brim, {PMAD_COUNT_BROKEN, 1, 0}},
    {"another block size", other_block_size, {PMAD_DESCRIPTOR_BROKEN, 2, 0}},
    {"a finder that begins elsewhere", finder_begins_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a finder that ends elsewhere", finder_ends_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a finder of other runs", finder_has_other_runs, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a nowhere that is somewhere", nowhere_is_somewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a block in the none class", none_has_a_block, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a none class that is open", none_is_open, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a none class that is a class", none_is_a_class, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a none class with one in use", none_has_one_in_use, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a none class that had one in use", none_had_one_in_use, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
};

#endif
