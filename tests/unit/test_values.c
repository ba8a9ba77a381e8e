/* Values as text: numbers, sizes, durations, modes, names and addresses (config/values.h). */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "values.h"

enum { UNTOUCHED = 4711 };

/* A text, and what one of the functions makes of it; `good` is false for what it refuses. */
struct number_case {
    const char *text;
    bool good;
    uint64_t value;
};

static void check_numbers(bool (*read)(const char *text, uint64_t *value),
                          const struct number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;

        ck_assert_msg(read(cases[i].text, &value) == cases[i].good, "\"%s\"", cases[i].text);
        ck_assert_uint_eq(value, cases[i].good ? cases[i].value : UNTOUCHED);
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(a_count_is_decimal_digits_and_nothing_else)
{
    static const struct number_case cases[] = {
        {"0", true, 0},     {"7", true, 7},   {"0012", true, 12},    {"65536", true, 65536},
        {"", false, 0},     {"-1", false, 0}, {"+1", false, 0},      {" 1", false, 0},
        {"1 ", false, 0},   {"1K", false, 0}, {"0x10", false, 0},    {"1.5", false, 0},
        {"many", false, 0}, {"1,", false, 0}, {"\xD9\xA1", false, 0}};

    check_numbers(value_count, cases, COUNT_OF(cases));
}
END_TEST

START_TEST(a_size_counts_in_units_of_1024)
{
    static const struct number_case cases[] = {
        {"0", true, 0},           {"100", true, 100}, {"64K", true, 65536}, {"1M", true, 1048576},
        {"2G", true, 2147483648}, {"0K", true, 0},    {"1k", false, 0},     {"1KB", false, 0},
        {"1 K", false, 0},        {"K", false, 0},    {"1T", false, 0},     {"", false, 0},
        {"1.5M", false, 0},       {"-1K", false, 0}};

    check_numbers(value_size, cases, COUNT_OF(cases));
}
END_TEST

START_TEST(a_duration_names_its_unit_unless_it_is_0)
{
    static const struct number_case cases[] = {
        {"0", true, 0},          {"250us", true, 250},    {"10ms", true, 10000},
        {"30s", true, 30000000}, {"5m", true, 300000000}, {"2h", true, 7200000000},
        {"0s", true, 0},         {"5", false, 0},         {"5 s", false, 0},
        {"s", false, 0},         {"5S", false, 0},        {"1d", false, 0},
        {"", false, 0},          {"1m30s", false, 0}};

    check_numbers(value_duration, cases, COUNT_OF(cases));
}
END_TEST

START_TEST(a_percentage_may_carry_its_sign)
{
    static const struct number_case cases[] = {
        {"25", true, 25}, {"25%", true, 25}, {"25 %", false, 0}, {"%", false, 0}, {"", false, 0}};

    check_numbers(value_percent, cases, COUNT_OF(cases));
}
END_TEST

START_TEST(a_mode_is_octal)
{
    static const struct number_case cases[] = {{"0660", true, 0660}, {"660", true, 0660},
                                               {"0", true, 0},       {"0680", false, 0},
                                               {"rw", false, 0},     {"", false, 0}};

    check_numbers(value_mode, cases, COUNT_OF(cases));
}
END_TEST

/* Whatever is too large for 64 bits stays above every limit instead of wrapping round to a small
 * number. */
START_TEST(a_number_that_is_too_large_is_the_largest)
{
    static const struct number_case counts[] = {
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", true, UINT64_MAX},
        {"99999999999999999999999999999999999999", true, UINT64_MAX}};
    static const struct number_case sizes[] = {{"17179869183G", true, 17179869183 << 30},
                                               {"17179869184G", true, UINT64_MAX},
                                               {"18446744073709551615K", true, UINT64_MAX}};
    static const struct number_case durations[] = {{"5124095577h", true, UINT64_MAX}};

    check_numbers(value_count, counts, COUNT_OF(counts));
    check_numbers(value_size, sizes, COUNT_OF(sizes));
    check_numbers(value_duration, durations, COUNT_OF(durations));
}
END_TEST

START_TEST(a_word_is_one_of_its_list_exactly)
{
    static const struct value_word words[] = {{"off", 0}, {"try", 1}, {NULL, 0}};
    int value = UNTOUCHED;

    ck_assert(!value_word("Try", words, &value));
    ck_assert(!value_word("tr", words, &value));
    ck_assert(!value_word("", words, &value));
    ck_assert_int_eq(value, UNTOUCHED);
    ck_assert(value_word("try", words, &value));
    ck_assert_int_eq(value, 1);
}
END_TEST

/* What a text may be: the first of two lists is taken, the second refused; both end with NULL. */
static void check_texts(bool (*allowed)(const char *text), const char *const *good,
                        const char *const *bad)
{
    for (; *good; good++)
        ck_assert_msg(allowed(*good), "\"%s\" is refused", *good);
    for (; *bad; bad++)
        ck_assert_msg(!allowed(*bad), "\"%s\" is taken", *bad);
}

START_TEST(a_path_is_what_a_line_of_the_file_can_hold)
{
    static const char *const good[] = {"/run/pmadd/pmadd.sock", "a.sock", "/tmp/a b", "/tmp/a;b",
                                       "/tmp/\xC3\xA4",         "/tmp/#", NULL};
    static const char *const bad[] = {"", ";a", "/tmp/a ;b", " /a", "/a ", "/a\n", "/a\tb", NULL};

    check_texts(value_path, good, bad);
}
END_TEST

START_TEST(a_name_is_letters_digits_and_a_few_signs)
{
    static const char *const good[] = {"www-data", "_apt", "a.b", "host$", "1000", NULL};
    static const char *const bad[] = {"", "a b", "a:b", "a;b", "\xC3\xA4", "@users", NULL};

    check_texts(value_name, good, bad);
}
END_TEST

START_TEST(a_node_is_printable_without_blanks_colons_and_semicolons)
{
    static const char *const good[] = {"edge-7", "a.example.org", "x!", NULL};
    static const char *const bad[] = {"", "a b", "a:b", "a;b", "a\x7f", "\xC3\xA4", NULL};

    check_texts(value_node, good, bad);
}
END_TEST

START_TEST(the_beginning_of_a_handle_is_printable_without_blanks)
{
    static const char *const good[] = {"H:edge-7", "x", "a;b", "::", NULL};
    static const char *const bad[] = {"", ";a", "a b", "a\t", "\x01", "a\x7f", "\xC3\xA4", NULL};

    check_texts(value_prefix, good, bad);
}
END_TEST

START_TEST(a_pattern_is_one_that_a_line_of_the_file_can_hold)
{
    static const char *const good[] = {"a",  "img:*", "a b",       "a;b",      "a,b",
                                       "?#", "\\x3b", "\\x20a\\n", "\xC3\xA4", NULL};
    static const char *const bad[] = {"", ";a", "a ;", " a", "a ", "a\tb", "\x7f", "a\\c", NULL};

    check_texts(value_pattern, good, bad);
}
END_TEST

START_TEST(an_address_is_a_host_and_a_port)
{
    static const char *const good[] = {
        "127.0.0.1:4730", "localhost:1", "a-b.example.org:65535", "[::1]:4730", "[fe80::1%eth0]:1",
        "[::]:4730",      NULL};
    static const char *const bad[] = {"",
                                      "localhost",
                                      ":4730",
                                      "localhost:",
                                      "a:0",
                                      "a:65536",
                                      "::1:4730",
                                      "[::1]",
                                      "[]:1",
                                      "[:1",
                                      "[abc]:1",
                                      "[::1:4730",
                                      "a b:1",
                                      "a:1 ",
                                      "a:+1",
                                      "[::1]x:1",
                                      "a:99999999999999999999",
                                      NULL};
    char longest[VALUE_HOST_MAX + 4];

    check_texts(value_address, good, bad);
    memset(longest, 'a', sizeof longest);
    memcpy(longest + VALUE_HOST_MAX, ":1", 3);
    ck_assert(value_address(longest));
    memcpy(longest + VALUE_HOST_MAX, "a:1", 4);
    ck_assert(!value_address(longest));
}
END_TEST

START_TEST(a_size_is_written_with_the_largest_unit_that_divides)
{
    char text[24];

    ck_assert_str_eq(config_format_size(text, 0), "0");
    ck_assert_str_eq(config_format_size(text, 1), "1");
    ck_assert_str_eq(config_format_size(text, 1000), "1000");
    ck_assert_str_eq(config_format_size(text, 1024), "1K");
    ck_assert_str_eq(config_format_size(text, 1025), "1025");
    ck_assert_str_eq(config_format_size(text, 67108864), "64M");
    ck_assert_str_eq(config_format_size(text, (uint64_t)1 << 40), "1024G");
    ck_assert_str_eq(config_format_size(text, UINT64_MAX), "18446744073709551615");
}
END_TEST

START_TEST(a_duration_is_written_with_the_largest_unit_that_divides)
{
    char text[24];

    ck_assert_str_eq(config_format_duration(text, 0), "0");
    ck_assert_str_eq(config_format_duration(text, 1), "1us");
    ck_assert_str_eq(config_format_duration(text, 250000), "250ms");
    ck_assert_str_eq(config_format_duration(text, 30000000), "30s");
    ck_assert_str_eq(config_format_duration(text, 90000000), "90s");
    ck_assert_str_eq(config_format_duration(text, 120000000), "2m");
    ck_assert_str_eq(config_format_duration(text, 86400000000), "24h");
    ck_assert_str_eq(config_format_duration(text, UINT64_MAX), "18446744073709551615us");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("values");
    TCase *cases = tcase_create("values");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(cases, a_count_is_decimal_digits_and_nothing_else);
    tcase_add_test(cases, a_size_counts_in_units_of_1024);
    tcase_add_test(cases, a_duration_names_its_unit_unless_it_is_0);
    tcase_add_test(cases, a_percentage_may_carry_its_sign);
    tcase_add_test(cases, a_mode_is_octal);
    tcase_add_test(cases, a_number_that_is_too_large_is_the_largest);
    tcase_add_test(cases, a_word_is_one_of_its_list_exactly);
    tcase_add_test(cases, a_path_is_what_a_line_of_the_file_can_hold);
    tcase_add_test(cases, a_name_is_letters_digits_and_a_few_signs);
    tcase_add_test(cases, a_node_is_printable_without_blanks_colons_and_semicolons);
    tcase_add_test(cases, the_beginning_of_a_handle_is_printable_without_blanks);
    tcase_add_test(cases, a_pattern_is_one_that_a_line_of_the_file_can_hold);
    tcase_add_test(cases, an_address_is_a_host_and_a_port);
    tcase_add_test(cases, a_size_is_written_with_the_largest_unit_that_divides);
    tcase_add_test(cases, a_duration_is_written_with_the_largest_unit_that_divides);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
