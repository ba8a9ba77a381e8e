/* SipHash-2-4 against the vectors of its paper's authors, whole and in pieces. */
#include <check.h>
#include <stdlib.h>

#include "siphash.h"

/* Key 00 01 .. 0f, message 00 01 .. (size - 1): appendix A of the paper has size 15; 0 and 8 are from
 * the authors' reference vectors, read as little-endian numbers. */
static const struct {
    size_t size;
    uint64_t hash;
} vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
               {8, UINT64_C(0x93f5f5799a932462)},
               {15, UINT64_C(0xa129ca6149be45e5)}};

enum { VECTORS = sizeof vectors / sizeof *vectors, SIZE = 40 };

static struct siphash_key key;
static uint8_t bytes[SIZE];

static void setup(void)
{
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)i;
    key = siphash_key(bytes);
}

START_TEST(it_is_the_function_of_the_paper)
{
    ck_assert_uint_eq(siphash(key, bytes, vectors[_i].size), vectors[_i].hash);
}
END_TEST

START_TEST(pieces_hash_as_the_whole_does_wherever_they_are_cut)
{
    for (size_t size = 0; size <= SIZE; size++)
        for (size_t first = 0; first <= size; first++)
            for (size_t second = first; second <= size; second++) {
                struct siphash hash = siphash_begin(key);

                siphash_add(&hash, bytes, first);
                siphash_add(&hash, bytes + first, second - first);
                siphash_add(&hash, bytes + second, size - second);
                ck_assert_uint_eq(siphash_end(&hash), siphash(key, bytes, size));
            }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("siphash");
    TCase *tcase = tcase_create("siphash");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, it_is_the_function_of_the_paper, 0, VECTORS);
    tcase_add_test(tcase, pieces_hash_as_the_whole_does_wherever_they_are_cut);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
