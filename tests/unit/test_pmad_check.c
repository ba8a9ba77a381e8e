/* pmad_check() finds damage of every kind, names the place, and changes nothing. The damage is
 * planted through the allocator's internal header. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_fixture.h"
#include "pmad_pool.h"

enum { POOL_SIZE = 64 * 1024 };

static struct pmad *pool;
static void *held[3]; /* blocks 0, 1, 2 of class 1, in use */
static unsigned char before[POOL_SIZE];

static void make_pool(void)
{
    struct pmad_layout layout = {
        .pool_size = POOL_SIZE, .class_count = 3, .classes = {{64, 30}, {128, 30}, {512, 40}}};

    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    for (size_t i = 0; i < 3; i++)
        held[i] = pmad_alloc(pool, 128);
}

static void drop_pool(void)
{
    pmad_destroy(pool);
}

static struct pmad_header *header_of(void *block)
{
    return (struct pmad_header *)block - 1;
}

/* Returns the header of block `index` of class 1. */
static struct pmad_header *block_number(size_t index)
{
    return pmad_run_header(&pool->runs[1], index);
}

static void other_class(void)
{
    block_number(5)->class_id = 2;
}

static void no_class(void)
{
    header_of(held[1])->class_id = SIZE_MAX;
}

static void twice_given_back(void)
{
    pmad_free(pool, held[0]);
    pmad_free(pool, held[2]);
    pmad_free(pool, held[0]);
}

static void given_back_twice_in_a_row(void)
{
    pmad_free(pool, held[2]);
    pmad_free(pool, held[2]);
}

static void long_cycle(void)
{
    block_number(20)->next = block_number(10);
}

static void leaves_the_pool(void)
{
    block_number(7)->next = header_of(&before[64]);
}

static void leaves_the_run(void)
{
    block_number(7)->next = pool->runs[2].free;
}

static void leads_between_blocks(void)
{
    block_number(7)->next = (void *)((char *)block_number(8) + 16);
}

static void leads_to_null(void)
{
    pool->runs[1].free = NULL;
}

static void end_is_open(void)
{
    pool->runs[1].end.next = block_number(4);
}

static void lost_block(void)
{
    block_number(7)->next = block_number(9);
}

static void lost_count(void)
{
    pool->runs[1].in_use--;
}

static void impossible_high_water(void)
{
    pool->runs[1].high_water = 2;
}

static void size_table(void)
{
    pool->class_of[12] = 0;
}

static void size_zero(void)
{
    pool->class_of[0] = 1;
}

static void none_class_has_a_block(void)
{
    pool->none->free = block_number(9);
}

static void block_size(void)
{
    pool->runs[1].block_size = 120; /* the same stride; but 128 bytes are now for class 2 */
}

static void bounds(void)
{
    pool->blocks_span += 16;
}

static void class_count(void)
{
    pool->class_count = SIZE_MAX;
}

static void run_start(void)
{
    pool->runs[1].first = pmad_run_header(&pool->runs[1], 1);
}

static const struct damage {
    const char *name;
    void (*plant)(void);
    struct pmad_check expected;
} damages[] = {
    {"a header that names another class", other_class, {PMAD_HEADER_BROKEN, 1, 5}},
    {"a header that names no class", no_class, {PMAD_HEADER_BROKEN, 1, 1}},
    {"a block given back twice", twice_given_back, {PMAD_LIST_BROKEN, 1, 0}},
    {"the same, in a row", given_back_twice_in_a_row, {PMAD_LIST_BROKEN, 1, 2}},
    {"a list that bites itself", long_cycle, {PMAD_LIST_BROKEN, 1, 10}},
    {"a list that leaves the pool", leaves_the_pool, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leaves its run", leaves_the_run, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leads between blocks", leads_between_blocks, {PMAD_LIST_BROKEN, 1, 7}},
    {"a list that leads to NULL", leads_to_null, {PMAD_LIST_BROKEN, 1, 0}},
    {"a list whose end is open", end_is_open, {PMAD_LIST_BROKEN, 1, 0}},
    {"a block that is nowhere", lost_block, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a wrong count", lost_count, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a high-water mark below the water", impossible_high_water, {PMAD_COUNT_BROKEN, 1, 0}},
    {"a size led to another class", size_table, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"size 0 led to a class", size_zero, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a block in the none class", none_class_has_a_block, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"another block size", block_size, {PMAD_DESCRIPTOR_BROKEN, 2, 0}},
    {"other bounds", bounds, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"another number of classes", class_count, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a run that begins elsewhere", run_start, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
};

START_TEST(damage_is_found_where_it_is_and_left_as_it_is)
{
    const struct damage *damage = &damages[_i];
    struct pmad_check check;

    ck_assert_int_eq(pmad_check(pool, &check), PMAD_SOUND);
    damage->plant();
    memcpy(before, pool, POOL_SIZE);
    for (int round = 0; round < 2; round++) {
        ck_assert_msg(pmad_check(pool, &check) == damage->expected.finding, "%s: %s", damage->name,
                      pmad_finding_text(check.finding));
        ck_assert_int_eq(check.finding, damage->expected.finding);
        ck_assert_uint_eq(check.class_index, damage->expected.class_index);
        ck_assert_uint_eq(check.block_index, damage->expected.block_index);
        ck_assert_int_eq(pmad_check(pool, NULL), damage->expected.finding);
        ck_assert_mem_eq(before, pool, POOL_SIZE);
    }
}
END_TEST

START_TEST(a_sound_pool_is_left_as_it_is_and_works_on)
{
    struct pmad_check check;
    uint64_t state = 99;

    for (int step = 0; step < 2000; step++) {
        size_t n = pmad_roll(&state) % 3;

        pmad_free(pool, held[n]);
        held[n] = pmad_alloc(pool, 1 + pmad_roll(&state) % 512);
        memset(held[n], (int)step, pmad_block_size(pool, held[n]));
        memcpy(before, pool, POOL_SIZE);
        memset(&check, 0xa5, sizeof check);
        ck_assert_int_eq(pmad_check(pool, &check), PMAD_SOUND);
        ck_assert_int_eq(check.finding, PMAD_SOUND);
        ck_assert_uint_eq(check.class_index + check.block_index, 0);
        ck_assert_mem_eq(before, pool, POOL_SIZE);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_check");
    TCase *cases = tcase_create("damage");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, make_pool, drop_pool);
    tcase_add_loop_test(cases, damage_is_found_where_it_is_and_left_as_it_is, 0,
                        sizeof damages / sizeof *damages);
    tcase_add_test(cases, a_sound_pool_is_left_as_it_is_and_works_on);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
