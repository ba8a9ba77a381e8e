/*
 * What a build with PMAD_VALGRIND tells memcheck, which is asked for what it knows of single bytes. Without
 * valgrind there is nobody to ask, and the suite is skipped.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "incPMAD.h"
#include "pmad_pool.h" /* PMAD_GUARD_CANARY_SIZE */

enum { POOL_SIZE = 64 * 1024, BLOCK = 128, SKIPPED = 77 };

static unsigned char region[POOL_SIZE] __attribute__((aligned(64)));
static struct pmad *pool;

static void make_pool(void)
{
    static const struct pmad_layout layout = {
        .pool_size = POOL_SIZE, .class_count = 2, .classes = {{BLOCK, 50}, {1024, 50}}};

    ck_assert_int_eq(pmad_init_at(&pool, region, POOL_SIZE, &layout), PMAD_OK);
}

static void end_pool(void)
{
    pmad_destroy(pool);
}

/* What memcheck may know of a byte: that nobody may touch it, that nobody has written it, its content. */
enum knowledge { FORBIDDEN, UNWRITTEN, WRITTEN };

static enum knowledge known_of(const char *byte)
{
    uint8_t unwritten_bits = 0;
    unsigned answer = VALGRIND_GET_VBITS(byte, &unwritten_bits, 1);

    if (answer == 3)
        return FORBIDDEN;
    if (answer != 1)
        ck_abort_msg("memcheck answers %u", answer);
    return unwritten_bits == 0 ? WRITTEN : UNWRITTEN;
}

static void assert_all_known(const char *bytes, size_t size, enum knowledge expected)
{
    for (size_t i = 0; i < size; i++)
        if (known_of(bytes + i) != expected)
            ck_abort_msg("byte %zu of %zu", i, size);
}

START_TEST(what_is_in_a_fresh_block_says_nothing_whatever_was_in_it_before)
{
    char *block = pmad_alloc(pool, BLOCK);

    assert_all_known(block, BLOCK, UNWRITTEN);
    memset(block, 1, BLOCK);
    assert_all_known(block, BLOCK, WRITTEN);
    pmad_free(pool, block);
    ck_assert_ptr_eq(pmad_alloc(pool, BLOCK), block);
    assert_all_known(block, BLOCK, UNWRITTEN);
}
END_TEST

START_TEST(a_block_that_was_given_back_or_never_taken_is_nobodys)
{
    char *first = pmad_alloc(pool, BLOCK);
    char *second = pmad_alloc(pool, BLOCK);

    pmad_free(pool, second);
    assert_all_known(second, BLOCK, FORBIDDEN);
    second += second - first; /* the pool is fresh: blocks come in the order of addresses */
    assert_all_known(second, BLOCK, FORBIDDEN);
}
END_TEST

START_TEST(what_lies_behind_a_block_is_nobodys)
{
    char *block = pmad_alloc(pool, BLOCK);

    assert_all_known(block + BLOCK, PMAD_GUARD_CANARY_SIZE, FORBIDDEN);
}
END_TEST

START_TEST(a_check_of_the_pool_changes_nothing)
{
    char *taken = pmad_alloc(pool, BLOCK);
    char *freed = pmad_alloc(pool, BLOCK);

    taken[0] = 1;
    pmad_free(pool, freed);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    assert_all_known(taken, 1, WRITTEN);
    assert_all_known(taken + 1, BLOCK - 1, UNWRITTEN);
    assert_all_known(taken + BLOCK, PMAD_GUARD_CANARY_SIZE, FORBIDDEN);
    assert_all_known(freed, BLOCK, FORBIDDEN);
}
END_TEST

START_TEST(the_memory_is_anybodys_when_the_pool_has_ended)
{
    char *block = pmad_alloc(pool, BLOCK);

    pmad_free(pool, block);
    pmad_destroy(pool);
    assert_all_known((char *)region, POOL_SIZE, WRITTEN);
    make_pool();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_memcheck");
    TCase *cases = tcase_create("knowledge");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!RUNNING_ON_VALGRIND)
        return SKIPPED;
    tcase_add_checked_fixture(cases, make_pool, end_pool);
    tcase_add_test(cases, what_is_in_a_fresh_block_says_nothing_whatever_was_in_it_before);
    tcase_add_test(cases, a_block_that_was_given_back_or_never_taken_is_nobodys);
    tcase_add_test(cases, what_lies_behind_a_block_is_nobodys);
    tcase_add_test(cases, a_check_of_the_pool_changes_nothing);
    tcase_add_test(cases, the_memory_is_anybodys_when_the_pool_has_ended);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
