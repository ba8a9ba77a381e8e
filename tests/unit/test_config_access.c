/* Who may do what: the lists of [access]. */
#include "config_suite.h"

static void check_grant(enum config_right right, size_t index, enum config_who who,
                        const char *name, const char *functions)
{
    const struct config_grant *grant = &config.access.grants[right][index];

    ck_assert_uint_lt(index, config.access.counts[right]);
    ck_assert_int_eq(grant->who, who);
    ck_assert_str_eq(grant->name, name);
    ck_assert_str_eq(grant->functions, functions);
}

START_TEST(without_a_section_all_lists_are_empty)
{
    ck_assert(read_text("[access]\n"));
    for (size_t right = 0; right < CONFIG_RIGHTS; right++)
        ck_assert_uint_eq(config.access.counts[right], 0);
}
END_TEST

START_TEST(a_list_has_users_groups_and_tcp)
{
    ck_assert_msg(read_text("[access]\nsubmit = alice , @www-data,tcp\nwork = host$\n"
                            "observe = @1000\nadmin = _apt\n"),
                  "%s", errors.text);
    ck_assert_uint_eq(config.access.counts[CONFIG_SUBMIT], 3);
    check_grant(CONFIG_SUBMIT, 0, CONFIG_USER, "alice", "");
    check_grant(CONFIG_SUBMIT, 1, CONFIG_GROUP, "www-data", "");
    check_grant(CONFIG_SUBMIT, 2, CONFIG_TCP, "", "");
    check_grant(CONFIG_WORK, 0, CONFIG_USER, "host$", "");
    check_grant(CONFIG_OBSERVE, 0, CONFIG_GROUP, "1000", "");
    check_grant(CONFIG_ADMIN, 0, CONFIG_USER, "_apt", "");
}
END_TEST

START_TEST(whoever_is_listed_may_be_limited_to_functions)
{
    ck_assert_msg(read_text("[access]\nsubmit = bob:img:*, @g:a\\,b\\: , tcp:*,x:\\\\,y:a b;c\n"),
                  "%s", errors.text);
    ck_assert_uint_eq(config.access.counts[CONFIG_SUBMIT], 5);
    check_grant(CONFIG_SUBMIT, 0, CONFIG_USER, "bob", "img:*");
    check_grant(CONFIG_SUBMIT, 1, CONFIG_GROUP, "g", "a\\,b\\:");
    check_grant(CONFIG_SUBMIT, 2, CONFIG_TCP, "", "*");
    check_grant(CONFIG_SUBMIT, 3, CONFIG_USER, "x", "\\\\");
    check_grant(CONFIG_SUBMIT, 4, CONFIG_USER, "y", "a b;c");
}
END_TEST

START_TEST(lines_add_to_a_list_and_the_first_of_the_command_line_replaces_it)
{
    ck_assert(read_text("[access]\nwork = a, b\n[limits]\n[access]\nwork = c\nadmin = d\n"));
    ck_assert_uint_eq(config.access.counts[CONFIG_WORK], 3);
    check_grant(CONFIG_WORK, 2, CONFIG_USER, "c", "");
    ck_assert(config_set(&config, "access.work=e", &errors));
    ck_assert(config_set(&config, "access.work=@f,tcp", &errors));
    ck_assert_uint_eq(config.access.counts[CONFIG_WORK], 3);
    check_grant(CONFIG_WORK, 0, CONFIG_USER, "e", "");
    check_grant(CONFIG_WORK, 1, CONFIG_GROUP, "f", "");
    ck_assert_uint_eq(config.access.counts[CONFIG_ADMIN], 1);
    ck_assert(config_finish(&config, &errors));
}
END_TEST

#define NOBODY_IS_NAMED                                                                           \
    "nobody is named where somebody should be; allowed: tcp, users, @groups, each with :PATTERN " \
    "or without, commas between them"
#define IS_NOBODY                                                                                 \
    "is nobody; allowed: tcp, the name of a user, or @ and that of a group; letters, digits and " \
    ". _ - $, 1 to 63"
#define IS_NO_PATTERN \
    "is not a pattern of function names; allowed: 1 to 128 bytes, * and ?, escapes as in C"
#define SIXTEEN(text) \
    text text text text text text text text text text text text text text text text

static const struct {
    const char *value, *said;
} mistakes[] = {
    {"", NOBODY_IS_NAMED},
    {"tcp,", NOBODY_IS_NAMED},
    {",tcp", NOBODY_IS_NAMED},
    {"a, ,b", NOBODY_IS_NAMED},
    {"tcp tcp", "\"tcp tcp\" " IS_NOBODY},
    {"@", "\"@\" " IS_NOBODY},
    {"@@a", "\"@@a\" " IS_NOBODY},
    {"a b", "\"a b\" " IS_NOBODY},
    {"\\a", "\"\\a\" " IS_NOBODY},
    {":a", "\"\" " IS_NOBODY},
    {"a :b", "\"a \" " IS_NOBODY},
    {SIXTEEN("abcd"), "\"" SIXTEEN("abcd") "\" " IS_NOBODY},
    {"a:", "\"\" " IS_NO_PATTERN},
    {"tcp: a", "\" a\" " IS_NO_PATTERN},
    {"a:b\\c", "\"b\\c\" " IS_NO_PATTERN},
    {"a:b\\", "\"b\\\" " IS_NO_PATTERN},
    {"a:;", "\";\" " IS_NO_PATTERN},
    {"a,b:" SIXTEEN("12345678") "9",
     "\"" SIXTEEN("1234") "\" " IS_NO_PATTERN}, /* cut in what is said */
};

START_TEST(a_mistake_in_a_list_is_named)
{
    char line[512];

    snprintf(text, sizeof text, "[access]\nsubmit = %s\n", mistakes[_i].value);
    snprintf(line, sizeof line, "t:2: [access] submit: %s\n", mistakes[_i].said);
    ck_assert(!read_text(text));
    if (strlen(mistakes[_i].value) > 128)
        ck_assert_ptr_nonnull(strstr(errors.text, "\" " IS_NO_PATTERN));
    else
        ck_assert_str_eq(errors.text, line);
    ck_assert_uint_eq(config.access.counts[CONFIG_SUBMIT], 0);
}
END_TEST

/* What is given on the command line can be longer than a line of the file, and must fit one. */
START_TEST(what_no_line_could_hold_is_refused)
{
    snprintf(text, sizeof text, "access.submit=%063d:%0125d", 0, 0);
    ck_assert(!config_set(&config, text, &errors));
    ck_assert_ptr_nonnull(strstr(errors.text, ": 189 bytes are too long; allowed: 188\n"));
    snprintf(text, sizeof text, "access.observe=a:b,u%062d:%0124d", 0, 0);
    ck_assert(config_set(&config, text, &errors));
    config_print(&config, text, sizeof text);
    ck_assert_msg(read_text(text), "%s", errors.text);
}
END_TEST

/* A list of `count` users, eight a line. */
static size_t put_users(char *into, const char *key, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i += 8) {
        used += (size_t)snprintf(into + used, 64, "%s = u%zu", key, i);
        for (size_t j = i + 1; j < i + 8 && j < count; j++)
            used += (size_t)snprintf(into + used, 64, ",u%zu", j);
        used += (size_t)snprintf(into + used, 64, "\n");
    }
    return used;
}

START_TEST(a_list_is_64_long_at_most)
{
    size_t used = (size_t)snprintf(text, sizeof text, "[access]\n");

    used += put_users(text + used, "submit", 64);
    used += put_users(text + used, "admin", 64);
    ck_assert_msg(read_text(text), "%s", errors.text);
    check_grant(CONFIG_ADMIN, 63, CONFIG_USER, "u63", "");
    snprintf(text + used, sizeof text - used, "admin = u64\n");
    setup();
    ck_assert(!read_text(text));
    ck_assert_str_eq(errors.text, "t:18: [access] admin: more than 64 users, groups and tcp\n");
}
END_TEST

/* The same pattern in many places is one, and none is none. */
START_TEST(all_lists_together_have_64_patterns_at_most)
{
    size_t used = (size_t)snprintf(text, sizeof text, "[access]\nadmin = a,b:f0,@c:f63,tcp:f0\n");

    for (size_t i = 0; i < 64; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s = u:f%zu\n",
                                 i % 2 ? "work" : "observe", i);
    ck_assert_msg(read_text(text), "%s", errors.text);
    ck_assert_msg(config_finish(&config, &errors), "%s", errors.text);
    snprintf(text + used, sizeof text - used, "work = u:f*\n");
    setup();
    ck_assert(read_text(text));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_ptr_nonnull(strstr(errors.text, ": more than 64 different patterns in all lists\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_access");
    TCase *cases = tcase_create("access");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, without_a_section_all_lists_are_empty);
    tcase_add_test(cases, a_list_has_users_groups_and_tcp);
    tcase_add_test(cases, whoever_is_listed_may_be_limited_to_functions);
    tcase_add_test(cases, lines_add_to_a_list_and_the_first_of_the_command_line_replaces_it);
    tcase_add_loop_test(cases, a_mistake_in_a_list_is_named, 0, COUNT_OF(mistakes));
    tcase_add_test(cases, what_no_line_could_hold_is_refused);
    tcase_add_test(cases, a_list_is_64_long_at_most);
    tcase_add_test(cases, all_lists_together_have_64_patterns_at_most);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
