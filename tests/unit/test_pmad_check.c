/*
 * pmad_check() finds damage of every kind, names the place, and changes nothing. The damage is planted
 * through the allocator's internal headers: here what both engines have, and in pmad_damage_stack.h and
 * pmad_damage_intrusive.h what is each one's own.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_engine.h"
#include "pmad_fixture.h"

enum { POOL_SIZE = 64 * 1024 };

struct damage {
    const char *name;
    void (*plant)(void);
    struct pmad_check expected;
};

static unsigned char region[POOL_SIZE] __attribute__((aligned(PMAD_LINE_SIZE)));
static unsigned char before[POOL_SIZE], after[POOL_SIZE];
static struct pmad *pool;
static void *held[3]; /* blocks 0, 1, 2 of class 1, in use */

static void make_pool(void)
{
    struct pmad_layout layout = {.class_count = 3, .classes = {{64, 30}, {128, 30}, {512, 40}}};

    ck_assert_int_eq(pmad_init_at(&pool, region, POOL_SIZE, &layout), PMAD_OK);
    for (size_t i = 0; i < 3; i++) {
        held[i] = pmad_alloc(pool, 128);
        memset(held[i], 0x11, 128);
    }
}

/* Returns a place of the pool, known by a pointer to const, to be written to. */
static void *writable(const void *place)
{
    return region + ((const unsigned char *)place - region);
}

#if PMAD_INTRUSIVE
#    include "pmad_damage_intrusive.h"
#else
#    include "pmad_damage_stack.h"
#endif

static void no_class_count(void)
{
    pool->class_count = 0;
}

static void endless_class_count(void)
{
    pool->class_count = SIZE_MAX;
}

static void class_too_many(void)
{
    pool->class_count++;
}

static void no_units(void)
{
    pool->units_end = 0;
}

static void units_too_many(void)
{
    pool->units_end += 8;
}

static void units_too_few(void)
{
    pool->units_end -= 8;
}

static void endless_pool(void)
{
    pool->pool_size = SIZE_MAX;
}

static void pool_too_small_for_its_classes(void)
{
    pool->pool_size = PMAD_LINE_SIZE;
}

static void other_pool_size(void)
{
    pool->pool_size += PMAD_LINE_SIZE;
}

static void other_usable_size(void)
{
    pool->usable_size -= PMAD_LINE_SIZE;
}

static void other_granule(void)
{
    pool->granule *= 2;
}

static void table_elsewhere(void)
{
    pool->list_at++;
}

static void other_shares(void)
{
    pool->runs[0].share++;
    pool->runs[1].share--;
}

static void shares_above_100(void)
{
    pool->runs[2].share++;
}

static void run_elsewhere(void)
{
    pool->runs[1].first += 16;
}

static void other_side(void)
{
    pool->runs[1].side += 64;
}

static void other_stride(void)
{
    pool->runs[2].stride += 16;
}

static void other_blocks(void)
{
    pool->runs[0].blocks--;
}

static void other_group(void)
{
    pool->runs[1].group++;
}

/* Leads requests of so many bytes to where those of `other` bytes go. */
static void lead(size_t size, size_t other)
{
    memcpy(writable(&pool->list_at[size / PMAD_GRANULARITY]),
           &pool->list_at[other / PMAD_GRANULARITY], sizeof *pool->list_at);
}

static void size_led_to_a_smaller_class(void)
{
    lead(96, 64);
}

static void size_led_to_a_larger_class(void)
{
    lead(64, 72);
}

static void size_zero_led_to_a_class(void)
{
    lead(0, 128);
}

static const struct damage damages[] = {
    {"no classes", no_class_count, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"classes without end", endless_class_count, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a class too many", class_too_many, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"an empty size table", no_units, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a size table that is too long", units_too_many, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a size table that is too short", units_too_few, {PMAD_DESCRIPTOR_BROKEN, UNITS_CLASS, 0}},
    {"a pool without end", endless_pool, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a pool of a line", pool_too_small_for_its_classes, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a larger pool", other_pool_size, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"less of it usable", other_usable_size, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"other granules", other_granule, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a size table elsewhere", table_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"shares moved", other_shares, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"shares above 100", shares_above_100, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"a run that begins elsewhere", run_elsewhere, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"another side", other_side, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"another stride", other_stride, {PMAD_DESCRIPTOR_BROKEN, 2, 0}},
    {"a block fewer", other_blocks, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"other groups", other_group, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"a size led to a smaller class", size_led_to_a_smaller_class, {PMAD_DESCRIPTOR_BROKEN, 1, 0}},
    {"a size led to a larger class", size_led_to_a_larger_class, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
    {"size 0 led to a class", size_zero_led_to_a_class, {PMAD_DESCRIPTOR_BROKEN, 0, 0}},
};

static void assert_found_and_left(const struct damage *damage)
{
    struct pmad_check check;

    ck_assert_int_eq(pmad_check(pool, &check), PMAD_SOUND);
    damage->plant();
    pmad_peek(before, region, POOL_SIZE);
    for (int round = 0; round < 2; round++) {
        ck_assert_msg(pmad_check(pool, &check) == damage->expected.finding, "%s: %s", damage->name,
                      pmad_finding_text(check.finding));
        ck_assert_int_eq(check.finding, damage->expected.finding);
        ck_assert_msg(check.class_index == damage->expected.class_index, "%s: in class %zu",
                      damage->name, check.class_index);
        ck_assert_msg(check.block_index == damage->expected.block_index, "%s: at block %zu",
                      damage->name, check.block_index);
        ck_assert_int_eq(pmad_check(pool, NULL), damage->expected.finding);
        pmad_peek(after, region, POOL_SIZE);
        ck_assert_mem_eq(before, after, POOL_SIZE);
    }
}

START_TEST(damage_to_the_descriptor_is_found_and_left_as_it_is)
{
    assert_found_and_left(&damages[_i]);
}
END_TEST

START_TEST(damage_to_the_engine_is_found_and_left_as_it_is)
{
    assert_found_and_left(&engine_damages[_i]);
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
        memset(held[n], step, pmad_block_size(pool, held[n]));
        pmad_peek(before, region, POOL_SIZE);
        memset(&check, 0xa5, sizeof check);
        ck_assert_int_eq(pmad_check(pool, &check), PMAD_SOUND);
        ck_assert_int_eq(check.finding, PMAD_SOUND);
        ck_assert_uint_eq(check.class_index + check.block_index, 0);
        pmad_peek(after, region, POOL_SIZE);
        ck_assert_mem_eq(before, after, POOL_SIZE);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_check");
    TCase *cases = tcase_create("damage");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, make_pool, NULL);
    tcase_add_loop_test(cases, damage_to_the_descriptor_is_found_and_left_as_it_is, 0,
                        sizeof damages / sizeof *damages);
    tcase_add_loop_test(cases, damage_to_the_engine_is_found_and_left_as_it_is, 0,
                        sizeof engine_damages / sizeof *engine_damages);
    tcase_add_test(cases, a_sound_pool_is_left_as_it_is_and_works_on);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
