/* What a pool asks of the system, and what becomes of a refusal. Huge pages: test_pmad_huge.c. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_favours.h"

/* ---- wishes ---- */

static const struct wish {
    enum pmad_status refused;
    int error;
} wishes[FAVOURS] = {
    [EXPLICIT] = {PMAD_EXPLICIT_HUGE_PAGES_REFUSED, ENOMEM},
    [HUGE_PAGES] = {PMAD_HUGE_PAGES_REFUSED, EINVAL}, /* a kernel without huge pages */
    [PREFAULT] = {PMAD_PREFAULT_REFUSED, ENOMEM},
    [LOCK] = {PMAD_LOCK_REFUSED, EPERM},
};

START_TEST(a_pool_that_wishes_nothing_asks_for_nothing)
{
    struct pmad_layout layout = layout_wishing(LOCK, PMAD_OFF);
    struct pmad_stats stats;
    struct pmad *pool = pool_of(&layout, &stats);

    for (int i = 0; i < FAVOURS; i++) {
        ck_assert_int_eq(favours[i].calls, 0);
        ck_assert_int_eq(had(&stats, (enum favour)i), 0);
    }
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_wish_that_is_granted_is_had_and_no_other)
{
    enum favour favour = (enum favour)(_i / 2);
    struct pmad_layout layout = layout_wishing(favour, _i % 2 == 0 ? PMAD_TRY : PMAD_REQUIRE);
    struct pmad_stats stats;
    struct pmad *pool;

    favours[HUGE_PAGES].answer = GRANTED;
    favours[LOCK].answer = GRANTED;
    pool = pool_of(&layout, &stats);
    for (int i = 0; i < FAVOURS; i++)
        ck_assert_int_eq(had(&stats, (enum favour)i), i == (int)favour);
    ck_assert_int_eq(favours[favour].calls, 1);
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_wish_that_is_tried_and_refused_is_done_without)
{
    struct pmad_layout layout = layout_wishing((enum favour)_i, PMAD_TRY);
    struct pmad_stats stats;
    struct pmad *pool;

    favours[_i].answer = wishes[_i].error;
    pool = pool_of(&layout, &stats);
    ck_assert_int_eq(favours[_i].calls, 1);
    ck_assert_int_eq(had(&stats, (enum favour)_i), 0);
    ck_assert_ptr_nonnull(pmad_alloc(pool, 65536));
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_wish_that_is_required_and_refused_is_its_own_status)
{
    struct pmad_layout layout = layout_wishing((enum favour)_i, PMAD_REQUIRE);

    favours[_i].answer = wishes[_i].error;
    check_refused(&layout, wishes[_i].refused, wishes[_i].error);
}
END_TEST

START_TEST(a_pool_larger_than_any_memory_is_refused_by_the_mapping)
{
    struct pmad_layout layout = layout_wishing(HUGE_PAGES, PMAD_TRY);

    layout.pool_size = (size_t)PTRDIFF_MAX / 4;
    check_refused(&layout, PMAD_MAPPING_REFUSED, ENOMEM);
}
END_TEST

/* ---- prefault ---- */

/* Returns how many of the pool's pages are in memory. */
static size_t resident_pages(struct pmad *pool, size_t size)
{
    static unsigned char resident[4096];
    size_t pages = size / (size_t)sysconf(_SC_PAGESIZE);
    size_t count = 0;

    ck_assert_uint_le(pages, sizeof resident);
    ck_assert_int_eq(mincore(pool, size, resident), 0);
    for (size_t i = 0; i < pages; i++)
        count += resident[i] & 1;
    return count;
}

/* The second time by a kernel that does not know how (Linux before 5.14). */
START_TEST(prefault_has_every_page_in_memory)
{
    struct pmad_layout layout = layout_wishing(PREFAULT, PMAD_REQUIRE);
    struct pmad_stats stats;
    struct pmad *pool;
    size_t pages;

    favours[PREFAULT].answer = _i == 0 ? IN_EARNEST : EINVAL;
    pool = pool_of(&layout, &stats);
    pages = stats.pool_size / (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(stats.prefaulted, 1);
    ck_assert_uint_eq(resident_pages(pool, stats.pool_size), pages);
    pmad_destroy(pool);

    layout.prefault = PMAD_OFF; /* and without it, not: or this test would show nothing */
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    ck_assert_uint_lt(resident_pages(pool, stats.pool_size), pages);
    pmad_destroy(pool);
}
END_TEST

/* ---- what was too little ---- */

START_TEST(nothing_is_short_where_nothing_is_limited)
{
    struct pmad_layout layout = layout_wishing(LOCK, PMAD_REQUIRE);

    for (int status = PMAD_OK; status <= PMAD_REGION_MISALIGNED; status++) {
        struct pmad_shortage shortage = pmad_shortage(&layout, (enum pmad_status)status);
        int limited = status == PMAD_LOCK_REFUSED || status == PMAD_EXPLICIT_HUGE_PAGES_REFUSED;

        ck_assert_int_eq(shortage.needed != 0, limited);
        ck_assert(limited || shortage.allowed == 0);
    }
    layout.class_count = 0;
    ck_assert_uint_eq(pmad_shortage(&layout, PMAD_LOCK_REFUSED).needed, 0);
}
END_TEST

/* In a child of its own, which may lock so much and is not exempt as root is. */
static int lock_within(rlim_t allowed, enum pmad_want want)
{
    struct pmad_layout layout = layout_wishing(LOCK, want);
    struct rlimit limit = {allowed, allowed};
    struct pmad_shortage shortage;
    struct pmad_stats stats = {0};
    enum pmad_status status;
    struct pmad *pool;

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return -1;
    status = pmad_init(&pool, &layout);
    if (pool != NULL)
        pmad_stats(pool, &stats);
    pmad_destroy(pool);
    shortage = pmad_shortage(&layout, PMAD_LOCK_REFUSED);
    if (shortage.allowed != allowed || shortage.needed != 2 * MIB + 4096)
        return -2;
    return stats.locked ? -3 : (int)status;
}

START_TEST(a_lock_beyond_the_limit_is_refused_or_done_without)
{
    enum pmad_want want = _i % 2 == 0 ? PMAD_REQUIRE : PMAD_TRY;
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(lock_within(_i < 2 ? 0 : 65536, want));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), want == PMAD_REQUIRE ? PMAD_LOCK_REFUSED : PMAD_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_system");
    TCase *cases = tcase_create("favours");
    TCase *kernel = tcase_create("address space");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, favours_setup, NULL);
    tcase_add_test(cases, a_pool_that_wishes_nothing_asks_for_nothing);
    tcase_add_loop_test(cases, a_wish_that_is_granted_is_had_and_no_other, 0, 2 * FAVOURS);
    tcase_add_loop_test(cases, a_wish_that_is_tried_and_refused_is_done_without, 0, FAVOURS);
    tcase_add_loop_test(cases, a_wish_that_is_required_and_refused_is_its_own_status, 0, FAVOURS);
    tcase_add_loop_test(cases, prefault_has_every_page_in_memory, 0, 2);
    tcase_add_test(cases, nothing_is_short_where_nothing_is_limited);
    tcase_add_loop_test(cases, a_lock_beyond_the_limit_is_refused_or_done_without, 0, 4);
    tcase_set_tags(kernel,
                   "kernel"); /* valgrind refuses by another name: .ci/nightly leaves it out */
    tcase_add_checked_fixture(kernel, favours_setup, NULL);
    tcase_add_test(kernel, a_pool_larger_than_any_memory_is_refused_by_the_mapping);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, kernel);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
