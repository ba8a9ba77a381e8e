/* Pools in huge pages: transparent ones, and explicit ones. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "incPMAD.h"
#include "pmad_favours.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- transparent huge pages ---- */

static const struct {
    size_t pool_size, rounded;
} sizes[] = {
    {MIB + 1, MIB + 4096}, {2 * MIB, 2 * MIB}, {2 * MIB + 1, 4 * MIB}, {16 * MIB, 16 * MIB}};

START_TEST(a_pool_with_room_for_huge_pages_begins_and_ends_where_they_do)
{
    struct pmad_layout layout = layout_wishing(HUGE_PAGES, PMAD_TRY);
    int large = sizes[_i].pool_size >= 2 * MIB;
    struct pmad_stats stats;
    struct pmad *pool;

    favours[HUGE_PAGES].answer = GRANTED;
    layout.pool_size = sizes[_i].pool_size;
    pool = pool_of(&layout, &stats);
    ck_assert_uint_eq(stats.pool_size, sizes[_i].rounded);
    ck_assert(!large || (uintptr_t)pool % (2 * MIB) == 0);
    ck_assert_int_eq(stats.huge_pages, large);
    ck_assert_int_eq(favours[HUGE_PAGES].calls, large);
    pmad_destroy(pool);

    layout.huge_pages = PMAD_REQUIRE;
    if (!large)
        check_refused(&layout, PMAD_HUGE_PAGES_REFUSED, ENOTSUP);
}
END_TEST

/* The kernel takes the advice whatever its administrator has decided. */
static const struct {
    struct file files[2];
    int had;
} decisions[] = {
    {{{THP "enabled", "always madvise [never]\n"}}, 0},
    {{{THP "enabled", "[always] madvise never\n"}}, 1},
    {{{THP "hugepages-2048kB/enabled", "always [inherit] madvise never\n"},
      {THP "enabled", "always madvise [never]\n"}},
     0},
    {{{THP "hugepages-2048kB/enabled", "always inherit madvise [never]\n"},
      {THP "enabled", "[always] madvise never\n"}},
     0},
    {{{THP "hugepages-2048kB/enabled", "always inherit [madvise] never\n"},
      {THP "enabled", "always madvise [never]\n"}},
     1},
    {{{"ksm/run", "0\n"}}, 1}, /* no file to go by: the call decides */
};

START_TEST(huge_pages_that_are_turned_off_are_not_had)
{
    struct pmad_layout layout = layout_wishing(HUGE_PAGES, PMAD_TRY);
    struct pmad_stats stats;

    favours[HUGE_PAGES].answer = GRANTED;
    memcpy(files, decisions[_i].files, sizeof decisions[_i].files);
    pmad_destroy(pool_of(&layout, &stats));
    ck_assert_int_eq(stats.huge_pages, decisions[_i].had);
    layout.huge_pages = PMAD_REQUIRE;
    if (!decisions[_i].had)
        check_refused(&layout, PMAD_HUGE_PAGES_REFUSED, ENOTSUP);
}
END_TEST

START_TEST(huge_pages_that_are_turned_off_for_this_process_are_not_had)
{
    struct pmad_layout layout = layout_wishing(HUGE_PAGES, PMAD_TRY);
    struct pmad_stats stats;

    favours[HUGE_PAGES].answer = GRANTED;
    ck_assert_int_eq(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    pmad_destroy(pool_of(&layout, &stats));
    ck_assert_int_eq(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
    ck_assert_int_eq(stats.huge_pages, 0);
}
END_TEST

/* ---- explicit huge pages ---- */

START_TEST(explicit_huge_pages_are_huge_and_there_whatever_else_is_asked_for)
{
    struct pmad_layout layout = layout_wishing(EXPLICIT, PMAD_REQUIRE);
    struct pmad_stats stats;

    layout.pool_size = MIB / 4;
    layout.huge_pages = PMAD_REQUIRE;
    layout.prefault = PMAD_REQUIRE;
    pmad_destroy(pool_of(&layout, &stats));
    ck_assert_uint_eq(stats.pool_size, 2 * MIB);
    ck_assert(stats.explicit_huge_pages && stats.huge_pages && stats.prefaulted);
    ck_assert_int_eq(favours[HUGE_PAGES].calls, 0);
    ck_assert_int_eq(favours[PREFAULT].calls, 1);
}
END_TEST

START_TEST(transparent_huge_pages_serve_where_explicit_ones_are_only_tried_for)
{
    struct pmad_layout layout = layout_wishing(EXPLICIT, PMAD_TRY);
    struct pmad_stats stats;
    struct pmad *pool;

    favours[EXPLICIT].answer = ENOMEM;
    favours[HUGE_PAGES].answer = GRANTED;
    layout.pool_size = MIB / 4;
    layout.huge_pages = PMAD_REQUIRE;
    pool = pool_of(&layout, &stats);
    ck_assert(!stats.explicit_huge_pages && stats.huge_pages);
    ck_assert_uint_eq((uintptr_t)pool % (2 * MIB), 0);
    pmad_destroy(pool);
}
END_TEST

/* A control group may forbid what the mapping was promised; the first touch would be fatal. */
START_TEST(explicit_huge_pages_that_do_not_come_are_not_had)
{
    struct pmad_layout layout = layout_wishing(EXPLICIT, PMAD_TRY);
    struct pmad_stats stats;

    favours[PREFAULT].answer = EFAULT;
    pmad_destroy(pool_of(&layout, &stats));
    ck_assert_int_eq(stats.explicit_huge_pages, 0);
    layout.explicit_huge_pages = PMAD_REQUIRE;
    check_refused(&layout, PMAD_EXPLICIT_HUGE_PAGES_REFUSED, ENOMEM);
}
END_TEST

static const struct {
    struct file files[FILES_MAX];
    size_t allowed;
} shortages[] = {
    {{{EXPLICIT_2MB "free_hugepages", "7\n"}}, 14 * MIB},
    {{{EXPLICIT_2MB "free_hugepages", "7\n"},
      {EXPLICIT_2MB "resv_hugepages", "2\n"},
      {EXPLICIT_2MB "nr_overcommit_hugepages", "30\n"},
      {EXPLICIT_2MB "surplus_hugepages", "1\n"}},
     68 * MIB},
    {{{EXPLICIT_2MB "free_hugepages", "1\n"}, {EXPLICIT_2MB "resv_hugepages", "2\n"}}, 0},
    {{{EXPLICIT_2MB "nr_overcommit_hugepages", "18446744073709551615\n"}}, SIZE_MAX},
    {{{"ksm/run", "0\n"}}, 0},
};

START_TEST(the_shortage_of_explicit_huge_pages_counts_those_that_nobody_has)
{
    struct pmad_layout layout = layout_wishing(EXPLICIT, PMAD_REQUIRE);
    struct pmad_shortage shortage;

    memcpy(files, shortages[_i].files, sizeof files);
    shortage = pmad_shortage(&layout, PMAD_EXPLICIT_HUGE_PAGES_REFUSED);
    ck_assert_uint_eq(shortage.needed, 4 * MIB);
    ck_assert_uint_eq(shortage.allowed, shortages[_i].allowed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_huge");
    TCase *cases = tcase_create("huge pages");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, favours_setup, NULL);
    tcase_add_loop_test(cases, a_pool_with_room_for_huge_pages_begins_and_ends_where_they_do, 0,
                        COUNT_OF(sizes));
    tcase_add_loop_test(cases, huge_pages_that_are_turned_off_are_not_had, 0, COUNT_OF(decisions));
    tcase_add_test(cases, huge_pages_that_are_turned_off_for_this_process_are_not_had);
    tcase_add_test(cases, explicit_huge_pages_are_huge_and_there_whatever_else_is_asked_for);
    tcase_add_test(cases, transparent_huge_pages_serve_where_explicit_ones_are_only_tried_for);
    tcase_add_test(cases, explicit_huge_pages_that_do_not_come_are_not_had);
    tcase_add_loop_test(cases, the_shortage_of_explicit_huge_pages_counts_those_that_nobody_has, 0,
                        COUNT_OF(shortages));
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
