/* The arithmetic from a layout to block counts, by itself. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_fixture.h"
#include "pmad_layout.h"

/* No page of any machine is larger: its multiples are whole pages everywhere. */
enum { PAGE_MAX = 65536 };

#define LAYOUT(size, count, ...)                                                \
    {                                                                           \
        .pool_size = (size), .class_count = (count), .classes = { __VA_ARGS__ } \
    }

static const struct bad_layout {
    enum pmad_status status;
    size_t at_fault;
    struct pmad_layout layout;
} bad_layouts[] = {
    {PMAD_NO_CLASSES, 0, LAYOUT(1 << 20, 0, {64, 100})},
    {PMAD_TOO_MANY_CLASSES, 0, LAYOUT(1 << 20, 65, {64, 100})},
    {PMAD_TOO_MANY_CLASSES, 0, LAYOUT(1 << 20, SIZE_MAX, {64, 100})},
    {PMAD_BLOCK_ZERO, 0, LAYOUT(1 << 20, 2, {0, 50}, {64, 50})},
    {PMAD_BLOCK_ZERO, 1, LAYOUT(1 << 20, 2, {64, 50}, {0, 50})},
    {PMAD_BLOCK_UNALIGNED, 0, LAYOUT(1 << 20, 1, {7, 100})},
    {PMAD_BLOCK_UNALIGNED, 1, LAYOUT(1 << 20, 2, {8, 50}, {1020, 50})},
    {PMAD_BLOCK_TOO_LARGE, 0, LAYOUT(1 << 24, 1, {PMAD_BLOCK_MAX + 8, 100})},
    {PMAD_BLOCK_TOO_LARGE, 0, LAYOUT(1 << 24, 1, {SIZE_MAX - 7, 100})},
    {PMAD_NOT_ASCENDING, 1, LAYOUT(1 << 20, 2, {64, 50}, {32, 50})},
    {PMAD_NOT_ASCENDING, 2, LAYOUT(1 << 20, 3, {8, 50}, {64, 25}, {64, 25})},
    {PMAD_SHARE_ZERO, 1, LAYOUT(1 << 20, 2, {64, 100}, {128, 0})},
    {PMAD_SHARES_NOT_100, 0, LAYOUT(1 << 20, 2, {64, 50}, {128, 49})},
    {PMAD_SHARES_NOT_100, 0, LAYOUT(1 << 20, 2, {64, 50}, {128, 51})},
    {PMAD_SHARES_NOT_100, 0, LAYOUT(1 << 20, 2, {64, 101}, {128, UINT32_MAX})},
};

START_TEST(every_bad_layout_has_its_own_status_and_names_the_class)
{
    const struct bad_layout *bad = &bad_layouts[_i];
    struct pmad_fit fit;
    struct pmad *pool = (void *)&fit;

    memset(&fit, 0xa5, sizeof fit);
    ck_assert_int_eq(pmad_layout_fit(&bad->layout, &fit), bad->status);
    ck_assert_int_eq(fit.status, bad->status);
    ck_assert_uint_eq(fit.class_at_fault, bad->at_fault);
    ck_assert_uint_eq(fit.pool_size_min, 0);
    ck_assert_uint_eq(fit.mapping_size, 0);
    ck_assert_uint_eq(fit.classes[PMAD_CLASSES_MAX - 1].bytes, 0);

    ck_assert_int_eq(pmad_init(&pool, &bad->layout), bad->status);
    ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(a_pool_that_no_address_space_holds_is_too_large)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - PAGE_MAX, SIZE_MAX / 2,
                                   (size_t)PTRDIFF_MAX};
    struct pmad_layout layout = {.class_count = 1, .classes = {{64, 100}}};
    struct pmad_fit fit;
    struct pmad *pool;

    layout.pool_size = sizes[_i];
    for (int huge = 0; huge < 2; huge++) {
        layout.huge_pages = huge ? PMAD_TRY : PMAD_OFF;
        ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_POOL_TOO_LARGE);
        ck_assert_int_eq(fit.status, PMAD_POOL_TOO_LARGE);
        ck_assert_uint_eq(fit.pool_size_min, 0);
        ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_POOL_TOO_LARGE);
        ck_assert_ptr_null(pool);
    }
    layout.classes[0].share = 99; /* a mistake in the classes comes first */
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_SHARES_NOT_100);
}
END_TEST

/* The header comment of incPMAD.h, worked by hand. */
START_TEST(the_published_arithmetic_is_the_arithmetic)
{
    size_t granule = PMAD_INTRUSIVE ? 16 : 4096, header = PMAD_INTRUSIVE ? 16 : 0;
    size_t canary = PMAD_GUARD ? 16 : 0;
    struct pmad_layout layout = LAYOUT(1 << 20, 2, {72, 37}, {1024, 63});
    struct pmad_fit fit;
    size_t first;

    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert_uint_eq(fit.mapping_size, 1 << 20);
    ck_assert_uint_eq(fit.metadata_size % 64, 0);
    ck_assert_uint_gt(fit.metadata_size, 1024 / 8);
    ck_assert_uint_eq(fit.usable_size, fit.mapping_size - fit.metadata_size);

    first = fit.usable_size * 37 / 100 / granule * granule;
    ck_assert_uint_eq(fit.classes[0].bytes, first);
    ck_assert_uint_eq(fit.classes[0].stride, header + (PMAD_INTRUSIVE ? 80 : 72) + canary);
    ck_assert_uint_eq(fit.classes[0].group, 0);
    ck_assert_uint_eq(fit.classes[1].bytes, fit.usable_size - first);
    ck_assert_uint_eq(fit.classes[1].stride, header + 1024 + canary);
    ck_assert_uint_eq(fit.classes[1].group, PMAD_INTRUSIVE ? 0 : 1);
    ck_assert_uint_eq(fit.classes[2].block_size, 0);
    if (PMAD_INTRUSIVE && !PMAD_GUARD) {
        ck_assert_uint_eq(fit.classes[0].blocks, first / 96);
        ck_assert_uint_eq(fit.classes[1].blocks, fit.classes[1].bytes / 1040);
        ck_assert_uint_eq(fit.classes[0].side + fit.classes[1].side, 0);
    }
    if (PMAD_BETWEEN == 0) { /* stack, without the guard */
        ck_assert_uint_eq(fit.classes[0].side, (8 * (fit.classes[0].blocks + 2) + 63) / 64 * 64);
        ck_assert_uint_le(fit.classes[0].blocks, first / 80);
        ck_assert_uint_ge(fit.classes[0].blocks, (first - 80) / 80);
        ck_assert_uint_ge(fit.classes[1].blocks, (fit.classes[1].bytes - 80) / 1096);
    }
}
END_TEST

/* Up to sizes at which a careless usable * share would have wrapped long ago. */
START_TEST(the_runs_of_any_layout_add_up_to_what_is_usable)
{
    uint64_t state = 20240901;

    for (int round = 0; round < 1000; round++) {
        struct pmad_layout layout = pmad_roll_layout(&state, 4096);
        size_t pool_size = (size_t)PTRDIFF_MAX - PAGE_MAX - (pmad_roll(&state) >> (8 + round % 32));
        size_t granule, sum = 0;
        struct pmad_fit fit;

        pool_size -= pool_size % PAGE_MAX;
        layout.pool_size = pool_size;
        ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
        granule = pmad_plan(pool_size, layout.class_count, PMAD_GRANULARITY).granule;
        for (size_t i = 0; i < layout.class_count; i++) {
            const struct pmad_fit_class *class = &fit.classes[i];

            sum += class->bytes;
            ck_assert_uint_eq(class->bytes % granule, 0);
            ck_assert_uint_le(class->side + class->blocks * class->stride, class->bytes);
            ck_assert_uint_ge(class->bytes / layout.classes[i].share + granule,
                              fit.usable_size / 100);
        }
        ck_assert_uint_eq(sum, fit.usable_size);
    }
}
END_TEST

/* Returns what pmad_init() would map for a pool of `pool_size` bytes. */
static size_t mapping_of(struct pmad_layout layout, size_t pool_size)
{
    struct pmad_fit fit;

    layout.pool_size = pool_size;
    pmad_layout_fit(&layout, &fit);
    return fit.mapping_size;
}

static enum pmad_status status_in(const struct pmad_layout *layout, size_t mapping_size)
{
    struct pmad_fit fit;
    enum pmad_status status = pmad_fit_into(layout, mapping_size, 0, &fit);

    if (status != PMAD_OK)
        ck_assert_uint_eq(fit.classes[fit.class_at_fault].blocks, 0);
    return status;
}

/* Tries all mappings below the one that is said to be the smallest; `unit` is what lies between two. */
static void assert_smallest(struct pmad_layout layout)
{
    size_t unit = mapping_of(layout, 1);
    struct pmad_fit fit;
    size_t smallest;

    layout.pool_size = 0;
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_POOL_TOO_SMALL);
    smallest = fit.pool_size_min;
    ck_assert_uint_gt(smallest, 0);
    for (size_t size = unit; size < smallest; size += unit) {
        if (layout.huge_pages != PMAD_OFF && size >= PMAD_HUGE_PAGE_SIZE)
            unit = PMAD_HUGE_PAGE_SIZE;
        ck_assert_int_eq(status_in(&layout, size), PMAD_POOL_TOO_SMALL);
    }
    layout.pool_size = smallest - unit + 1; /* rounded up, it is enough */
    ck_assert_uint_eq(mapping_of(layout, layout.pool_size), smallest);
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert_uint_eq(fit.pool_size_min, smallest);
    for (size_t i = 0; i < layout.class_count; i++)
        ck_assert_uint_ge(fit.classes[i].blocks, 1);
}

START_TEST(no_smaller_pool_than_the_smallest_would_do)
{
    uint64_t state = 88172645463325252;

    for (int round = 0; round < 500; round++) {
        struct pmad_layout layout = pmad_roll_layout(&state, (size_t)64 << round % 13);

        layout.huge_pages = round % 5 == 4 ? PMAD_TRY : PMAD_OFF;
        layout.explicit_huge_pages = round % 7 == 6 ? PMAD_TRY : PMAD_OFF;
        assert_smallest(layout);
    }
}
END_TEST

/* Returns that much processor time, or as many times more as Check is told to be patient: under valgrind
 * everything takes longer. */
static clock_t patience(clock_t ticks)
{
    const char *times = getenv("CK_TIMEOUT_MULTIPLIER");

    return times != NULL ? ticks * strtol(times, NULL, 10) : ticks;
}

/* What makes the search long: the largest block in the last class, to which the rounding of 63 others
 * gives more than its own share; in the first, and in the middle. */
START_TEST(the_smallest_pool_for_the_largest_block_is_found_and_soon)
{
    static const struct pmad_layout one = LAYOUT(0, 1, {PMAD_BLOCK_MAX, 100});
    static const struct pmad_layout thin = LAYOUT(0, 2, {8, 99}, {PMAD_BLOCK_MAX, 1});
    static const struct pmad_layout first =
        LAYOUT(0, 2, {PMAD_BLOCK_MAX - 8, 1}, {PMAD_BLOCK_MAX, 99});
    struct pmad_layout many = {.class_count = PMAD_CLASSES_MAX};
    struct pmad_fit fit;
    clock_t begin;

    for (size_t i = 0; i < many.class_count; i++)
        many.classes[i] = (struct pmad_class){8 * (i + 1), i == 0 ? 37 : 1};
    many.classes[many.class_count - 1].block_size = PMAD_BLOCK_MAX;
    assert_smallest(one);
    assert_smallest(thin);
    assert_smallest(first);
    assert_smallest(many);
    begin = clock();
    for (int i = 0; i < 100; i++)
        pmad_layout_fit(&many, &fit);
    ck_assert_int_lt(clock() - begin, patience(CLOCKS_PER_SEC)); /* ten milliseconds each */

    for (size_t i = 0; i < many.class_count; i++)
        many.classes[i].block_size = PMAD_BLOCK_MAX - 8 * (many.class_count - 1 - i);
    assert_smallest(many);
}
END_TEST

/* Returns how many pools that are larger than the smallest are too small again; all of them are told
 * the smallest. */
static size_t larger_but_too_small(struct pmad_layout layout)
{
    struct pmad_fit fit;
    size_t smallest, count = 0;

    pmad_layout_fit(&layout, &fit);
    smallest = fit.pool_size_min;
    for (size_t size = smallest; size < 16 * smallest; size += PAGE_MAX / 16) {
        layout.pool_size = size;
        count += pmad_layout_fit(&layout, &fit) == PMAD_POOL_TOO_SMALL;
        ck_assert_uint_eq(fit.pool_size_min, smallest);
    }
    return count;
}

/*
 * intrusive: a page more can give several of the others 16 bytes more at once, and so the last class
 * less; it takes a last class that just fits, so some are tried. stack: past a certain size granules are
 * twice as large, and one percent of the pool is no whole one any more.
 */
START_TEST(a_larger_pool_that_is_too_small_is_told_the_smaller_one)
{
    struct pmad_layout steps =
        LAYOUT(0, 8, {8, 93}, {16, 1}, {24, 1}, {32, 1}, {40, 1}, {48, 1}, {56, 1}, {64, 1});
    struct pmad_layout small_share = LAYOUT(0, 2, {8, 1}, {16, 99});
    size_t count = 0;

    if (sysconf(_SC_PAGESIZE) > 4096)
        return; /* what is told here of some layouts is about pages of 4 KiB */
    if (!PMAD_INTRUSIVE)
        count = larger_but_too_small(small_share);
    for (; PMAD_INTRUSIVE && steps.classes[7].block_size < 3000; steps.classes[7].block_size += 8)
        count += larger_but_too_small(steps);
    ck_assert_uint_gt(count, 0);
}
END_TEST

START_TEST(the_reference_layouts_are_the_published_six)
{
    static const char *const names[] = {"max-throughput",    "min-overhead", "balanced",
                                        "latency-optimised", "hft-network",  "embedded-rtos"};
    size_t count = 0;

    for (const struct pmad_profile *profile = pmad_profiles; profile->name != NULL; profile++) {
        struct pmad_layout layout = pmad_layout_of(profile, 1 << 20);
        struct pmad_fit fit;

        ck_assert_str_eq(profile->name, names[count++]);
        ck_assert_ptr_eq(pmad_profile_find(profile->name), profile);
        ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
        assert_smallest(layout);
    }
    ck_assert_uint_eq(count, sizeof names / sizeof *names);
    ck_assert_ptr_null(pmad_profile_find("Balanced"));
    ck_assert_ptr_null(pmad_profile_find(""));
}
END_TEST

START_TEST(every_status_and_finding_has_words_of_its_own)
{
    for (int i = 0; i <= PMAD_REGION_MISALIGNED; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(pmad_strerror((enum pmad_status)i),
                             pmad_strerror((enum pmad_status)j));
    ck_assert_str_eq(pmad_strerror(PMAD_SHARES_NOT_100), "the shares do not sum to 100");
    ck_assert_str_eq(pmad_strerror((enum pmad_status)(PMAD_REGION_MISALIGNED + 1)),
                     "unknown status");
    ck_assert_str_eq(pmad_strerror((enum pmad_status) - 1), "unknown status");

    for (int i = 0; i <= PMAD_FREE_BLOCK_WRITTEN; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(pmad_finding_text((enum pmad_finding)i),
                             pmad_finding_text((enum pmad_finding)j));
    ck_assert_str_eq(pmad_finding_text((enum pmad_finding)(PMAD_FREE_BLOCK_WRITTEN + 1)),
                     "unknown finding");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_layout");
    TCase *cases = tcase_create("arithmetic");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, every_bad_layout_has_its_own_status_and_names_the_class, 0,
                        sizeof bad_layouts / sizeof *bad_layouts);
    tcase_add_loop_test(cases, a_pool_that_no_address_space_holds_is_too_large, 0, 4);
    tcase_add_test(cases, the_published_arithmetic_is_the_arithmetic);
    tcase_add_test(cases, the_runs_of_any_layout_add_up_to_what_is_usable);
    tcase_add_test(cases, no_smaller_pool_than_the_smallest_would_do);
    tcase_add_test(cases, the_smallest_pool_for_the_largest_block_is_found_and_soon);
    tcase_add_test(cases, a_larger_pool_that_is_too_small_is_told_the_smaller_one);
    tcase_add_test(cases, the_reference_layouts_are_the_published_six);
    tcase_add_test(cases, every_status_and_finding_has_words_of_its_own);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
