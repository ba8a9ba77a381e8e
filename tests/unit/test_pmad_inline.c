/* pmad_inline.h is pmad_alloc() and pmad_free() to the letter: two pools of one layout live through the
 * same operations, one by calls, the other inline, and nothing tells them apart. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "incPMAD.h"
#include "pmad_fixture.h"
#include "pmad_inline.h"

enum { POOL_SIZE = 64 * 1024, HELD = POOL_SIZE / PMAD_LEAST_BYTES, STEPS = 20000, LAYOUTS = 7 };

/* One of two pools, and the blocks that are taken from it. */
struct side {
    struct pmad *pool;
    void *held[HELD];
    struct pmad_stats stats;
};

static struct side called, inlined;

/* The six reference layouts, and as many classes as can be. */
static struct pmad_layout layout_number(int i)
{
    struct pmad_layout many = {.pool_size = 4 * (size_t)POOL_SIZE, .class_count = PMAD_CLASSES_MAX};

    if (pmad_profiles[i].name != NULL)
        return pmad_layout_of(&pmad_profiles[i], POOL_SIZE);
    for (size_t class = 0; class < many.class_count; class ++)
        many.classes[class] = (struct pmad_class){8 * (class + 1), class < 36 ? 2 : 1};
    return many;
}

static size_t offset_in(const struct side *side, const void *block)
{
    return block == NULL ? SIZE_MAX : (size_t)((const char *)block - (const char *)side->pool);
}

static void assert_alike(int step)
{
    const struct pmad_stats *a = &called.stats, *b = &inlined.stats;

    pmad_stats(called.pool, &called.stats);
    pmad_stats(inlined.pool, &inlined.stats);
    if (a->used_size != b->used_size || a->refused_size != b->refused_size)
        ck_abort_msg("the sums differ after step %d", step);
    for (size_t i = 0; i < a->class_count; i++)
        if (a->classes[i].in_use != b->classes[i].in_use ||
            a->classes[i].high_water != b->classes[i].high_water ||
            a->classes[i].refused != b->classes[i].refused)
            ck_abort_msg("class %zu differs after step %d", i, step);
}

/* Sizes of all classes, one byte around each of them, none, and too much. */
static size_t roll_size(uint64_t *state, const struct pmad_layout *layout)
{
    uint64_t roll = pmad_roll(state);
    const struct pmad_class *class = &layout->classes[roll % layout->class_count];

    if (roll >> 60 == 0)
        return roll & 1 << 20 ? 0 : SIZE_MAX - (roll >> 32 & 15);
    return class->block_size + 1 - (roll >> 32) % 3;
}

/* Takes a block on either side; returns whether there was one. */
static bool take(size_t held, size_t size)
{
    called.held[held] = pmad_alloc(called.pool, size);
    inlined.held[held] = pmad_alloc_inline(inlined.pool, size);
    ck_assert_uint_eq(offset_in(&called, called.held[held]),
                      offset_in(&inlined, inlined.held[held]));
    return called.held[held] != NULL;
}

/* Gives any one of the blocks back. Returns how many are left. */
static size_t give_back(uint64_t roll, size_t held)
{
    size_t n = roll % held--;

    pmad_free(called.pool, called.held[n]);
    pmad_free_inline(inlined.pool, inlined.held[n]);
    called.held[n] = called.held[held];
    inlined.held[n] = inlined.held[held];
    return held;
}

START_TEST(calls_and_the_inline_functions_cannot_be_told_apart)
{
    struct pmad_layout layout = layout_number(_i);
    uint64_t state = 65537;
    size_t held = 0;

    ck_assert_int_eq(pmad_init(&called.pool, &layout), PMAD_OK);
    ck_assert_int_eq(pmad_init(&inlined.pool, &layout), PMAD_OK);
    for (int step = 0; step < STEPS; step++) {
        unsigned takes_of_8 = step / 4000 % 2 ? 3 : 6; /* towards empty, towards full */

        if (held < HELD && pmad_roll(&state) % 8 < takes_of_8)
            held += take(held, roll_size(&state, &layout));
        else if (held > 0)
            held = give_back(pmad_roll(&state), held);
        if (pmad_roll(&state) % 16 == 0) {
            pmad_free(called.pool, NULL);
            pmad_free_inline(inlined.pool, NULL);
        }
        assert_alike(step);
    }
    ck_assert_uint_gt(called.stats.refused_size, 0);
    ck_assert_uint_gt(called.stats.used_size, 0);
    ck_assert_int_eq(pmad_check(called.pool, NULL), PMAD_SOUND);
    ck_assert_int_eq(pmad_check(inlined.pool, NULL), PMAD_SOUND);
    pmad_destroy(called.pool);
    pmad_destroy(inlined.pool);
}
END_TEST

START_TEST(a_block_may_be_taken_by_one_and_given_back_by_the_other)
{
    struct pmad_layout layout = layout_number(_i);
    size_t size = layout.classes[0].block_size;
    struct pmad *pool;

    ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
    for (int round = 0; round < 100; round++) {
        void *first = pmad_alloc(pool, size), *second = pmad_alloc_inline(pool, size);

        ck_assert_ptr_nonnull(first);
        ck_assert_ptr_nonnull(second);
        ck_assert_ptr_ne(first, second);
        pmad_free_inline(pool, first);
        pmad_free(pool, second);
        ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    }
    pmad_destroy(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_inline");
    TCase *cases = tcase_create("alike");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, calls_and_the_inline_functions_cannot_be_told_apart, 0, LAYOUTS);
    tcase_add_loop_test(cases, a_block_may_be_taken_by_one_and_given_back_by_the_other, 0, LAYOUTS);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
