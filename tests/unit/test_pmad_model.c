/*
 * The arithmetic in the comment of incPMAD.h, worked a second time and as slowly as it reads: a pool is
 * built up block by block. pmad_layout_fit() has to come to the same, and a pool has to have so many
 * blocks, for whatever layout is rolled.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_fixture.h"

enum { HUGE_PAGE = 2 * 1024 * 1024, LARGEST_POOL = 4 * 1024 * 1024 };

static size_t up(size_t size, size_t to)
{
    return size % to == 0 ? size : size - size % to + to;
}

static size_t mapping_of(const struct pmad_layout *layout)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (layout->explicit_huge_pages != PMAD_OFF)
        return up(layout->pool_size, HUGE_PAGE);
    if (layout->huge_pages != PMAD_OFF && layout->pool_size >= HUGE_PAGE)
        return up(layout->pool_size, HUGE_PAGE);
    return up(layout->pool_size, page);
}

static size_t granule_of(size_t pool_size)
{
    size_t granule = 256;

    if (PMAD_INTRUSIVE)
        return 16;
    while (pool_size / granule > 1024 || pool_size / granule > granule / 4)
        granule *= 2;
    return granule;
}

/* What lies beside so many blocks. */
static size_t side_of(size_t blocks)
{
    size_t slots = PMAD_INTRUSIVE ? 0 : 8 * (blocks + 1);
    size_t states = PMAD_GUARD ? blocks : 0;

    return up(slots + states, 64);
}

static size_t stride_of(size_t block_size)
{
    size_t with_canary = block_size + (PMAD_GUARD ? 16 : 0);

    return PMAD_INTRUSIVE ? 16 + up(with_canary, 16) : with_canary;
}

/* Returns whether a line is left free between block number `index` and the one before it. The lines
 * follow each KiB, or as many whole blocks as go into one; a larger block by itself. */
static bool gap_before(size_t index, size_t block_size)
{
    size_t together;

    if (PMAD_INTRUSIVE || block_size % 128 != 0 || index == 0)
        return false;
    together = block_size > 1024 ? 1 : 1024 / block_size;
    return index % together == 0;
}

/* Lays block after block into `bytes` until the next one would not go in. */
static size_t blocks_in(size_t block_size, size_t bytes)
{
    size_t stride = stride_of(block_size);
    size_t end = 0;

    for (size_t blocks = 0;; blocks++) {
        end += stride + (gap_before(blocks, block_size) ? 64 : 0);
        if (side_of(blocks + 1) + end > bytes)
            return blocks;
    }
}

/* What cannot be left out of the metadata; with what it takes to line up its parts, and less than a
 * granule so that whole ones are left, that is all of it. */
static void assert_metadata(const struct pmad_layout *layout, const struct pmad_fit *fit)
{
    const struct pmad *none = NULL;
    size_t granule = granule_of(fit->mapping_size);
    size_t units = layout->classes[layout->class_count - 1].block_size / PMAD_GRANULARITY + 1;
    size_t needed = sizeof(struct pmad) + units * sizeof *none->list_at;

    needed += (layout->class_count + PMAD_LISTS_EXTRA) * sizeof(struct pmad_run);
    needed += PMAD_INTRUSIVE ? 0 : 8 * (fit->mapping_size / granule + 1);
    ck_assert_uint_ge(fit->metadata_size, needed);
    if (fit->usable_size > 0)
        ck_assert_uint_lt(fit->metadata_size, needed + 8 + 64 + (granule > 64 ? granule : 64));
}

static void assert_fit_is_the_model(const struct pmad_layout *layout)
{
    size_t granule, left, without = layout->class_count;
    struct pmad_fit fit;

    pmad_layout_fit(layout, &fit);
    granule = granule_of(fit.mapping_size);
    left = fit.usable_size;
    ck_assert_uint_eq(fit.mapping_size, mapping_of(layout));
    ck_assert_uint_eq(fit.usable_size % granule, 0);
    if (fit.usable_size > 0)
        ck_assert_uint_eq(fit.metadata_size + fit.usable_size, fit.mapping_size);
    assert_metadata(layout, &fit);

    for (size_t i = 0; i < layout->class_count; i++) {
        const struct pmad_fit_class *class = &fit.classes[i];
        size_t block_size = layout->classes[i].block_size;
        size_t part = fit.usable_size * layout->classes[i].share / 100;

        part = i + 1 == layout->class_count ? left : part - part % granule;
        left -= part;
        ck_assert_uint_eq(class->bytes, part);
        ck_assert_uint_eq(class->block_size, block_size);
        ck_assert_uint_eq(class->stride, stride_of(block_size));
        ck_assert_uint_eq(class->blocks, blocks_in(block_size, part));
        ck_assert_uint_eq(class->side, class->blocks == 0 ? 0 : side_of(class->blocks));
        ck_assert_int_eq(class->group > 0, !PMAD_INTRUSIVE && block_size % 128 == 0);
        if (class->blocks == 0 && without > i)
            without = i;
    }
    ck_assert_uint_eq(left, 0);
    ck_assert_int_eq(fit.status, without < layout->class_count ? PMAD_POOL_TOO_SMALL : PMAD_OK);
    ck_assert_uint_eq(fit.class_at_fault, without < layout->class_count ? without : 0);
}

/* A layout of up to 64 classes in anything from nothing to a few huge pages. */
static struct pmad_layout roll(uint64_t *state, int round)
{
    struct pmad_layout layout = pmad_roll_layout(state, (size_t)64 << round % 12);

    layout.pool_size = pmad_roll(state) % LARGEST_POOL >> round % 11;
    layout.huge_pages = round % 4 == 3 ? PMAD_TRY : PMAD_OFF;
    layout.explicit_huge_pages = round % 9 == 8 ? PMAD_TRY : PMAD_OFF;
    return layout;
}

START_TEST(every_figure_of_a_rolled_layout_is_the_published_one)
{
    uint64_t state = 314159265358979;

    for (int round = 0; round < 1500; round++) {
        struct pmad_layout layout = roll(&state, round);

        assert_fit_is_the_model(&layout);
    }
}
END_TEST

/* The sizes that gaps depend on, in parts that end near a block, a gap, a line. */
START_TEST(parts_that_just_do_and_just_do_not_hold_a_block_more_are_right)
{
    static const size_t sizes[] = {8,   56,  64,  120, 128,  136,  256,
                                   384, 512, 640, 768, 1024, 1152, 4096};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct pmad_layout layout = {.class_count = 1, .classes = {{sizes[i], 100}}};

        for (size_t bytes = 2048; bytes < 32768; bytes += 64) {
            struct pmad_fit fit;

            pmad_region_fit(&layout, bytes, &fit);
            ck_assert_uint_eq(fit.mapping_size, bytes);
            ck_assert_uint_eq(fit.classes[0].blocks, blocks_in(sizes[i], fit.usable_size));
        }
    }
}
END_TEST

START_TEST(a_pool_of_a_rolled_layout_has_the_published_blocks_to_the_last_one)
{
    uint64_t state = 161803398875;
    int made = 0;

    for (int round = 0; round < 300; round++) {
        struct pmad_layout layout = roll(&state, round);
        struct pmad_fit fit;
        struct pmad *pool;

        layout.explicit_huge_pages = PMAD_OFF; /* there may be some, but not for us */
        if (pmad_layout_fit(&layout, &fit) != PMAD_OK)
            continue;
        made++;
        ck_assert_int_eq(pmad_init(&pool, &layout), PMAD_OK);
        for (size_t i = 0; i < layout.class_count; i++) {
            size_t size = layout.classes[i].block_size;
            const char *block, *last = NULL;

            for (size_t n = 0; n < fit.classes[i].blocks; n++, last = block) {
                block = pmad_alloc(pool, size);
                ck_assert_ptr_nonnull(block);
                if (last != NULL)
                    ck_assert_int_eq(block - last, (ptrdiff_t)(fit.classes[i].stride +
                                                               (gap_before(n, size) ? 64 : 0)));
            }
            ck_assert_ptr_null(pmad_alloc(pool, size));
        }
        ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
        pmad_destroy(pool);
    }
    ck_assert_int_gt(made, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_model");
    TCase *cases = tcase_create("arithmetic");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, every_figure_of_a_rolled_layout_is_the_published_one);
    tcase_add_test(cases, parts_that_just_do_and_just_do_not_hold_a_block_more_are_right);
    tcase_add_test(cases, a_pool_of_a_rolled_layout_has_the_published_blocks_to_the_last_one);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
