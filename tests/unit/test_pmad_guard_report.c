/* Who hears of a crime: the handler, or stderr and a trap, or AddressSanitizer first; or nobody. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_guard.h"
#include "pmad_guard_fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#    define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define ADDRESS_SANITIZER 1
#    endif
#endif

#if PMAD_GUARD

START_TEST(the_memory_of_a_destroyed_pool_is_the_callers_again)
{
    pmad_free(pool, take(2));
    pmad_destroy(pool);
    memset(region, 0xee, POOL_SIZE);
    make_pool();
    take(2);
    ck_assert_int_eq(noted.count, 0);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
}
END_TEST

static void free_twice(void)
{
    char *block = take(2);

    pmad_free(pool, block);
    pmad_free(pool, block);
}

static void free_what_is_not_ours(void)
{
    pmad_free(pool, &noted);
}

static void write_behind(void)
{
    char *block;

    take(1);
    block = take(1);
    scrawl(block + 64);
    pmad_free(pool, block);
}

static void write_after_free(void)
{
    char *block = take(3);

    pmad_free(pool, block);
    scrawl(block);
    take(3);
}

static const struct death {
    void (*deed)(void);
    const char *last_words;
} deaths[] = {
    {free_twice,
     "pmad: a block that is not in use was given back: class 2 (128 bytes), block 0: at 0x"},
    {free_what_is_not_ours, "pmad: an address outside the pool was given back: in no class: at 0x"},
    {write_behind,
     "pmad: a block was written to behind its end: class 1 (64 bytes), block 1: at 0x"},
    {write_after_free,
     "pmad: a block was written to after it was given back: class 3 (512 bytes), block 0: at 0x"},
};

/* Has a child do `deed`. Returns how it ended, and what it wrote to stderr. */
static int end_of(void (*prepare)(void), void (*deed)(void), char *words, size_t max)
{
    size_t size = 0;
    ssize_t got;
    int status, ends[2];
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        prepare();
        deed();
        _exit(0);
    }
    close(ends[1]);
    while (size < max - 1 && (got = read(ends[0], words + size, max - 1 - size)) > 0)
        size += (size_t)got;
    words[size] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static void map_pool(void)
{
    pmad_guard_on_crime(NULL, NULL);
    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
}

static void nobody_listens(void)
{
    pmad_guard_on_crime(NULL, NULL);
}

START_TEST(a_crime_that_nobody_handles_is_told_on_stderr_and_is_the_end)
{
    char words[1024];
    int status = end_of(map_pool, deaths[_i].deed, words, sizeof words);

    ck_assert_msg(strstr(words, deaths[_i].last_words) == words, "it said: %s", words);
    ck_assert_ptr_nonnull(strstr(words, ", seen 0x"));
    ck_assert_ptr_nonnull(strstr(words, ", expected 0x"));
    ck_assert_ptr_eq(strchr(words, '\n'), words + strlen(words) - 1);
    ck_assert(WIFSIGNALED(status));
}
END_TEST

START_TEST(where_there_may_be_no_libc_it_is_the_end_without_a_word)
{
    char words[1024];
    int status = end_of(nobody_listens, free_twice, words, sizeof words);

    ck_assert_str_eq(words, "");
    ck_assert(WIFSIGNALED(status));
}
END_TEST

#    ifdef ADDRESS_SANITIZER
static void read_after_free(void)
{
    char *block = take(3);

    pmad_free(pool, block);
    _exit(*(volatile char *)(block + 511));
}

static void overwrite_after_free(void)
{
    char *block = take(0);

    pmad_free(pool, block);
    *(volatile char *)block = 1;
}

static void read_behind(void)
{
    _exit(take(1)[64]);
}

static void overwrite_behind(void)
{
    ((volatile char *)take(0))[24] = 1;
}

static void touch_before_it_is_taken(void)
{
    ((volatile char *)take(1))[pool->runs[1].stride] = 1;
}

START_TEST(address_sanitizer_ends_the_access_itself)
{
    static void (*const deeds[])(void) = {read_after_free, overwrite_after_free, read_behind,
                                          overwrite_behind, touch_before_it_is_taken};
    static char words[1 << 16];
    int status = end_of(nobody_listens, deeds[_i], words, sizeof words);

    ck_assert_msg(strstr(words, "AddressSanitizer: use-after-poison") != NULL, "it said: %s",
                  words);
    ck_assert_int_ne(status, 0);
}
END_TEST
#    endif

static void add_tests(TCase *cases)
{
    tcase_add_checked_fixture(cases, make_pool, end_pool);
    tcase_add_test(cases, the_memory_of_a_destroyed_pool_is_the_callers_again);
    tcase_add_loop_test(cases, a_crime_that_nobody_handles_is_told_on_stderr_and_is_the_end, 0,
                        sizeof deaths / sizeof *deaths);
    tcase_add_test(cases, where_there_may_be_no_libc_it_is_the_end_without_a_word);
#    ifdef ADDRESS_SANITIZER
    tcase_add_loop_test(cases, address_sanitizer_ends_the_access_itself, 0, 5);
#    endif
}

#else

START_TEST(without_the_guard_its_functions_do_nothing)
{
    char *block = take(3);
    struct pmad_crime crime;

    pmad_free(pool, block);
    scrawl(block);
    pmad_free(pool, &crime);
    ck_assert_ptr_eq(take(3), block);
    ck_assert_int_eq(noted.count, 0);
    ck_assert_int_eq(pmad_guard_find(pool, &crime), 0);
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_checked_fixture(cases, make_pool, end_pool);
    tcase_add_test(cases, without_the_guard_its_functions_do_nothing);
}

#endif

START_TEST(the_library_says_whether_it_is_guarded)
{
    ck_assert_int_eq(pmad_is_guarded(), PMAD_GUARD);
}
END_TEST

START_TEST(every_crime_has_words_of_its_own)
{
    for (int i = 0; i <= PMAD_FREE_LIST_MISLEADING; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(pmad_crime_text((enum pmad_crime_kind)i),
                             pmad_crime_text((enum pmad_crime_kind)j));
    ck_assert_str_eq(pmad_crime_text((enum pmad_crime_kind)(PMAD_FREE_LIST_MISLEADING + 1)),
                     "unknown crime");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_guard_report");
    TCase *cases = tcase_create("report");
    SRunner *runner = srunner_create(suite);
    int failed;

    add_tests(cases);
    tcase_add_test(cases, the_library_says_whether_it_is_guarded);
    tcase_add_test(cases, every_crime_has_words_of_its_own);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
