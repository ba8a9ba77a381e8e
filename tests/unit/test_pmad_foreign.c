/*
 * What is given back and never came from the pool. Outside the pool and in its metadata it is ignored;
 * inside, it is the caller's bug, and the stack engine still writes nowhere but in its own structures.
 * Not for the guarded build, which reports all of it instead of going on: test_pmad_guard.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum { POOL_SIZE = 64 * 1024, AROUND = 4096 };

static struct pmad_layout layout = {.class_count = 3, .classes = {{64, 30}, {128, 30}, {512, 40}}};

/* Readable and writable on both sides of the pool, so that what is written there is seen. */
static unsigned char room[AROUND + POOL_SIZE + AROUND] __attribute__((aligned(64)));
static unsigned char before[sizeof room];
static unsigned char *const region = room + AROUND;
static struct pmad *pool;
static struct pmad_stats as_it_was;
static void *held[3], *second[3]; /* of each class the first two blocks, in use */

static void make_pool(void)
{
    memset(room, 0x5a, sizeof room);
    ck_assert_int_eq(pmad_init_at(&pool, region, POOL_SIZE, &layout), PMAD_OK);
    for (size_t i = 0; i < 3; i++) {
        held[i] = pmad_alloc(pool, layout.classes[i].block_size);
        second[i] = pmad_alloc(pool, layout.classes[i].block_size);
    }
    pmad_stats(pool, &as_it_was);
    memcpy(before, room, sizeof room);
}

static size_t metadata_size(void)
{
    struct pmad_fit fit;

    ck_assert_int_eq(pmad_region_fit(&layout, POOL_SIZE, &fit), PMAD_OK);
    return fit.metadata_size;
}

static void assert_nothing_written_around(void)
{
    ck_assert_mem_eq(room, before, AROUND);
    ck_assert_mem_eq(region + POOL_SIZE, before + AROUND + POOL_SIZE, AROUND);
}

/* Nothing that a caller can see, and nothing in the blocks. */
static void assert_ignored(void)
{
    size_t metadata = metadata_size();
    struct pmad_stats stats;

    assert_nothing_written_around();
    ck_assert_mem_eq(region + metadata, before + AROUND + metadata, POOL_SIZE - metadata);
    pmad_stats(pool, &stats);
    ck_assert_mem_eq(&stats, &as_it_was, sizeof stats);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
}

START_TEST(null_is_ignored)
{
    for (int i = 0; i < 1000; i++)
        pmad_free(pool, NULL);
    assert_ignored();
}
END_TEST

START_TEST(addresses_on_either_side_of_the_pool_are_ignored)
{
    for (size_t i = 0; i < AROUND; i++)
        pmad_free(pool, room + i);
    for (size_t i = 0; i < AROUND; i++)
        pmad_free(pool, region + POOL_SIZE + i);
    assert_ignored();
}
END_TEST

START_TEST(addresses_in_the_metadata_are_ignored)
{
    size_t metadata = metadata_size();

    for (size_t i = 0; i < metadata; i++)
        pmad_free(pool, region + i);
    assert_ignored();
}
END_TEST

START_TEST(addresses_anywhere_else_are_ignored)
{
    uint64_t state = 31337;

    for (int bit = 0; bit < 64; bit++) {
        pmad_free(pool, (void *)((uintptr_t)1 << bit));        /* NOLINT(*-int-to-ptr): nowhere */
        pmad_free(pool, (void *)-((uintptr_t)1 << bit));       /* NOLINT(*-int-to-ptr): nowhere */
        pmad_free(pool, (void *)(pmad_roll(&state) | 1 << 4)); /* NOLINT(*-int-to-ptr): nowhere */
    }
    pmad_free(pool, &state);
    assert_ignored();
}
END_TEST

START_TEST(another_pools_blocks_are_ignored)
{
    static unsigned char elsewhere[POOL_SIZE] __attribute__((aligned(64)));
    static unsigned char other_before[POOL_SIZE];
    struct pmad_stats stats;
    struct pmad *other;
    void *block;
    size_t taken = 0;

    ck_assert_int_eq(pmad_init_at(&other, elsewhere, POOL_SIZE, &layout), PMAD_OK);
    for (; (block = pmad_alloc(other, 64)) != NULL; taken++) {
        memcpy(other_before, elsewhere, POOL_SIZE);
        pmad_free(pool, block);
        ck_assert_mem_eq(elsewhere, other_before, POOL_SIZE);
    }
    assert_ignored();
    pmad_stats(other, &stats);
    ck_assert_uint_eq(stats.classes[0].in_use, taken);
    ck_assert_int_eq(pmad_check(other, NULL), PMAD_SOUND);
}
END_TEST

/* Allocations after it get what they would have got, the classes none has included. */
START_TEST(a_foreign_address_is_never_handed_out)
{
    void *block;

    pmad_free(pool, room);
    ck_assert_ptr_null(pmad_alloc(pool, 0));
    ck_assert_ptr_null(pmad_alloc(pool, 513));
    for (size_t i = 0; i < 3; i++) {
        size_t count = 0;

        for (; (block = pmad_alloc(pool, layout.classes[i].block_size)) != NULL; count++) {
            ck_assert(block > (void *)region && block < (void *)(region + POOL_SIZE));
            pmad_free(pool, room + count);
        }
        ck_assert_uint_eq(count + 2, as_it_was.classes[i].blocks);
    }
    assert_nothing_written_around();
}
END_TEST

#if !PMAD_INTRUSIVE

/* Of the pool, only metadata and the arrays beside the blocks may have changed. */
static void assert_no_block_written(void)
{
    struct pmad_fit fit;
    size_t at;

    ck_assert_int_eq(pmad_region_fit(&layout, POOL_SIZE, &fit), PMAD_OK);
    at = fit.metadata_size;
    for (size_t i = 0; i < layout.class_count; i++) {
        const struct pmad_fit_class *class = &fit.classes[i];

        ck_assert_mem_eq(region + at + class->side, before + AROUND + at + class->side,
                         class->bytes - class->side);
        at += class->bytes;
    }
    assert_nothing_written_around();
}

START_TEST(the_stack_engine_survives_surplus_frees_in_its_own_bounds)
{
    struct pmad_stats stats;

    for (int i = 0; i < 10000; i++) {
        pmad_free(pool, held[_i]);
        pmad_free(pool, second[_i]);
    }
    pmad_free(pool, held[_i]);
    pmad_stats(pool, &stats);
    for (size_t i = 0; i < layout.class_count; i++)
        ck_assert_uint_eq(stats.classes[i].in_use, i == (size_t)_i ? 0 : 2);
    assert_no_block_written();
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_LIST_BROKEN);
}
END_TEST

START_TEST(the_stack_engine_survives_every_address_of_its_own)
{
    struct pmad_stats stats;

    for (size_t i = 0; i < POOL_SIZE; i++)
        pmad_free(pool, region + i);
    pmad_stats(pool, &stats);
    for (size_t i = 0; i < layout.class_count; i++)
        ck_assert_uint_eq(stats.classes[i].in_use, 0);
    assert_no_block_written();
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_LIST_BROKEN);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("pmad_foreign");
    TCase *cases = tcase_create("frees");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, make_pool, NULL);
    tcase_add_test(cases, null_is_ignored);
    tcase_add_test(cases, addresses_on_either_side_of_the_pool_are_ignored);
    tcase_add_test(cases, addresses_in_the_metadata_are_ignored);
    tcase_add_test(cases, addresses_anywhere_else_are_ignored);
    tcase_add_test(cases, another_pools_blocks_are_ignored);
    tcase_add_test(cases, a_foreign_address_is_never_handed_out);
#if !PMAD_INTRUSIVE
    tcase_add_loop_test(cases, the_stack_engine_survives_surplus_frees_in_its_own_bounds, 0, 3);
    tcase_add_test(cases, the_stack_engine_survives_every_address_of_its_own);
#endif
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
