/* What incPMAD.h promises of a pool, tried from outside. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum {
    POOL_SIZE = 256 * 1024,
    BLOCKS_MAX = POOL_SIZE / PMAD_LEAST_BYTES + 1, /* and the NULL after the last */
    REFERENCE_LAYOUTS = 6,
    LAYOUTS = REFERENCE_LAYOUTS + 3
};

static void *blocks[BLOCKS_MAX];

/* The six reference layouts, then the largest block, odd block sizes, and as many classes as can be.*/
static struct pmad_layout layout_number(int i)
{
    struct pmad_layout largest = {.pool_size = (size_t)8 * PMAD_BLOCK_MAX,
                                  .class_count = 2,
                                  .classes = {{PMAD_BLOCK_MAX - 8, 50}, {PMAD_BLOCK_MAX, 50}}};
    struct pmad_layout odd = {
        .pool_size = POOL_SIZE, .class_count = 3, .classes = {{8, 10}, {24, 30}, {1000, 60}}};
    struct pmad_layout many = {.pool_size = POOL_SIZE, .class_count = PMAD_CLASSES_MAX};

    if (i < REFERENCE_LAYOUTS)
        return pmad_layout_of(&pmad_profiles[i], POOL_SIZE);
    for (size_t class = 0; class < many.class_count; class ++)
        many.classes[class] = (struct pmad_class){8 * (class + 1), class < 36 ? 2 : 1};
    return i == REFERENCE_LAYOUTS ? largest : i == REFERENCE_LAYOUTS + 1 ? odd : many;
}

static struct pmad *pool_of(const struct pmad_layout *layout)
{
    struct pmad *pool;

    ck_assert_int_eq(pmad_init(&pool, layout), PMAD_OK);
    ck_assert_ptr_nonnull(pool);
    return pool;
}

static struct pmad *small_pool(void)
{
    struct pmad_layout layout = {
        .pool_size = 65536, .class_count = 2, .classes = {{64, 50}, {256, 50}}};

    return pool_of(&layout);
}

static void assert_sound(struct pmad *pool)
{
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
}

/* Takes blocks of `size` bytes into `into` until there is none. Returns how many there were. */
static size_t take_all(struct pmad *pool, size_t size, void **into)
{
    size_t count = 0;

    while ((into[count] = pmad_alloc(pool, size)) != NULL)
        count++;
    return count;
}

static bool same_counters(const struct pmad_stats *left, const struct pmad_stats *right)
{
    bool same = left->used_size == right->used_size && left->refused_size == right->refused_size;

    for (size_t i = 0; i < left->class_count; i++) {
        const struct pmad_class_stats *a = &left->classes[i], *b = &right->classes[i];

        same = same && a->in_use == b->in_use && a->high_water == b->high_water &&
               a->refused == b->refused;
    }
    return same;
}

static int by_address(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t) * (void *const *)left;
    uintptr_t b = (uintptr_t) * (void *const *)right;

    return (a > b) - (a < b);
}

START_TEST(a_class_gives_exactly_the_published_count_and_then_null)
{
    struct pmad_layout layout = layout_number(_i);
    struct pmad *pool = pool_of(&layout);
    struct pmad_stats stats;
    struct pmad_fit fit;
    size_t taken = 0;

    pmad_layout_fit(&layout, &fit);
    for (size_t i = 0; i < layout.class_count; i++) {
        size_t size = layout.classes[i].block_size;

        ck_assert_uint_eq(take_all(pool, size, blocks + taken), fit.classes[i].blocks);
        ck_assert_ptr_null(pmad_alloc(pool, size));
        taken += fit.classes[i].blocks;
    }
    pmad_stats(pool, &stats);
    ck_assert_uint_eq(stats.pool_size, fit.mapping_size);
    ck_assert_uint_eq(stats.usable_size, fit.usable_size);
    for (size_t i = 0; i < layout.class_count; i++) {
        ck_assert_uint_eq(stats.classes[i].block_size, fit.classes[i].block_size);
        ck_assert_uint_eq(stats.classes[i].stride, fit.classes[i].stride);
        ck_assert_uint_eq(stats.classes[i].blocks, fit.classes[i].blocks);
        ck_assert_uint_eq(stats.classes[i].in_use, fit.classes[i].blocks);
    }
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

/* All blocks of all classes at once, every byte written with a pattern of the block's own. */
START_TEST(blocks_are_distinct_aligned_and_writable_to_the_last_byte)
{
    struct pmad_layout layout = layout_number(_i);
    struct pmad *pool = pool_of(&layout);
    size_t taken = 0;

    for (size_t i = 0; i < layout.class_count; i++) {
        size_t size = layout.classes[i].block_size;
        size_t count = take_all(pool, size, blocks + taken);

        for (size_t n = taken; n < taken + count; n++) {
            ck_assert_uint_eq((uintptr_t)blocks[n] % (size % 16 == 0 ? 16 : 8), 0);
            ck_assert_uint_eq(pmad_block_size(pool, blocks[n]), size);
            memset(blocks[n], (int)(n % 251), size);
        }
        taken += count;
    }
    for (size_t n = 0; n < taken; n++) {
        const unsigned char *bytes = blocks[n];

        for (size_t at = 0; at < pmad_block_size(pool, bytes); at++)
            if (bytes[at] != n % 251)
                ck_abort_msg("byte %zu of block %zu was overwritten", at, n);
    }
    qsort(blocks, taken, sizeof *blocks, by_address);
    for (size_t n = 1; n < taken; n++)
        ck_assert_uint_ge((uintptr_t)blocks[n] - (uintptr_t)blocks[n - 1],
                          pmad_block_size(pool, blocks[n - 1]) + PMAD_BETWEEN);
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

/* Every size of the small ones; of the others those around the class sizes, and some between. */
static size_t next_size(const struct pmad_layout *layout, size_t size)
{
    size_t next = size < 4096 ? size + 1 : size + 4099;

    for (size_t i = 0; i < layout->class_count; i++) {
        size_t block_size = layout->classes[i].block_size;

        for (size_t near = block_size - 8; near <= block_size + 1; near++)
            if (near > size && near < next)
                next = near;
    }
    return next;
}

START_TEST(the_size_alone_decides_which_class_serves)
{
    struct pmad_layout layout = layout_number(_i);
    struct pmad *pool = pool_of(&layout);
    size_t largest = layout.classes[layout.class_count - 1].block_size;
    size_t i = 0;

    for (size_t size = 1; size <= largest; size = next_size(&layout, size)) {
        void *block = pmad_alloc(pool, size);

        while (size > layout.classes[i].block_size)
            i++;
        if (block == NULL || pmad_block_size(pool, block) != layout.classes[i].block_size)
            ck_abort_msg("%zu bytes are not served by class %zu", size, i);
        pmad_free(pool, block);
    }
    ck_assert_ptr_null(pmad_alloc(pool, largest + 1));
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

START_TEST(an_empty_class_borrows_from_nobody)
{
    struct pmad *pool = small_pool();
    struct pmad_stats stats;

    take_all(pool, 64, blocks);
    ck_assert_ptr_null(pmad_alloc(pool, 1));
    ck_assert_ptr_nonnull(pmad_alloc(pool, 65));
    pmad_stats(pool, &stats);
    ck_assert_uint_eq(stats.classes[1].in_use, 1);
    ck_assert_uint_eq(stats.classes[1].refused, 0);
    pmad_destroy(pool);
}
END_TEST

START_TEST(one_block_given_back_makes_one_allocation_succeed)
{
    struct pmad *pool = small_pool();
    size_t count = take_all(pool, 64, blocks);

    for (size_t n = 0; n < count; n++) {
        pmad_free(pool, blocks[n]);
        ck_assert_ptr_eq(pmad_alloc(pool, 64), blocks[n]);
        ck_assert_ptr_null(pmad_alloc(pool, 64));
    }
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

START_TEST(a_drained_pool_fills_to_the_same_count_again_and_again)
{
    struct pmad *pool = small_pool();
    size_t count = take_all(pool, 256, blocks);
    uint64_t state = 7;

    for (int round = 0; round < 20; round++) {
        for (size_t left = count; left > 0; left--) { /* give back in any order */
            size_t n = pmad_roll(&state) % left;

            pmad_free(pool, blocks[n]);
            blocks[n] = blocks[left - 1];
        }
        assert_sound(pool);
        ck_assert_uint_eq(take_all(pool, 256, blocks), count);
        assert_sound(pool);
    }
    pmad_destroy(pool);
}
END_TEST

START_TEST(zero_and_oversize_are_refused_and_counted_as_such)
{
    static const size_t sizes[] = {
        0, 257, 258, 264, 4096, SIZE_MAX / 2, SIZE_MAX - 8, SIZE_MAX - 7, SIZE_MAX - 6, SIZE_MAX};
    struct pmad *pool = small_pool();
    struct pmad_stats stats;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ck_assert_ptr_null(pmad_alloc(pool, sizes[i]));
    pmad_stats(pool, &stats);
    ck_assert_uint_eq(stats.refused_size, sizeof sizes / sizeof *sizes);
    for (size_t i = 0; i < stats.class_count; i++) {
        ck_assert_uint_eq(stats.classes[i].refused, 0);
        ck_assert_uint_eq(stats.classes[i].in_use, 0);
    }
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

/* What the counters should say, kept by hand beside a hundred thousand rolled operations. */
START_TEST(the_counters_say_what_happened)
{
    struct pmad_layout layout = pmad_layout_of(pmad_profile_find("embedded-rtos"), 16384);
    struct pmad *pool = pool_of(&layout);
    struct pmad_stats model, stats;
    uint64_t state = 4127;
    size_t held = 0;

    pmad_stats(pool, &model);
    for (int step = 0; step < 100000; step++) {
        bool take = pmad_roll(&state) % 100 < (step / 10000 % 2 ? 25 : 75);
        size_t i = pmad_roll(&state) % layout.class_count;

        if (take) {
            struct pmad_class_stats *class = &model.classes[i];
            void *block = pmad_alloc(pool, class->block_size);

            class->refused += block == NULL;
            class->in_use += block != NULL;
            class->high_water =
                class->in_use > class->high_water ? class->in_use : class->high_water;
            model.used_size += block != NULL ? class->block_size : 0;
            blocks[held] = block;
            held += block != NULL;
        } else if (held > 0) {
            size_t n = pmad_roll(&state) % held;
            size_t size = pmad_block_size(pool, blocks[n]);

            i = 0;
            while (model.classes[i].block_size != size)
                i++;
            pmad_free(pool, blocks[n]);
            blocks[n] = blocks[--held];
            model.classes[i].in_use--;
            model.used_size -= size;
        }
        pmad_stats(pool, &stats);
        if (!same_counters(&stats, &model))
            ck_abort_msg("the counters are wrong after step %d", step);
    }
    ck_assert_uint_gt(stats.classes[0].refused, 0);
    assert_sound(pool);
    pmad_destroy(pool);
}
END_TEST

START_TEST(pools_side_by_side_do_not_disturb_each_other)
{
    struct pmad *pools[REFERENCE_LAYOUTS];
    struct pmad_stats stats;
    void *kept[REFERENCE_LAYOUTS];

    for (int i = 0; i < REFERENCE_LAYOUTS; i++) {
        struct pmad_layout layout = layout_number(i);

        pools[i] = pool_of(&layout);
        kept[i] = pmad_alloc(pools[i], 8);
        memset(kept[i], i, 8);
    }
    take_all(pools[2], 64, blocks);
    pmad_destroy(pools[3]);
    for (int i = 0; i < REFERENCE_LAYOUTS; i++) {
        if (i == 3)
            continue;
        pmad_stats(pools[i], &stats);
        ck_assert_uint_eq(stats.classes[0].in_use, i == 2 ? stats.classes[0].blocks : 1);
        ck_assert_int_eq(*(unsigned char *)kept[i], i);
        assert_sound(pools[i]);
        pmad_destroy(pools[i]);
    }
}
END_TEST

static size_t read_maps(char *into, size_t max)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t got;

    ck_assert_int_ge(fd, 0);
    while ((got = read(fd, into + size, max - size)) > 0)
        size += (size_t)got;
    ck_assert_int_eq(got, 0);
    ck_assert_uint_lt(size, max);
    close(fd);
    return size;
}

START_TEST(teardown_leaves_the_address_space_as_it_was)
{
    static char before[1 << 18], after[1 << 18];
    struct pmad_layout layout = layout_number(_i);
    size_t before_size, after_size;

    /* Once before the first look, so that what libc or a sanitizer sets up on first use is there. */
    pmad_destroy(pool_of(&layout));
    read_maps(after, sizeof after);

    before_size = read_maps(before, sizeof before);
    for (int round = 0; round < 3; round++) {
        struct pmad *pool = pool_of(&layout);

        take_all(pool, layout.classes[0].block_size, blocks);
        pmad_destroy(pool);
    }
    after_size = read_maps(after, sizeof after);
    ck_assert_uint_eq(before_size, after_size);
    ck_assert_mem_eq(before, after, before_size);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad");
    TCase *cases = tcase_create("contract");
    TCase *kernel = tcase_create("address space");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, a_class_gives_exactly_the_published_count_and_then_null, 0, LAYOUTS);
    tcase_add_loop_test(cases, blocks_are_distinct_aligned_and_writable_to_the_last_byte, 0,
                        LAYOUTS);
    tcase_add_loop_test(cases, the_size_alone_decides_which_class_serves, 0, LAYOUTS);
    tcase_add_test(cases, an_empty_class_borrows_from_nobody);
    tcase_add_test(cases, one_block_given_back_makes_one_allocation_succeed);
    tcase_add_test(cases, a_drained_pool_fills_to_the_same_count_again_and_again);
    tcase_add_test(cases, zero_and_oversize_are_refused_and_counted_as_such);
    tcase_add_test(cases, the_counters_say_what_happened);
    tcase_add_test(cases, pools_side_by_side_do_not_disturb_each_other);
    tcase_set_timeout(kernel, 120);
    tcase_set_tags(kernel, "kernel"); /* valgrind lives there, too: .ci/nightly leaves it out */
    tcase_add_loop_test(kernel, teardown_leaves_the_address_space_as_it_was, 0, LAYOUTS);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, kernel);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
