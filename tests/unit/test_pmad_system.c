/*
 * What a pool asks of the system, and what becomes of a refusal.
 *
 * madvise and mlock are taken over: each call is noted, answered with an errno when the test says so,
 * and else made in earnest. (AddressSanitizer would make mlock a call that does nothing.)
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "incPMAD.h"

#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23
#endif

enum favour { HUGE_PAGES, PREFAULT, LOCK, FAVOURS };

static struct {
    int calls, error; /* 0: in earnest */
} favours[FAVOURS];

static int answer(enum favour favour)
{
    favours[favour].calls++;
    errno = favours[favour].error;
    return favours[favour].error == 0 ? 0 : -1;
}

/* The pool tests only give these two advices; anything else comes from elsewhere. */
int madvise(void *addr, size_t len, int advice)
{
    if (advice == MADV_HUGEPAGE && answer(HUGE_PAGES) != 0)
        return -1;
    if (advice == MADV_POPULATE_WRITE && answer(PREFAULT) != 0)
        return -1;
    return (int)syscall(SYS_madvise, addr, len, advice);
}

int mlock(const void *addr, size_t len)
{
    return answer(LOCK) == 0 ? (int)syscall(SYS_mlock, addr, len) : -1;
}

static const struct wish {
    enum favour favour;
    enum pmad_status refused;
    int error;
} wishes[] = {
    {HUGE_PAGES, PMAD_HUGE_PAGES_REFUSED, EINVAL}, /* a kernel without huge pages */
    {PREFAULT, PMAD_PREFAULT_REFUSED, ENOMEM},
    {LOCK, PMAD_LOCK_REFUSED, EPERM},
};

static struct pmad_layout layout_wishing(enum favour favour, enum pmad_want want)
{
    struct pmad_layout layout = {.pool_size = 1 << 20, .class_count = 1, .classes = {{65536, 100}}};

    *(favour == HUGE_PAGES ? &layout.huge_pages
      : favour == PREFAULT ? &layout.prefault
                           : &layout.lock) = want;
    return layout;
}

static int had(const struct pmad_stats *stats, enum favour favour)
{
    return favour == HUGE_PAGES ? stats->huge_pages
           : favour == PREFAULT ? stats->prefaulted
                                : stats->locked;
}

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

START_TEST(a_pool_that_wishes_nothing_asks_for_nothing)
{
    struct pmad_layout layout = layout_wishing(LOCK, PMAD_OFF);
    struct pmad_stats stats;
    struct pmad *pool;

    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    pmad_stats(pool, &stats);
    for (int i = 0; i < FAVOURS; i++) {
        ck_assert_int_eq(favours[i].calls, 0);
        ck_assert_int_eq(had(&stats, (enum favour)i), 0);
    }
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_wish_that_is_tried_and_refused_is_done_without)
{
    const struct wish *wish = &wishes[_i];
    struct pmad_layout layout = layout_wishing(wish->favour, PMAD_TRY);
    struct pmad_stats stats;
    struct pmad *pool;

    favours[wish->favour].error = wish->error;
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    ck_assert_int_eq(favours[wish->favour].calls, 1);
    pmad_stats(pool, &stats);
    ck_assert_int_eq(had(&stats, wish->favour), 0);
    ck_assert_ptr_nonnull(pmad_alloc(pool, 65536));
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_wish_that_is_required_and_refused_is_its_own_status)
{
    const struct wish *wish = &wishes[_i];
    struct pmad_layout layout = layout_wishing(wish->favour, PMAD_REQUIRE);
    struct pmad *pool;

    favours[wish->favour].error = wish->error;
    ck_assert_int_eq(pmad_init(&pool, &layout), wish->refused);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(errno, wish->error);
    ck_assert_int_eq(favours[wish->favour].calls, 1);
}
END_TEST

START_TEST(prefault_has_every_page_in_memory)
{
    struct pmad_layout layout = layout_wishing(PREFAULT, _i == 0 ? PMAD_TRY : PMAD_REQUIRE);
    struct pmad_stats stats;
    struct pmad *pool;
    size_t pages;

    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    pmad_stats(pool, &stats);
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

START_TEST(prefault_touches_the_pages_itself_where_the_kernel_cannot)
{
    struct pmad_layout layout = layout_wishing(PREFAULT, PMAD_REQUIRE);
    struct pmad_stats stats;
    struct pmad *pool;

    favours[PREFAULT].error = EINVAL; /* Linux before 5.14 */
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    pmad_stats(pool, &stats);
    ck_assert_int_eq(stats.prefaulted, 1);
    ck_assert_uint_eq(resident_pages(pool, stats.pool_size),
                      stats.pool_size / (size_t)sysconf(_SC_PAGESIZE));
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    pmad_destroy(pool);
}
END_TEST

START_TEST(huge_pages_that_are_tried_never_fail_a_pool)
{
    struct pmad_layout layout = layout_wishing(HUGE_PAGES, PMAD_TRY);
    struct pmad *pool;

    layout.pool_size = 16 << 20;
    layout.prefault = PMAD_TRY;
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    ck_assert_int_eq(favours[HUGE_PAGES].calls, 1);
    ck_assert_int_eq(favours[PREFAULT].calls, 1);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    pmad_destroy(pool);
}
END_TEST

/* In a child of its own: without the right to lock a single byte, and without root's exemption. */
static int lock_without_rights(enum pmad_want want)
{
    struct pmad_layout layout = layout_wishing(LOCK, want);
    struct rlimit none = {0, 0};
    struct pmad_stats stats = {0};
    enum pmad_status status;
    struct pmad *pool;

    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return -1;
    status = pmad_init(&pool, &layout);
    if (pool != NULL)
        pmad_stats(pool, &stats);
    pmad_destroy(pool);
    return stats.locked ? -2 : (int)status;
}

START_TEST(a_lock_beyond_rlimit_memlock_is_refused_or_done_without)
{
    enum pmad_want want = _i == 0 ? PMAD_REQUIRE : PMAD_TRY;
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(lock_without_rights(want));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), want == PMAD_REQUIRE ? PMAD_LOCK_REFUSED : PMAD_OK);
}
END_TEST

START_TEST(a_pool_larger_than_any_memory_is_refused_by_the_mapping)
{
    struct pmad_layout layout = layout_wishing(LOCK, PMAD_OFF);
    struct pmad *pool;

    layout.pool_size = (size_t)PTRDIFF_MAX / 4;
    errno = 0;
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_MAPPING_REFUSED);
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_ptr_null(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_system");
    TCase *cases = tcase_create("favours");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(cases, a_pool_that_wishes_nothing_asks_for_nothing);
    tcase_add_loop_test(cases, a_wish_that_is_tried_and_refused_is_done_without, 0, FAVOURS);
    tcase_add_loop_test(cases, a_wish_that_is_required_and_refused_is_its_own_status, 0, FAVOURS);
    tcase_add_loop_test(cases, prefault_has_every_page_in_memory, 0, 2);
    tcase_add_test(cases, prefault_touches_the_pages_itself_where_the_kernel_cannot);
    tcase_add_test(cases, huge_pages_that_are_tried_never_fail_a_pool);
    tcase_add_loop_test(cases, a_lock_beyond_rlimit_memlock_is_refused_or_done_without, 0, 2);
    tcase_add_test(cases, a_pool_larger_than_any_memory_is_refused_by_the_mapping);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
