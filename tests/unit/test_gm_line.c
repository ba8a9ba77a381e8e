#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gm_flaws.h"
#include "gm_line.h"
#include "guarded.h"

static struct guarded guarded;

static void setup(void)
{
    guarded = guarded_map();
}

static void teardown(void)
{
    guarded_unmap(&guarded);
}

/* Decodes `text`, which must be a line, and joins its words with one `|` between. */
static const char *words_of(const char *text, struct gm_line *line)
{
    static char joined[256];
    size_t used = 0;
    size_t size = strlen(text);
    const uint8_t *bytes = guarded_copy(&guarded, text, size);

    ck_assert_int_eq(gm_line_decode(line, bytes, size, 4096), GM_LINE);
    ck_assert_ptr_null(gm_line_flaw(GM_LINE, line, bytes, size, 4096));
    for (size_t i = 0; i < line->word_count; i++) {
        ck_assert_uint_lt(used + line->words[i].size + 1, sizeof(joined));
        memcpy(joined + used, line->words[i].bytes, line->words[i].size);
        used += line->words[i].size;
        joined[used++] = '|';
    }
    joined[used] = '\0';
    return joined;
}

static const struct {
    const char *text;
    size_t line_size;
    const char *words;
} lines[] = {
    {"status\n", 7, "status|"},
    {"status\r\n", 8, "status|"},
    {"status\r\r\n", 9, "status\r|"},
    {"sta\rtus\n", 8, "sta\rtus|"},
    {"show unique jobs\r\n", 18, "show|unique|jobs|"},
    {"maxqueue  wc   10\n", 18, "maxqueue|wc|10|"},
    {"drop function team\twc\n", 22, "drop|function|team\twc|"}, /* Perl's prefixes */
    {"   version  \n", 13, "version|"},
    {"create function x\n", 18, "create|function|x|"},
    {"\n", 1, ""},
    {"\r\n", 2, ""},
    {"   \n", 4, ""},
    {" \r\n", 3, ""},
    {"workers\nstatus\n", 8, "workers|"},
};

START_TEST(a_line_is_its_words)
{
    struct gm_line line;

    ck_assert_str_eq(words_of(lines[_i].text, &line), lines[_i].words);
    ck_assert_uint_eq(line.line_size, lines[_i].line_size);
    ck_assert(!line.surplus);
}
END_TEST

START_TEST(eight_words_are_taken_and_more_are_told_of)
{
    struct gm_line line;

    ck_assert_str_eq(words_of("1 2 3 4 5 6 7 8 \r\n", &line), "1|2|3|4|5|6|7|8|");
    ck_assert(!line.surplus);
    ck_assert_str_eq(words_of("1 2 3 4 5 6 7 8 9\n", &line), "1|2|3|4|5|6|7|8|");
    ck_assert(line.surplus);
    ck_assert_uint_eq(line.line_size, 18);
}
END_TEST

START_TEST(any_byte_but_blanks_and_the_line_end_may_be_in_a_word)
{
    static const uint8_t text[] = {'a', 0, 0xFF, ' ', 0x80, '\n'};
    const uint8_t *bytes = guarded_copy(&guarded, text, sizeof(text));
    struct gm_line line;

    ck_assert_int_eq(gm_line_decode(&line, bytes, sizeof(text), 64), GM_LINE);
    ck_assert_uint_eq(line.word_count, 2);
    ck_assert(gm_slice_equal(line.words[0], (struct gm_slice){text, 3}));
    ck_assert(gm_slice_equal(line.words[1], (struct gm_slice){text + 4, 1}));
}
END_TEST

START_TEST(a_line_that_comes_byte_by_byte_is_asked_for_until_its_end)
{
    const char *text = "show jobs\r\n";
    size_t whole = strlen(text);
    struct gm_line line;

    for (size_t size = 0; size < whole; size++)
        ck_assert_int_eq(gm_line_decode(&line, guarded_copy(&guarded, text, size), size, whole),
                         GM_LINE_NEED_MORE);
    ck_assert_str_eq(words_of(text, &line), "show|jobs|");
}
END_TEST

START_TEST(no_bytes_at_all_are_the_beginning_of_a_line)
{
    struct gm_line line;

    ck_assert_int_eq(gm_line_decode(&line, NULL, 0, 16), GM_LINE_NEED_MORE);
}
END_TEST

START_TEST(a_line_of_line_max_bytes_is_good_and_one_more_is_too_long)
{
    const char *text = "0123456789\r\nmore";
    struct gm_line line;

    for (size_t size = 12; size <= strlen(text); size++) {
        const uint8_t *bytes = guarded_copy(&guarded, text, size);

        ck_assert_int_eq(gm_line_decode(&line, bytes, size, 12), GM_LINE);
        ck_assert_uint_eq(line.line_size, 12);
        ck_assert_int_eq(gm_line_decode(&line, bytes, size, 11), GM_LINE_TOO_LONG);
    }
    ck_assert_int_eq(gm_line_decode(&line, guarded_copy(&guarded, text, 11), 11, 12),
                     GM_LINE_NEED_MORE);
    ck_assert_int_eq(gm_line_decode(&line, guarded_copy(&guarded, text, 11), 11, 11),
                     GM_LINE_TOO_LONG);
}
END_TEST

START_TEST(a_word_is_compared_without_regard_to_case)
{
    ck_assert(gm_word_is(gm_text("STATUS"), "status"));
    ck_assert(gm_word_is(gm_text("status"), "StatuS"));
    ck_assert(gm_word_is(gm_text(""), ""));
    ck_assert(!gm_word_is(gm_text("statu"), "status"));
    ck_assert(!gm_word_is(gm_text("statuss"), "status"));
    ck_assert(!gm_word_is(gm_text(""), "status"));
    ck_assert(!gm_word_is(gm_text("[AZ"), "{az"));
    ck_assert(!gm_word_is(gm_text("@"), "`"));
    ck_assert(!gm_word_is(gm_text("\xC4"), "\xE4"));
    ck_assert(!gm_word_is((struct gm_slice){(const uint8_t *)"a\0b", 3}, "a"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gm_line");
    TCase *cases = tcase_create("lines");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_line_is_its_words, 0, sizeof(lines) / sizeof(lines[0]));
    tcase_add_test(cases, eight_words_are_taken_and_more_are_told_of);
    tcase_add_test(cases, any_byte_but_blanks_and_the_line_end_may_be_in_a_word);
    tcase_add_test(cases, a_line_that_comes_byte_by_byte_is_asked_for_until_its_end);
    tcase_add_test(cases, no_bytes_at_all_are_the_beginning_of_a_line);
    tcase_add_test(cases, a_line_of_line_max_bytes_is_good_and_one_more_is_too_long);
    tcase_add_test(cases, a_word_is_compared_without_regard_to_case);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
