/* Histograms of durations: which bucket a duration belongs to, and what its bound promises. */
#include <check.h>
#include <stdlib.h>

#include "histogram.h"

static const uint64_t first_bounds[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};

enum { FIRST = sizeof first_bounds / sizeof *first_bounds };

START_TEST(bounds_are_two_an_octave_from_one_microsecond_to_seventy_one_minutes)
{
    for (unsigned i = 0; i < FIRST; i++)
        ck_assert_uint_eq(histogram_bound(i), first_bounds[i]);
    ck_assert_uint_eq(histogram_bound(HISTOGRAM_BOUNDED - 1), UINT64_C(1) << 32);
}
END_TEST

START_TEST(a_bound_belongs_to_its_bucket_and_what_is_longer_to_the_next)
{
    for (unsigned i = 0; i < HISTOGRAM_BOUNDED; i++) {
        ck_assert_uint_eq(histogram_bucket(histogram_bound(i)), i);
        ck_assert_uint_eq(histogram_bucket(histogram_bound(i) + 1), i + 1);
    }
}
END_TEST

START_TEST(no_time_at_all_is_in_the_first_bucket_and_any_time_beyond_all_bounds_in_the_last)
{
    ck_assert_uint_eq(histogram_bucket(0), 0);
    ck_assert_uint_eq(histogram_bucket((UINT64_C(1) << 32) + 1), HISTOGRAM_BOUNDED);
    ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BOUNDED);
}
END_TEST

START_TEST(a_bound_is_at_most_half_as_much_again_as_what_it_stands_for)
{
    for (uint64_t us = 2; us < UINT64_C(1) << 32; us += us / 7 + 1) {
        uint64_t bound = histogram_bound(histogram_bucket(us));

        ck_assert_uint_ge(bound, us);
        ck_assert_uint_lt(2 * bound, 3 * us);
    }
}
END_TEST

START_TEST(what_is_added_is_counted_once_and_summed)
{
    struct histogram histogram = {0};

    histogram_add(&histogram, 5);
    histogram_add(&histogram, 6);
    histogram_add(&histogram, 7);
    ck_assert_uint_eq(histogram.sum, 18);
    ck_assert_uint_eq(histogram.counts[4], 2);
    ck_assert_uint_eq(histogram.counts[5], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tests = tcase_create("histogram");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, bounds_are_two_an_octave_from_one_microsecond_to_seventy_one_minutes);
    tcase_add_test(tests, a_bound_belongs_to_its_bucket_and_what_is_longer_to_the_next);
    tcase_add_test(
        tests, no_time_at_all_is_in_the_first_bucket_and_any_time_beyond_all_bounds_in_the_last);
    tcase_add_test(tests, a_bound_is_at_most_half_as_much_again_as_what_it_stands_for);
    tcase_add_test(tests, what_is_added_is_counted_once_and_summed);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
