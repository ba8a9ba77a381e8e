/* The page faults of a pool, counted by the system: all of them belong to pmad_init(). */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "incPMAD.h"

/* A sanitizer's own memory comes in by faults too, whenever ours is looked at for the first time. */
#ifdef __has_feature
#    define SANITIZED __has_feature(address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#    define SANITIZED 1
#else
#    define SANITIZED 0
#endif

enum { POOL_SIZE = 16 << 20 };

/* Of the ordinary size, in a pool. */
static size_t pages(void)
{
    return POOL_SIZE / (size_t)sysconf(_SC_PAGESIZE);
}

static size_t faults(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_minflt;
}

/* Takes every block of a pool and writes to all of it. */
static void drain(struct pmad *pool, const struct pmad_layout *layout)
{
    for (size_t i = 0; i < layout->class_count; i++) {
        size_t size = layout->classes[i].block_size;

        for (void *block = pmad_alloc(pool, size); block != NULL; block = pmad_alloc(pool, size))
            memset(block, 1, size);
    }
}

/* What a pool took from the beginning of init to its end, and while it was drained. */
struct taken {
    size_t init, drain;
};

static struct taken faults_of(const struct pmad_layout *layout, struct pmad **pool)
{
    struct taken taken;
    size_t before = faults();

    ck_assert_int_eq(pmad_init(pool, layout), PMAD_OK);
    taken.init = faults() - before;
    before = faults();
    drain(*pool, layout);
    taken.drain = faults() - before;
    return taken;
}

/* The code has been run once, and so is in memory itself. */
static void warm_up(const struct pmad_layout *layout)
{
    struct pmad_layout small = *layout;
    struct pmad *pool;

    small.pool_size = 1 << 20;
    (void)faults_of(&small, &pool);
    pmad_destroy(pool);
}

static const struct pmad_layout plain = {
    .pool_size = POOL_SIZE, .class_count = 3, .classes = {{64, 30}, {1024, 30}, {65536, 40}}};

/* How much of a pool lies in huge pages: /proc/self/smaps, proc(5). */
static size_t in_huge_pages(const struct pmad *pool)
{
    static const char key[] = "AnonHugePages:";
    FILE *stream = fopen("/proc/self/smaps", "r");
    size_t kib = 0;
    char line[512], *rest;
    int inside = 0;

    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        uintptr_t begin = strtoul(line, &rest, 16);

        if (*rest == '-')
            inside = (uintptr_t)pool >= begin && (uintptr_t)pool < strtoul(rest + 1, NULL, 16);
        else if (inside && strncmp(line, key, strlen(key)) == 0)
            kib = strtoul(line + strlen(key), NULL, 10);
    }
    fclose(stream);
    return kib * 1024;
}

START_TEST(a_prefaulted_pool_takes_no_page_fault_while_all_of_it_is_written)
{
    struct pmad_layout layout = plain;
    struct taken taken;
    struct pmad *pool;

    layout.prefault = PMAD_REQUIRE;
    layout.huge_pages = _i == 0 ? PMAD_OFF : PMAD_TRY;
    warm_up(&layout);
    taken = faults_of(&layout, &pool);
    ck_assert_uint_le(taken.drain, SANITIZED ? SIZE_MAX : 0);
    pmad_destroy(pool);
}
END_TEST

/* Or the one before would show nothing. (Init itself writes to every small block, in one engine.) */
START_TEST(a_pool_that_is_not_prefaulted_takes_them_when_it_is_written)
{
    struct pmad *pool;

    ck_assert_int_eq(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0); /* nobody asked, but some give */
    warm_up(&plain);
    ck_assert_uint_gt(faults_of(&plain, &pool).drain, pages() / 4);
    pmad_destroy(pool);
    ck_assert_int_eq(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(a_pool_in_huge_pages_is_there_with_few_page_faults)
{
    struct pmad_layout layout = plain;
    struct taken taken;
    struct pmad *pool;
    size_t huge;

    layout.prefault = PMAD_REQUIRE;
    layout.huge_pages = PMAD_TRY;
    warm_up(&layout);
    taken = faults_of(&layout, &pool);
    huge = in_huge_pages(pool);
    if (huge < POOL_SIZE)
        printf("not tested: the system gave huge pages for %zu bytes of %d\n", huge, POOL_SIZE);
    else
        ck_assert_uint_lt(taken.init, SANITIZED ? SIZE_MAX : pages() / 8);
    pmad_destroy(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_faults");
    TCase *cases = tcase_create("faults");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_tags(cases,
                   "kernel"); /* valgrind takes page faults, too: .ci/nightly leaves them out */
    tcase_add_loop_test(cases, a_prefaulted_pool_takes_no_page_fault_while_all_of_it_is_written, 0,
                        2);
    tcase_add_test(cases, a_pool_that_is_not_prefaulted_takes_them_when_it_is_written);
    tcase_add_test(cases, a_pool_in_huge_pages_is_there_with_few_page_faults);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
