/*
 * Every crime that pmad_guard.h names is committed here, found by pmad_check() and reported by the next
 * operation on the block. What is done to memory goes past AddressSanitizer and memcheck (unseen.h), so
 * that it is the guard that has to see it in every build.
 */
#include <check.h>
#include <stdlib.h>

#include "incPMAD.h"
#include "pmad_engine.h"
#include "pmad_fixture.h"
#include "pmad_guard.h"
#include "pmad_guard_fixture.h"

enum { CANARY = PMAD_GUARD_CANARY_SIZE };

static size_t in_use(size_t class)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    return stats.classes[class].in_use;
}

/* Copies `size` bytes, a multiple of 8, to where nobody may write. */
UNSEEN static void copy_over(char *to, const char *from, size_t size)
{
    LOOK_AWAY;
    for (size_t i = 0; i < size; i += 8)
        *(volatile uint64_t *)(void *)(to + i) =
            *(const volatile uint64_t *)(const void *)(from + i);
    LOOK_AGAIN;
}

/* Asserts that this was reported, once, and forgets it. */
static void assert_noted(enum pmad_crime_kind kind, size_t class, size_t index, const void *address)
{
    ck_assert_int_eq(noted.count, 1);
    ck_assert_str_eq(pmad_crime_text(noted.crime.kind), pmad_crime_text(kind));
    ck_assert_uint_eq(noted.crime.class_index, class);
    ck_assert_uint_eq(noted.crime.block_index, index);
    ck_assert_ptr_eq(noted.crime.address, address);
    ck_assert_ptr_eq(noted.pool, pool);
    noted.count = 0;
}

/* The same of a word that was written to at `at`. */
static void assert_noted_word(enum pmad_crime_kind kind, size_t class, size_t index, const char *at)
{
    uint64_t wrong = noted.crime.seen ^ noted.crime.expected;

    assert_noted(kind, class, index, at - (uintptr_t)at % 8);
    ck_assert_uint_ne(wrong, 0);
    ck_assert_uint_eq(wrong & ~((uint64_t)0xff << (uintptr_t)at % 8 * 8), 0); /* little-endian */
}

/* Asserts that the pool shows this to pmad_check(), and to pmad_guard_find(), and reports nothing. */
static void assert_found(enum pmad_finding finding, enum pmad_crime_kind kind, size_t class,
                         size_t index)
{
    struct pmad_crime crime;
    struct pmad_check check;

    ck_assert_str_eq(pmad_finding_text(pmad_check(pool, &check)), pmad_finding_text(finding));
    ck_assert_uint_eq(check.class_index, class);
    ck_assert_uint_eq(check.block_index, index);
    ck_assert_int_eq(pmad_guard_find(pool, &crime), 1);
    ck_assert_int_eq(crime.kind, kind);
    ck_assert_uint_eq(crime.class_index, class);
    ck_assert_uint_eq(crime.block_index, index);
    ck_assert_uint_ne(crime.seen, crime.expected);
    ck_assert_int_eq(noted.count, 0);
}

static void assert_innocent(void)
{
    struct pmad_crime crime;

    ck_assert_int_eq(noted.count, 0);
    ck_assert_str_eq(pmad_finding_text(pmad_check(pool, NULL)), pmad_finding_text(PMAD_SOUND));
    ck_assert_int_eq(pmad_guard_find(pool, &crime), 0);
}

/* ---- what is given back and should not be ---- */

START_TEST(a_block_given_back_twice_is_reported_and_stays_given_back_once)
{
    size_t class = (size_t)_i;
    char *first = take(class), *second = take(class);

    pmad_free(pool, second);
    pmad_free(pool, second);
    assert_noted(PMAD_DOUBLE_FREE, class, 1, second);
    ck_assert_uint_ne(noted.crime.seen, noted.crime.expected);
    ck_assert_uint_eq(in_use(class), 1);
    assert_innocent();
    ck_assert_ptr_eq(take(class), second);
    ck_assert_ptr_ne(take(class), second);
    pmad_free(pool, first);
    pmad_free(pool, second);
    pmad_free(pool, first);
    assert_noted(PMAD_DOUBLE_FREE, class, 0, first);
    assert_innocent();
}
END_TEST

START_TEST(a_block_that_was_never_taken_cannot_be_given_back)
{
    size_t class = (size_t)_i;
    char *block = pmad_block_at(&pool->runs[class], 5);

    pmad_free(pool, block);
    assert_noted(PMAD_DOUBLE_FREE, class, 5, block);
    ck_assert_uint_eq(in_use(class), 0);
    assert_innocent();
}
END_TEST

START_TEST(an_address_outside_the_pool_is_reported_but_null_is_not)
{
    static char other_region[POOL_SIZE] __attribute__((aligned(64)));
    struct pmad *other;
    char on_the_stack;
    char *foreign[5] = {&on_the_stack, (char *)region - 1, (char *)region + POOL_SIZE, (char *)8};

    ck_assert_int_eq(pmad_init_at(&other, other_region, POOL_SIZE, &layout), PMAD_OK);
    foreign[4] = pmad_alloc(other, 64);
    for (size_t i = 0; i < 5; i++) {
        pmad_free(pool, foreign[i]);
        assert_noted(PMAD_FOREIGN_FREE, PMAD_NO_CLASS, 0, foreign[i]);
        ck_assert_uint_eq(noted.crime.seen, (uintptr_t)foreign[i]);
        ck_assert_uint_eq(noted.crime.expected, (uintptr_t)pool);
    }
    pmad_free(pool, NULL);
    pmad_free(other, foreign[4]);
    pmad_destroy(other);
    assert_innocent();
}
END_TEST

START_TEST(an_address_inside_a_block_is_reported_with_the_block_it_is_in)
{
    size_t class = (size_t)_i;
    const struct pmad_run *run = &pool->runs[class];
    char *block;

    take(class);
    block = take(class);
    for (size_t off = 1; off < run->stride - PMAD_HEADER_SIZE; off++) {
        pmad_free(pool, block + off);
        assert_noted(PMAD_INTERIOR_FREE, class, 1, block + off);
        ck_assert_uint_eq(noted.crime.expected, (uintptr_t)block);
    }
    pmad_free(pool, block - 1); /* in the header, or behind the block before */
    assert_noted(PMAD_INTERIOR_FREE, class, 0, block - 1);
    ck_assert_uint_eq(in_use(class), 2);
    assert_innocent();
}
END_TEST

START_TEST(addresses_in_the_metadata_and_beside_the_blocks_are_reported)
{
    const struct pmad_run *run = &pool->runs[2];
    char *beside = run->first - PMAD_HEADER_SIZE - run->side;

    pmad_free(pool, region);
    assert_noted(PMAD_INTERIOR_FREE, PMAD_NO_CLASS, 0, region);
    pmad_free(pool, &pool->runs[1]);
    assert_noted(PMAD_INTERIOR_FREE, PMAD_NO_CLASS, 0, &pool->runs[1]);
    pmad_free(pool, beside);
    assert_noted(PMAD_INTERIOR_FREE, 2, 0, beside);
    pmad_free(pool, pmad_block_at(run, run->blocks));
    assert_noted(PMAD_INTERIOR_FREE, 2, run->blocks - 1, pmad_block_at(run, run->blocks));
    if (run->group > 0) { /* the gap behind the first group */
        char *gap = pmad_block_at(run, run->group - 1) + run->stride;

        pmad_free(pool, gap);
        assert_noted(PMAD_INTERIOR_FREE, 2, run->group - 1, gap);
    }
    assert_innocent();
}
END_TEST

/* All but the four blocks in use, which are passed over; those that begin a free block are double. */
START_TEST(no_address_of_the_pool_can_be_given_back_but_those_of_blocks_in_use)
{
    char *held[CLASSES];
    size_t doubles = 0, blocks = 0;

    for (size_t i = 0; i < CLASSES; i++) {
        held[i] = take(i);
        blocks += pool->runs[i].blocks;
    }
    for (size_t at = 0; at < POOL_SIZE; at++) {
        char *address = (char *)region + at;

        if (address == held[0] || address == held[1] || address == held[2] || address == held[3])
            continue;
        noted.count = 0;
        pmad_free(pool, address);
        ck_assert_int_eq(noted.count, 1);
        doubles += noted.crime.kind == PMAD_DOUBLE_FREE;
    }
    noted.count = 0;
    ck_assert_uint_eq(doubles, blocks - CLASSES);
    for (size_t i = 0; i < CLASSES; i++) {
        ck_assert_uint_eq(in_use(i), 1);
        pmad_free(pool, held[i]);
    }
    assert_innocent();
}
END_TEST

/* ---- what is written to and should not be ---- */

START_TEST(each_byte_behind_a_block_is_watched)
{
    size_t class = (size_t)_i, size = layout.classes[class].block_size;

    take(class);
    for (size_t i = 0; i < CANARY; i++) {
        char *block = take(class);

        scrawl(block + size + i);
        assert_found(PMAD_CANARY_BROKEN, PMAD_WRITE_BEHIND, class, 1);
        pmad_free(pool, block);
        assert_noted_word(PMAD_WRITE_BEHIND, class, 1, block + size + i);
        ck_assert_uint_eq(in_use(class), 1); /* it was given back after all */
        assert_innocent();
    }
}
END_TEST

START_TEST(a_block_copied_over_another_with_what_lies_behind_it_is_seen)
{
    size_t class = (size_t)_i, size = layout.classes[class].block_size;
    char *from = take(class), *over = take(class);

    copy_over(over, from, size + CANARY);
    assert_found(PMAD_CANARY_BROKEN, PMAD_WRITE_BEHIND, class, 1);
    pmad_free(pool, over);
    assert_noted(PMAD_WRITE_BEHIND, class, 1, over + size);
    assert_innocent();
}
END_TEST

/* With stack, what lies before a block is what lies behind its neighbour. */
START_TEST(each_byte_before_a_block_is_watched)
{
    size_t class = (size_t)_i;

    for (size_t i = 1; i <= 16; i++) {
        char *first = take(class), *second = take(class);

        scrawl(second - i);
        if (PMAD_INTRUSIVE)
            assert_found(PMAD_HEADER_BROKEN, PMAD_WRITE_BEFORE, class, 1);
        else
            assert_found(PMAD_CANARY_BROKEN, PMAD_WRITE_BEHIND, class, 0);
        pmad_free(pool, second);
        if (PMAD_INTRUSIVE)
            assert_noted_word(PMAD_WRITE_BEFORE, class, 1, second - i);
        pmad_free(pool, first);
        if (!PMAD_INTRUSIVE)
            assert_noted_word(PMAD_WRITE_BEHIND, class, 0, second - i);
        assert_innocent();
    }
}
END_TEST

START_TEST(each_byte_of_a_block_that_was_given_back_is_watched_and_what_lies_behind_it)
{
    size_t class = (size_t)_i, size = layout.classes[class].block_size;

    take(class);
    for (size_t i = 0; i < size + CANARY; i++) {
        char *block = take(class);

        pmad_free(pool, block);
        assert_innocent();
        scrawl(block + i);
        assert_found(PMAD_FREE_BLOCK_WRITTEN, PMAD_WRITE_AFTER_FREE, class, 1);
        ck_assert_ptr_eq(take(class), block); /* it was put right, and handed out after all */
        assert_noted_word(PMAD_WRITE_AFTER_FREE, class, 1, block + i);
        assert_innocent();
        pmad_free(pool, block);
    }
    assert_innocent();
}
END_TEST

#if PMAD_INTRUSIVE
START_TEST(a_class_that_a_free_blocks_header_should_not_name_is_seen_when_it_is_taken)
{
    size_t class = (size_t)_i;
    char *block = take(class);

    pmad_free(pool, block);
    scrawl(block - 8);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_HEADER_BROKEN);
    ck_assert_ptr_eq(take(class), block);
    assert_noted_word(PMAD_WRITE_BEFORE, class, 0, block - 8);
    assert_innocent();
}
END_TEST
#endif

START_TEST(a_state_that_is_none_is_found)
{
    const struct pmad_run *run = &pool->runs[_i];
    size_t slots = PMAD_SLOT_SIZE * (run->blocks + PMAD_SLOTS_EXTRA);
    char *state = run->first - PMAD_HEADER_SIZE - run->side + slots;
    struct pmad_check check;
    char *block = take((size_t)_i);

    scrawl(state);
    ck_assert_int_eq(pmad_check(pool, &check), PMAD_COUNT_BROKEN);
    ck_assert_uint_eq(check.class_index, (size_t)_i);
    pmad_free(pool, block);
    assert_noted(PMAD_DOUBLE_FREE, (size_t)_i, 0, block);
    ck_assert_uint_eq(noted.crime.seen ^ noted.crime.expected, 0xff);
}
END_TEST

/* ---- free lists that lead astray ---- */

/* Makes the first block that class 2 gives, or the second, one at `address`; 0 for none. */
static void lead(int which, uintptr_t address)
{
    struct pmad_list *list = &pool->runs[2].list;
#if PMAD_INTRUSIVE
    struct pmad_header *to = &list->end;

    if (address != 0)
        to = (struct pmad_header *)(address - PMAD_HEADER_SIZE); /* NOLINT(*-int-to-ptr) */
    *(which == 0 ? &list->top : &list->top->next) = to;
#else
    *(which == 0 ? &list->front : &list->slots[list->free - 1]) = address;
#endif
}

START_TEST(a_free_list_that_leads_to_no_free_block_is_not_followed)
{
    char *used = take(2);
    const uintptr_t astray[] = {0,
                                (uintptr_t)used,
                                (uintptr_t)used + 16,
                                (uintptr_t)pmad_block_at(&pool->runs[1], 3),
                                (uintptr_t)pmad_block_at(&pool->runs[2], pool->runs[2].blocks),
                                (uintptr_t)region + POOL_SIZE + 16,
                                16};
    int which = _i % 2;

    ck_assert_uint_eq(sizeof astray / sizeof *astray, 7);
    lead(which, astray[_i / 2]);
    for (int again = 0; again < 2; again++) {
        ck_assert_ptr_null(pmad_alloc(pool, 128));
        /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
        assert_noted(PMAD_FREE_LIST_MISLEADING, 2, (size_t)which, (void *)astray[_i / 2]);
    }
    ck_assert_uint_eq(in_use(2), 1);
    take(3); /* other classes go on */
    ck_assert_int_eq(noted.count, 0);
}
END_TEST

/* ---- none at all ---- */

START_TEST(who_commits_no_crime_hears_nothing)
{
    static char *held[POOL_SIZE / 24];
    uint64_t state = 2718;

    for (int round = 0; round < 3; round++) {
        size_t count = 0;

        for (size_t i = 0; i < CLASSES; i++)
            for (; (held[count] = pmad_alloc(pool, layout.classes[i].block_size)) != NULL; count++)
                memset(held[count], (int)count, layout.classes[i].block_size);
        assert_innocent();
        for (; count > 0; count--) {
            size_t n = pmad_roll(&state) % count;

            pmad_free(pool, held[n]);
            held[n] = held[count - 1];
        }
        assert_innocent();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmad_guard");
    TCase *cases = tcase_create("crimes");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, make_pool, end_pool);
    tcase_add_loop_test(cases, a_block_given_back_twice_is_reported_and_stays_given_back_once, 0,
                        CLASSES);
    tcase_add_loop_test(cases, a_block_that_was_never_taken_cannot_be_given_back, 0, CLASSES);
    tcase_add_test(cases, an_address_outside_the_pool_is_reported_but_null_is_not);
    tcase_add_loop_test(cases, an_address_inside_a_block_is_reported_with_the_block_it_is_in, 0,
                        CLASSES);
    tcase_add_test(cases, addresses_in_the_metadata_and_beside_the_blocks_are_reported);
    tcase_add_test(cases, no_address_of_the_pool_can_be_given_back_but_those_of_blocks_in_use);
    tcase_add_loop_test(cases, each_byte_behind_a_block_is_watched, 0, CLASSES);
    tcase_add_loop_test(cases, a_block_copied_over_another_with_what_lies_behind_it_is_seen, 0,
                        CLASSES);
    tcase_add_loop_test(cases, each_byte_before_a_block_is_watched, 0, CLASSES);
    tcase_add_loop_test(cases,
                        each_byte_of_a_block_that_was_given_back_is_watched_and_what_lies_behind_it,
                        0, CLASSES);
#if PMAD_INTRUSIVE
    tcase_add_loop_test(cases,
                        a_class_that_a_free_blocks_header_should_not_name_is_seen_when_it_is_taken,
                        0, CLASSES);
#endif
    tcase_add_loop_test(cases, a_state_that_is_none_is_found, 0, CLASSES);
    tcase_add_loop_test(cases, a_free_list_that_leads_to_no_free_block_is_not_followed, 0, 2 * 7);
    tcase_add_test(cases, who_commits_no_crime_hears_nothing);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
