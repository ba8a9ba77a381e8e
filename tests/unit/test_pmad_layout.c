/* The arithmetic from a layout to block counts, by itself. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum {
    PAGE_MAX = 65536
}; /* no page of any machine is larger: sizes in whole pages on all of them */

/* clang-format off */
static const struct bad_layout {
    enum pmad_status status;
    size_t at_fault;
    struct pmad_layout layout;
} bad_layouts[] = {
    {PMAD_NO_CLASSES, 0, {1 << 20, 0, {{64, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_TOO_MANY_CLASSES, 0, {1 << 20, 65, {{64, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_TOO_MANY_CLASSES, 0, {1 << 20, SIZE_MAX, {{64, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_ZERO, 0, {1 << 20, 2, {{0, 50}, {64, 50}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_ZERO, 1, {1 << 20, 2, {{64, 50}, {0, 50}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_UNALIGNED, 0, {1 << 20, 1, {{7, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_UNALIGNED, 1, {1 << 20, 2, {{8, 50}, {1020, 50}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_TOO_LARGE, 0, {1 << 24, 1, {{PMAD_BLOCK_MAX + 8, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_BLOCK_TOO_LARGE, 0, {1 << 24, 1, {{SIZE_MAX - 7, 100}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_NOT_ASCENDING, 1, {1 << 20, 2, {{64, 50}, {32, 50}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_NOT_ASCENDING, 2, {1 << 20, 3, {{8, 50}, {64, 25}, {64, 25}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_SHARE_ZERO, 1, {1 << 20, 2, {{64, 100}, {128, 0}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_SHARES_NOT_100, 0, {1 << 20, 2, {{64, 50}, {128, 49}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_SHARES_NOT_100, 0, {1 << 20, 2, {{64, 50}, {128, 51}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
    {PMAD_SHARES_NOT_100, 0, {1 << 20, 2, {{64, 101}, {128, UINT32_MAX}}, PMAD_OFF, PMAD_OFF, PMAD_OFF}},
};
/* clang-format on */

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
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_POOL_TOO_LARGE);
    ck_assert_uint_eq(fit.pool_size_min, 0);
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_POOL_TOO_LARGE);
    ck_assert_ptr_null(pool);
}
END_TEST

/* The header comment of incPMAD.h, worked by hand. */
START_TEST(the_published_arithmetic_is_the_arithmetic)
{
    struct pmad_layout layout = {
        .pool_size = 1 << 20, .class_count = 2, .classes = {{72, 37}, {1024, 63}}};
    struct pmad_fit fit;
    size_t first;

    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert_uint_eq(fit.mapping_size, 1 << 20);
    ck_assert_uint_eq(fit.metadata_size % 64, 0);
    ck_assert_uint_gt(fit.metadata_size, 1024 / 8);
    ck_assert_uint_eq(fit.usable_size, fit.mapping_size - fit.metadata_size);

    first = fit.usable_size * 37 / 100 / 16 * 16;
    ck_assert_uint_eq(fit.classes[0].bytes, first);
    ck_assert_uint_eq(fit.classes[0].stride, 96);
    ck_assert_uint_eq(fit.classes[0].blocks, first / 96);
    ck_assert_uint_eq(fit.classes[1].bytes, fit.usable_size - first);
    ck_assert_uint_eq(fit.classes[1].stride, 1040);
    ck_assert_uint_eq(fit.classes[1].blocks, (fit.usable_size - first) / 1040);
    ck_assert_uint_eq(fit.classes[2].block_size, 0);
}
END_TEST

/* Up to sizes at which a careless usable * share would have wrapped long ago. */
START_TEST(the_runs_of_any_layout_add_up_to_what_is_usable)
{
    uint64_t state = 20240901;

    for (int round = 0; round < 1000; round++) {
        struct pmad_layout layout = pmad_roll_layout(&state, 4096);
        struct pmad_fit fit;
        size_t sum = 0;

        layout.pool_size = (size_t)PTRDIFF_MAX - PAGE_MAX - (pmad_roll(&state) >> (8 + round % 32));
        ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
        for (size_t i = 0; i < layout.class_count; i++) {
            sum += fit.classes[i].bytes;
            ck_assert_uint_eq(fit.classes[i].bytes % 16, 0);
            ck_assert_uint_eq(fit.classes[i].blocks, fit.classes[i].bytes / fit.classes[i].stride);
            ck_assert_uint_ge(fit.classes[i].bytes / layout.classes[i].share + 16,
                              fit.usable_size / 100);
        }
        ck_assert_uint_eq(sum, fit.usable_size);
    }
}
END_TEST

/* Tries all sizes up to the one that is said to be the smallest. */
static void assert_smallest(struct pmad_layout layout)
{
    struct pmad_fit fit, said;
    size_t page;

    layout.pool_size = 1;
    pmad_layout_fit(&layout, &said);
    page = said.mapping_size;
    ck_assert_uint_gt(said.pool_size_min, 0);
    ck_assert_uint_eq(said.pool_size_min % page, 0);

    for (size_t size = 0; size < said.pool_size_min; size += page) {
        layout.pool_size = size;
        ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_POOL_TOO_SMALL);
        ck_assert_uint_eq(fit.classes[fit.class_at_fault].blocks, 0);
        ck_assert_uint_eq(fit.pool_size_min, said.pool_size_min);
    }
    layout.pool_size = said.pool_size_min - page + 1; /* rounded up, it is enough */
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert_uint_eq(fit.mapping_size, said.pool_size_min);
    ck_assert_uint_eq(fit.pool_size_min, said.pool_size_min);
    for (size_t i = 0; i < layout.class_count; i++)
        ck_assert_uint_ge(fit.classes[i].blocks, 1);
}

START_TEST(no_smaller_pool_than_the_smallest_would_do)
{
    uint64_t state = 88172645463325252;

    for (int round = 0; round < 300; round++)
        assert_smallest(pmad_roll_layout(&state, (size_t)64 << round % 10));
}
END_TEST

START_TEST(the_smallest_pool_for_the_largest_block_is_found_too)
{
    struct pmad_layout one = {.class_count = 1, .classes = {{PMAD_BLOCK_MAX, 100}}};
    struct pmad_layout thin = {.class_count = 2, .classes = {{8, 99}, {PMAD_BLOCK_MAX / 8, 1}}};

    assert_smallest(one);
    assert_smallest(thin);
}
END_TEST

/* A page more can give several of the others 16 bytes more at once, and so the last class less. With
 * pages of 4 KiB this layout fits in 48 KiB and not in 56. */
START_TEST(a_larger_pool_that_is_too_small_is_told_the_smaller_one)
{
    struct pmad_layout layout = {
        .class_count = 8,
        .classes = {{8, 93}, {16, 1}, {24, 1}, {32, 1}, {40, 1}, {48, 1}, {56, 1}, {552, 1}}};
    struct pmad_fit fit;
    size_t smallest;

    assert_smallest(layout);
    pmad_layout_fit(&layout, &fit);
    smallest = fit.pool_size_min;
    for (size_t size = smallest; size < 4 * smallest; size += 4096) {
        layout.pool_size = size;
        if (pmad_layout_fit(&layout, &fit) == PMAD_POOL_TOO_SMALL)
            ck_assert_uint_eq(fit.class_at_fault, 7);
        ck_assert_uint_eq(fit.pool_size_min, smallest);
    }
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
    for (int i = 0; i <= PMAD_HUGE_PAGES_REFUSED; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(pmad_strerror((enum pmad_status)i),
                             pmad_strerror((enum pmad_status)j));
    ck_assert_str_eq(pmad_strerror(PMAD_SHARES_NOT_100), "the shares do not sum to 100");
    ck_assert_str_eq(pmad_strerror((enum pmad_status)(PMAD_HUGE_PAGES_REFUSED + 1)),
                     "unknown status");
    ck_assert_str_eq(pmad_strerror((enum pmad_status) - 1), "unknown status");

    for (int i = 0; i <= PMAD_COUNT_BROKEN; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(pmad_finding_text((enum pmad_finding)i),
                             pmad_finding_text((enum pmad_finding)j));
    ck_assert_str_eq(pmad_finding_text((enum pmad_finding)(PMAD_COUNT_BROKEN + 1)),
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
    tcase_add_test(cases, the_smallest_pool_for_the_largest_block_is_found_too);
    tcase_add_test(cases, a_larger_pool_that_is_too_small_is_told_the_smaller_one);
    tcase_add_test(cases, the_reference_layouts_are_the_published_six);
    tcase_add_test(cases, every_status_and_finding_has_words_of_its_own);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
