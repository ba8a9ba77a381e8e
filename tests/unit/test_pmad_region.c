/* A pool in memory of the caller's: exactly where and as large as it was said to be. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum {
    FENCE = 64 * 1024,  /* a multiple of every page size there is */
    REGION = 4 * FENCE, /* what lies between two fences */
    LINE = 64           /* regions begin at a multiple of it, and are cut down to one */
};

static unsigned char *region;

/* Memory with a page before and a page behind it that nobody may touch. */
static void map_region(void)
{
    unsigned char *map =
        mmap(NULL, REGION + 2 * FENCE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(map, MAP_FAILED);
    region = map + FENCE;
    ck_assert_int_eq(mprotect(region, REGION, PROT_READ | PROT_WRITE), 0);
}

static void unmap_region(void)
{
    ck_assert_int_eq(munmap(region - FENCE, REGION + 2 * FENCE), 0);
}

static struct pmad_layout balanced(void)
{
    return pmad_layout_of(pmad_profile_find("balanced"), 0);
}

/* Takes every block there is, writes it full, and gives all back, twice. Returns how many there were. */
static size_t live(struct pmad *pool, const struct pmad_layout *layout)
{
    static void *held[REGION / PMAD_LEAST_BYTES];
    size_t taken = 0;

    for (int round = 0; round < 2; round++) {
        taken = 0;
        for (size_t i = 0; i < layout->class_count; i++) {
            size_t size = layout->classes[i].block_size;

            for (; (held[taken] = pmad_alloc(pool, size)) != NULL; taken++)
                memset(held[taken], 0xa5, size);
        }
        ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
        for (size_t n = 0; n < taken; n++)
            pmad_free(pool, held[n]);
        ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    }
    return taken;
}

static size_t blocks_of(const struct pmad_fit *fit)
{
    size_t blocks = 0;

    for (size_t i = 0; i < PMAD_CLASSES_MAX; i++)
        blocks += fit->classes[i].blocks;
    return blocks;
}

START_TEST(a_region_at_no_multiple_of_64_is_refused)
{
    struct pmad_layout layout = balanced();

    for (size_t off = 1; off < LINE; off++) {
        struct pmad *pool = (void *)region;

        ck_assert_int_eq(pmad_init_at(&pool, region + off, REGION - LINE, &layout),
                         PMAD_REGION_MISALIGNED);
        ck_assert_ptr_null(pool);
    }
}
END_TEST

/* Every multiple of 64 from nothing up: pmad_init_at() says what pmad_region_fit() says, and a pool is
 * made where that is PMAD_OK; neither looks at what the layout wants of a system. */
START_TEST(a_region_is_large_enough_exactly_when_the_arithmetic_says_so)
{
    struct pmad_layout layout = balanced();
    size_t fitting = 0;

    layout.pool_size = SIZE_MAX;
    layout.lock = layout.huge_pages = layout.prefault = layout.explicit_huge_pages = PMAD_REQUIRE;
    for (size_t bytes = 0; bytes <= 16384; bytes += LINE) {
        struct pmad_fit fit;
        struct pmad *pool = (void *)region;
        enum pmad_status status = pmad_region_fit(&layout, bytes, &fit);

        ck_assert_int_eq(status, fit.status);
        ck_assert_int_eq(pmad_init_at(&pool, region, bytes, &layout), status);
        ck_assert_ptr_eq(pool, status == PMAD_OK ? (struct pmad *)(void *)region : NULL);
        if (status == PMAD_OK) {
            fitting++;
            ck_assert_uint_eq(fit.mapping_size, bytes);
            ck_assert_uint_eq(live(pool, &layout), blocks_of(&fit));
        } else {
            ck_assert_int_eq(status, PMAD_POOL_TOO_SMALL);
            ck_assert_uint_eq(fit.classes[fit.class_at_fault].blocks, 0);
            ck_assert_uint_gt(fit.pool_size_min, bytes / 2); /* it is rounded up */
        }
        pmad_destroy(pool);
    }
    ck_assert_uint_gt(fitting, 0);
    ck_assert_uint_lt(fitting, 16384 / LINE);
}
END_TEST

/* The smallest region of all, then a byte less, then 64. */
START_TEST(one_byte_too_few_is_too_small)
{
    struct pmad_layout layout = balanced();
    struct pmad_fit fit;
    struct pmad *pool;
    size_t bytes = 0;

    while (pmad_region_fit(&layout, bytes, &fit) != PMAD_OK)
        bytes += LINE;
    ck_assert_int_eq(pmad_init_at(&pool, region, bytes, &layout), PMAD_OK);
    ck_assert_uint_eq(live(pool, &layout), blocks_of(&fit));
    pmad_destroy(pool);

    ck_assert_int_eq(pmad_init_at(&pool, region, bytes - 1, &layout), PMAD_POOL_TOO_SMALL);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(pmad_init_at(&pool, region, bytes - LINE, &layout), PMAD_POOL_TOO_SMALL);
    ck_assert_int_eq(pmad_init_at(&pool, region, 0, &layout), PMAD_POOL_TOO_SMALL);
    ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(the_bytes_beyond_the_last_multiple_of_64_stay_the_callers)
{
    struct pmad_layout layout = balanced();
    struct pmad_fit whole, ragged;

    pmad_region_fit(&layout, FENCE, &whole);
    for (size_t more = 1; more < LINE; more++) {
        struct pmad *pool;

        ck_assert_int_eq(pmad_region_fit(&layout, FENCE + more, &ragged), PMAD_OK);
        ck_assert_mem_eq(&ragged, &whole, sizeof whole);
        memset(region + FENCE, 0x5a, LINE);
        ck_assert_int_eq(pmad_init_at(&pool, region, FENCE + more, &layout), PMAD_OK);
        ck_assert_uint_eq(live(pool, &layout), blocks_of(&whole));
        pmad_destroy(pool);
        for (size_t i = 0; i < LINE; i++)
            ck_assert_uint_eq(region[FENCE + i], 0x5a);
    }
}
END_TEST

/* Each reference layout once at the beginning of the memory and once at its end, in sizes that are no
 * multiple of a page: one byte written or read outside, and this would end by a signal. */
START_TEST(a_pool_between_two_fences_touches_neither)
{
    struct pmad_layout layout = pmad_layout_of(&pmad_profiles[_i], 0);

    for (size_t bytes = 64; bytes <= REGION; bytes = bytes * 5 / 4 / LINE * LINE + LINE) {
        unsigned char *const places[] = {region, region + REGION - bytes};

        for (size_t i = 0; i < 2; i++) {
            struct pmad_fit fit;
            struct pmad_stats stats;
            struct pmad *pool;

            if (pmad_region_fit(&layout, bytes, &fit) != PMAD_OK)
                continue;
            ck_assert_int_eq(pmad_init_at(&pool, places[i], bytes, &layout), PMAD_OK);
            ck_assert_ptr_eq(pool, places[i]);
            ck_assert_uint_eq(live(pool, &layout), blocks_of(&fit));
            pmad_stats(pool, &stats);
            ck_assert_uint_eq(stats.pool_size, bytes);
            ck_assert_int_eq(
                stats.prefaulted + stats.locked + stats.huge_pages + stats.explicit_huge_pages, 0);
            pmad_destroy(pool);
        }
    }
}
END_TEST

START_TEST(whatever_the_region_held_before_makes_no_difference)
{
    struct pmad_layout layout = balanced();
    struct pmad *pool;
    struct pmad_stats stats;

    for (int fill = 0; fill < 256; fill += 51) {
        memset(region, fill, FENCE);
        ck_assert_int_eq(pmad_init_at(&pool, region, FENCE, &layout), PMAD_OK);
        ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
        pmad_stats(pool, &stats);
        ck_assert_uint_eq(stats.used_size + stats.refused_size, 0);
        live(pool, &layout);
        pmad_destroy(pool);
    }
}
END_TEST

START_TEST(destroying_it_leaves_the_memory_to_its_owner)
{
    static unsigned char before[FENCE], after[FENCE];
    struct pmad_layout layout = balanced();
    struct pmad *pool;

    ck_assert_int_eq(pmad_init_at(&pool, region, FENCE, &layout), PMAD_OK);
    pmad_peek(before, region, FENCE);
    pmad_destroy(pool);
    pmad_peek(after, region, FENCE); /* a signal, had it been unmapped */
    ck_assert_mem_eq(before, after, FENCE);
    pmad_destroy(NULL);
}
END_TEST

START_TEST(a_bad_layout_is_refused_as_it_is_anywhere)
{
    struct pmad_layout layout = {.class_count = 2, .classes = {{64, 50}, {60, 50}}};
    struct pmad_fit fit;
    struct pmad *pool = (void *)region;

    ck_assert_int_eq(pmad_region_fit(&layout, REGION, &fit), PMAD_BLOCK_UNALIGNED);
    ck_assert_uint_eq(fit.class_at_fault, 1);
    ck_assert_int_eq(pmad_init_at(&pool, region, REGION, &layout), PMAD_BLOCK_UNALIGNED);
    ck_assert_ptr_null(pool);

    layout = balanced();
    ck_assert_int_eq(pmad_region_fit(&layout, SIZE_MAX, &fit), PMAD_POOL_TOO_LARGE);
    ck_assert_int_eq(pmad_init_at(&pool, region, SIZE_MAX, &layout), PMAD_POOL_TOO_LARGE);
    ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(the_smallest_region_that_is_named_would_do)
{
    uint64_t state = 271828;

    for (int round = 0; round < 200; round++) {
        struct pmad_layout layout = pmad_roll_layout(&state, (size_t)64 << round % 8);
        struct pmad_fit fit;
        size_t named;

        pmad_region_fit(&layout, 0, &fit);
        ck_assert_int_eq(fit.status, PMAD_POOL_TOO_SMALL);
        named = fit.pool_size_min;
        ck_assert_int_eq(pmad_region_fit(&layout, named, &fit), PMAD_OK);
        ck_assert_uint_eq(fit.pool_size_min, named);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_region");
    TCase *cases = tcase_create("memory of the caller's");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, map_region, unmap_region);
    tcase_add_test(cases, a_region_at_no_multiple_of_64_is_refused);
    tcase_add_test(cases, a_region_is_large_enough_exactly_when_the_arithmetic_says_so);
    tcase_add_test(cases, one_byte_too_few_is_too_small);
    tcase_add_test(cases, the_bytes_beyond_the_last_multiple_of_64_stay_the_callers);
    tcase_add_loop_test(cases, a_pool_between_two_fences_touches_neither, 0, 6);
    tcase_add_test(cases, whatever_the_region_held_before_makes_no_difference);
    tcase_add_test(cases, destroying_it_leaves_the_memory_to_its_owner);
    tcase_add_test(cases, a_bad_layout_is_refused_as_it_is_anywhere);
    tcase_add_test(cases, the_smallest_region_that_is_named_would_do);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
