/* Patterns of function names: as text, taken apart, and against each other. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "pattern.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { ONE = CONFIG_ANY_BYTE, ANY = CONFIG_ANY_BYTES, ITEMS_MAX = 8 };

static struct config_pattern pattern_of(const char *text)
{
    struct config_pattern pattern;

    ck_assert_msg(config_pattern_read(&pattern, text), "\"%s\" is refused", text);
    return pattern;
}

/* A text, and the items it stands for, up to a 0. */
static const struct {
    const char *text;
    uint16_t items[ITEMS_MAX];
} readings[] = {
    {"a", {'a'}},
    {"img:a", {'i', 'm', 'g', ':', 'a'}},
    {"*", {ANY}},
    {"?", {ONE}},
    {"a*?", {'a', ANY, ONE}},
    {"**", {ANY, ANY}},
    {"a b", {'a', ' ', 'b'}},
    {",;#[]", {',', ';', '#', '[', ']'}},
    {"\xC3\xA4", {0xC3, 0xA4}},
    {"\x01\xFF", {0x01, 0xFF}},
    {"\\*\\?\\:\\,", {'*', '?', ':', ','}},
    {"\\a\\b\\f\\n", {'\a', '\b', '\f', '\n'}},
    {"\\r\\t\\v", {'\r', '\t', '\v'}},
    {"\\\\\\'\\\"", {'\\', '\'', '"'}},
    {"\\x2c\\x2C\\xff\\x01", {',', ',', 0xFF, 0x01}},
    {"\\x2c5", {',', '5'}},
    {"\\x2a\\x3f", {'*', '?'}},
    {"\\54\\054\\7\\377", {',', ',', 7, 0xFF}},
    {"\\0545\\18", {',', '5', 1, '8'}},
};

START_TEST(a_pattern_is_read_item_by_item)
{
    struct config_pattern pattern = pattern_of(readings[_i].text);
    size_t size = 0;

    while (size < ITEMS_MAX && readings[_i].items[size] != 0)
        size++;
    ck_assert_uint_eq(pattern.size, size);
    ck_assert_mem_eq(pattern.items, readings[_i].items, size * sizeof pattern.items[0]);
}
END_TEST

START_TEST(what_is_no_pattern_is_refused)
{
    static const char *const texts[] = {"",      "\\",    "a\\",     "\\0",   "\\00",  "\\000",
                                        "\\x00", "\\x",   "\\x2",    "\\x2g", "\\xg2", "\\400",
                                        "\\777", "\\c",   "\\e",     "\\8",   "\\ ",   "\\;",
                                        "\\[",   "\\X2c", "\\u002c", "a\\x2"};
    struct config_pattern pattern;

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        ck_assert_msg(!config_pattern_read(&pattern, texts[i]), "\"%s\" is taken", texts[i]);
}
END_TEST

/* What counts is what the text stands for, not how it is written. */
START_TEST(a_pattern_stands_for_128_bytes_at_most)
{
    char text[4 * CONFIG_PATTERN_MAX + 2] = "";
    struct config_pattern pattern;

    memset(text, 'a', CONFIG_PATTERN_MAX);
    ck_assert_uint_eq(pattern_of(text).size, CONFIG_PATTERN_MAX);
    text[CONFIG_PATTERN_MAX] = '*';
    ck_assert(!config_pattern_read(&pattern, text));
    for (size_t i = 0; i < CONFIG_PATTERN_MAX; i++)
        memcpy(text + 4 * i, "\\x2a", 5);
    ck_assert_uint_eq(pattern_of(text).size, CONFIG_PATTERN_MAX);
    memcpy(text + 4 * (size_t)CONFIG_PATTERN_MAX, "a", 2);
    ck_assert(!config_pattern_read(&pattern, text));
}
END_TEST

START_TEST(a_pattern_with_nothing_wild_is_a_name)
{
    static const char *const names[] = {"a", "\\*", "\\?", "\\xff", "a:b,c"};
    static const char *const wild[] = {"*", "?", "a*", "\\**"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct config_pattern pattern = pattern_of(names[i]);

        ck_assert_msg(config_pattern_is_name(&pattern), "%s", names[i]);
    }
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        struct config_pattern pattern = pattern_of(wild[i]);

        ck_assert_msg(!config_pattern_is_name(&pattern), "%s", wild[i]);
    }
}
END_TEST

START_TEST(patterns_are_equal_if_they_stand_for_the_same)
{
    struct config_pattern escaped = pattern_of("\\x61\\:*"), plain = pattern_of("a:*");
    struct config_pattern shorter = pattern_of("a:"), literal = pattern_of("a:\\*");

    ck_assert(pattern_equals(&escaped, &plain));
    ck_assert(!pattern_equals(&plain, &shorter));
    ck_assert(!pattern_equals(&shorter, &plain));
    ck_assert(!pattern_equals(&plain, &literal));
}
END_TEST

static const struct {
    const char *pattern, *name;
    bool covers;
} relations[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "aa", false},
    {"aa", "a", false},
    {"?", "a", true},
    {"?", "aa", false},
    {"??", "a", false},
    {"*", "a", true},
    {"a*", "a", true},
    {"*a", "a", true},
    {"*a*", "bab", true},
    {"*a*", "bb", false},
    {"img:*", "img:resize", true},
    {"img:*", "img", false},
    {"*.png", "a.png.png", true},
    {"*.png", "a.png.jpg", false},
    {"a*b*c", "abbc", true},
    {"a*b*c", "abcb", false},
    {"a*?", "a", false},
    {"**?", "a", true},
    {"\\*", "\\*", true},
    {"\\*", "a", false},
    {"?", "\\xff", true},
    {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

START_TEST(a_pattern_covers_the_names_it_stands_for)
{
    struct config_pattern pattern = pattern_of(relations[_i].pattern);
    struct config_pattern name = pattern_of(relations[_i].name);

    ck_assert_msg(pattern_covers(&pattern, &name) == relations[_i].covers, "%s, %s",
                  relations[_i].pattern, relations[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_pattern");
    TCase *cases = tcase_create("patterns");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(cases, a_pattern_is_read_item_by_item, 0, COUNT_OF(readings));
    tcase_add_test(cases, what_is_no_pattern_is_refused);
    tcase_add_test(cases, a_pattern_stands_for_128_bytes_at_most);
    tcase_add_test(cases, a_pattern_with_nothing_wild_is_a_name);
    tcase_add_test(cases, patterns_are_equal_if_they_stand_for_the_same);
    tcase_add_loop_test(cases, a_pattern_covers_the_names_it_stands_for, 0, COUNT_OF(relations));
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
