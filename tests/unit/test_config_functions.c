/* Sections of single functions, and limits that depend on each other. */
#include "config_suite.h"

/* Reads a text in which nothing is wrong, to the end. */
static void take(const char *ini)
{
    ck_assert_msg(read_text(ini), "%s", errors.text);
    ck_assert_msg(config_finish(&config, &errors), "%s", errors.text);
}

START_TEST(a_section_has_a_label_and_what_it_matches)
{
    take("[function thumbnails]\nmatch = img:resize*\nreserve_size = 1K\n[function invoices]\n"
         "reserve = 500\n[function a b=c.d[#e]\n");
    ck_assert_uint_eq(config.function_count, 3);
    ck_assert_str_eq(config.functions[0].label, "thumbnails");
    ck_assert_str_eq(config.functions[0].match, "img:resize*");
    ck_assert_uint_eq(config.functions[0].reserve, 0);
    ck_assert_uint_eq(config.functions[0].reserve_size, 1024);
    ck_assert_str_eq(config.functions[1].match, "invoices");
    ck_assert_uint_eq(config.functions[1].reserve, 500);
    ck_assert_uint_eq(config.functions[1].reserve_size, 4096);
    ck_assert_str_eq(config.functions[2].label, "a b=c.d[#e");
    ck_assert_str_eq(config.functions[2].match, "a b=c.d[#e");
    ck_assert_str_eq(config.every_function.match, "*");
    ck_assert(config_is_given(&config, "function invoices", "reserve"));
    ck_assert(!config_is_given(&config, "function invoices", "match"));
    ck_assert(!config_is_given(&config, "function unheard of", "match"));
}
END_TEST

START_TEST(what_a_section_does_not_say_comes_from_every_function)
{
    static const char every[] =
        "[function *]\ntimeout = 5s\nretries = 3\nretry_on_fail = yes\nmax_queue = 7\n"
        "max_bytes = 1M\n";
    static const char one[] = "[function a]\n[function b]\ntimeout = 0\nretry_on_fail = no\n"
                              "max_queue = 0\n[function c]\nretries = unlimited\n"
                              "retry_on_fail = no\nmax_bytes = 0\n";
    struct config other;

    snprintf(text, sizeof text, "%s%s", one, every);
    take(text);
    other = config;
    setup();
    snprintf(text, sizeof text, "%s%s", every, one);
    take(text);
    ck_assert_msg(same_config(&other, &config), "it matters where [function *] stands");
    ck_assert_uint_eq(config.functions[0].timeout_us, 5000000);
    ck_assert_uint_eq(config.functions[0].retries, 3);
    ck_assert(config.functions[0].retry_on_fail);
    ck_assert_uint_eq(config.functions[0].max_queue, 7);
    ck_assert_uint_eq(config.functions[0].max_bytes, 1 << 20);
    ck_assert_uint_eq(config.functions[1].timeout_us, 0);
    ck_assert_uint_eq(config.functions[1].retries, 3);
    ck_assert(!config.functions[1].retry_on_fail);
    ck_assert_uint_eq(config.functions[1].max_queue, 0);
    ck_assert_uint_eq(config.functions[2].retries, 0);
    ck_assert_uint_eq(config.functions[2].max_bytes, 0);
}
END_TEST

START_TEST(the_command_line_changes_a_section_or_adds_one_behind)
{
    ck_assert(read_text("[function thumbnails]\nmax_queue = 4\n[function b]\n"));
    ck_assert(config_set(&config, "function thumbnails.max_queue=5", &errors));
    ck_assert(config_set(&config, "function a.b.c.retries=6", &errors));
    ck_assert(config_set(&config, "function *.retries=8", &errors));
    ck_assert(config_finish(&config, &errors));
    ck_assert_uint_eq(config.function_count, 3);
    ck_assert_uint_eq(config.functions[0].max_queue, 5);
    ck_assert_uint_eq(config.functions[0].retries, 8);
    ck_assert_str_eq(config.functions[2].match, "a.b.c");
    ck_assert_uint_eq(config.functions[2].retries, 6);
}
END_TEST

START_TEST(what_was_settled_is_printed_and_reads_back_the_same)
{
    struct config again;

    take("[limits]\nconnections = 8\npayload_max = 1000\n[function *]\nretries = 3\n"
         "[function a]\nmatch = \\x3b\\,?\nretry_on_fail = yes\n[function b]\nreserve = 3\n");
    config_print(&config, text, sizeof text);
    config_default(&again);
    ck_assert_msg(config_read_text(&again, "printed", text, &errors), "%s", errors.text);
    ck_assert(same_config(&again, &config));
    ck_assert_msg(config_finish(&again, &errors), "%s", errors.text);
    ck_assert(same_config(&again, &config));
}
END_TEST

/* As long as it gets: what CONFIG_PRINT_MAX is for. */
START_TEST(the_longest_config_has_room_to_be_printed)
{
    struct config_function *function = config.functions;
    size_t size;

    config.function_count = CONFIG_FUNCTIONS_MAX;
    for (; function < config.functions + CONFIG_FUNCTIONS_MAX; function++) {
        *function = (struct config_function){.timeout_us = UINT64_C(31535999999999),
                                             .retries = 65535,
                                             .max_queue = 16777215,
                                             .max_bytes = (size_t)1 << 40,
                                             .reserve = 16777215,
                                             .reserve_size = 999999999};
        memset(function->label, 'l', 40);
        memset(function->match, 'm', sizeof function->match - 1);
    }
    for (size_t right = 0; right < CONFIG_RIGHTS; right++) {
        config.access.counts[right] = CONFIG_GRANTS_MAX;
        for (size_t i = 0; i < CONFIG_GRANTS_MAX; i++) {
            memset(config.access.grants[right][i].name, 'n', 27);
            memset(config.access.grants[right][i].functions, 'f', 160);
        }
    }
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        config.pools[i].layout.class_count = PMAD_CLASSES_MAX;
        for (size_t j = 0; j < PMAD_CLASSES_MAX; j++)
            config.pools[i].layout.classes[j] = (struct pmad_class){1048568, 100};
    }
    config.server.listen_count = CONFIG_LISTEN_MAX;
    for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++)
        memset(config.server.listen[i], 'a', CONFIG_ADDRESS_MAX - 1);
    size = config_print(&config, text, sizeof text);
    ck_assert_uint_gt(size, 65536);
    ck_assert_uint_lt(size, CONFIG_PRINT_MAX - 4096); /* names and paths of [server] */
}
END_TEST

START_TEST(there_are_64_functions_at_most)
{
    size_t used = 0;

    for (size_t i = 0; i < CONFIG_FUNCTIONS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "[function f%zu]\n", i);
    take(text);
    ck_assert_uint_eq(config.function_count, CONFIG_FUNCTIONS_MAX);
    snprintf(text + used, sizeof text - used, "[function g]\nretries = 0\n[limits]\ntasks = 5\n");
    setup();
    ck_assert(!read_text(text));
    ck_assert_str_eq(errors.text,
                     "t:65: [function g]: more than 64 sections of single functions\n");
    ck_assert(!config_set(&config, "function h.retries=1", &errors));
    ck_assert(config_set(&config, "function f63.retries=1", &errors));
    ck_assert_uint_eq(config.limits.tasks, 5);
}
END_TEST

/* ---- defaults that give way ---- */

START_TEST(a_quarter_of_few_connections_is_reserved_unless_somebody_says_otherwise)
{
    static const struct {
        const char *connections;
        size_t reserved;
    } defaults[] = {{"1024", 16}, {"64", 16}, {"63", 15}, {"17", 4}, {"16", 4}, {"4", 1}, {"1", 0}};

    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        setup();
        snprintf(text, sizeof text, "[limits]\nconnections = %s\n", defaults[i].connections);
        take(text);
        ck_assert_uint_eq(config.limits.connections_reserved, defaults[i].reserved);
    }
    setup();
    take("[limits]\nconnections = 17\nconnections_reserved = 16\n");
    ck_assert_uint_eq(config.limits.connections_reserved, 16);
}
END_TEST

START_TEST(reserved_bodies_are_4k_or_as_large_as_any_may_be)
{
    take("[function a]\nreserve = 1\n[limits]\npayload_max = 1000\n");
    ck_assert_uint_eq(config.functions[0].reserve_size, 1000);
    setup();
    take("[function a]\nreserve = 1\n[limits]\npayload_max = 1000000\n");
    ck_assert_uint_eq(config.functions[0].reserve_size, 4096);
}
END_TEST

/* ---- contradictions ---- */

#define NAME_OF_65 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *ini, *said;
} contradictions[] = {
    {"[limits]\nconnections = 100\nconnections_reserved = 100\n",
     "t:3: [limits] connections_reserved: 100 is not below connections, which is 100; allowed: 0 "
     "to 99\n"},
    {"[limits]\nfunction_name_max = 1000\n\ntext_line_max = 1063\n",
     "t:4: [limits] text_line_max: 1063 bytes cannot hold a command about a function whose name "
     "has function_name_max bytes; allowed: 1064 and more\n"},
    {"[function a\\b]\nmatch = a\n[function a\\c]\n",
     "t:3: [function a\\c] match: missing, and the label is not a pattern of function names; "
     "allowed: 1 to 128 bytes, * and ?, escapes as in C\n"},
    {"[function a]\n[function b]\nmatch = \\x61\n",
     "t:3: [function b] match: the same as that of [function a]; of sections that match a name "
     "the first counts\n"},
    {"[function a]\n[function b]\nmatch = c\n[function c]\n",
     "t:4: [function c] match: the same as that of [function b]; of sections that match a name "
     "the first counts\n"},
    {"[function a*]\nreserve = 1\n",
     "t:2: [function a*] reserve: \"a*\" is not the name of one function; allowed: a name without "
     "* and ?\n"},
    {"[function a*]\n[function b]\nreserve = 1\nmatch = ab\n",
     "t:3: [function b] reserve: [function a*], which comes before, matches that name, too, and "
     "the first counts; allowed: in front of it\n"},
    {"[limits]\npayload_max = 1K\n[function a]\nreserve_size = 2K\n",
     "t:4: [function a] reserve_size: 2K in a body are above payload_max, which is 1K\n"},
    {"[function a]\nreserve = 5\nmax_queue = 4\n",
     "t:2: [function a] reserve: 5 tasks are above max_queue, which is 4\n"},
    {"[function *]\nmax_queue = 4\n[function a]\nreserve = 5\n",
     "t:4: [function a] reserve: 5 tasks are above max_queue, which is 4\n"},
    {"[function a]\nreserve = 5\nmax_bytes = 16K\n",
     "t:2: [function a] reserve: 20K in bodies are above max_bytes, which is 16K\n"},
    {"[limits]\ntasks = 9\n[function a]\nreserve = 5\n[function b]\nreserve = 5\n[function c]\n",
     "t:6: [function b] reserve: 10 tasks, with those of the sections before, are above tasks, "
     "which is 9\n"},
    {"[limits]\nfunctions = 1\n[function a]\nreserve = 1\n[function b]\n[function c]\nreserve = "
     "1\n",
     "t:7: [function c] reserve: 2 functions, with those of the sections before, are above "
     "functions, which is 1\n"},
    {"[limits]\nfunction_name_max = 64\n[function a]\nreserve = 1\nmatch = " NAME_OF_65 "\n",
     "t:4: [function a] reserve: 65 bytes in the name are above function_name_max, which is 64\n"},
    {"[function a]\n[function *]\nretry_on_fail = yes\n[function b]\n",
     "t:3: [function *] retry_on_fail: with retries = unlimited a task that always fails would "
     "never end; allowed: yes beside 1 to 65535 retries\n"},
    {"[function *]\nretries = 3\nretry_on_fail = yes\n[function a]\n[function b]\nretries = "
     "unlimited\n",
     "t:6: [function b] retry_on_fail: with retries = unlimited a task that always fails would "
     "never end; allowed: yes beside 1 to 65535 retries\n"},
    {"[function b]\nretry_on_fail = yes\n",
     "t:2: [function b] retry_on_fail: with retries = unlimited a task that always fails would "
     "never end; allowed: yes beside 1 to 65535 retries\n"},
};

START_TEST(a_contradiction_is_named_once_with_the_line_of_one_of_its_keys)
{
    ck_assert_msg(read_text(contradictions[_i].ini), "%s", errors.text);
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(errors.text, contradictions[_i].said);
}
END_TEST

/* A limit of its own may be a limit exactly, and no limit is none. */
START_TEST(a_reserve_may_be_all_that_the_limits_allow)
{
    take("[limits]\ntasks = 10\nfunctions = 2\npayload_max = 4K\nfunction_name_max = 1\n"
         "[function a]\nreserve = 5\nmax_queue = 5\nmax_bytes = 20K\n"
         "[function b]\nreserve = 5\n[function *]\n[function ?]\n");
}
END_TEST

START_TEST(a_line_is_named_only_where_a_line_is_to_blame)
{
    ck_assert(read_text("[function a]\nreserve = 5\n\n\nmax_queue = 6\n"));
    ck_assert(config_set(&config, "function a.reserve=7", &errors));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(errors.text,
                     "t:5: [function a] reserve: 7 tasks are above max_queue, which is 6\n");
    setup();
    ck_assert(config_set(&config, "function a.reserve=7", &errors));
    ck_assert(config_set(&config, "function a.max_queue=6", &errors));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(errors.text,
                     "[function a] reserve: 7 tasks are above max_queue, which is 6\n");
}
END_TEST

START_TEST(lines_are_those_of_the_last_file)
{
    ck_assert(read_text("\n\n[function a]\nreserve = 5\n"));
    ck_assert(config_read_text(&config, "u", "[function *]\nmax_queue = 4\n", &errors));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(errors.text,
                     "[function a] reserve: 5 tasks are above max_queue, which is 4\n");
}
END_TEST

START_TEST(a_file_with_mistakes_is_not_blamed_for_what_they_lead_to)
{
    ck_assert(!read_text("[function a]\nretries = none\nretry_on_fail = yes\n"));
    ck_assert(config_finish(&config, &errors));
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_functions");
    TCase *cases = tcase_create("functions");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, a_section_has_a_label_and_what_it_matches);
    tcase_add_test(cases, what_a_section_does_not_say_comes_from_every_function);
    tcase_add_test(cases, the_command_line_changes_a_section_or_adds_one_behind);
    tcase_add_test(cases, what_was_settled_is_printed_and_reads_back_the_same);
    tcase_add_test(cases, the_longest_config_has_room_to_be_printed);
    tcase_add_test(cases, there_are_64_functions_at_most);
    tcase_add_test(cases, a_quarter_of_few_connections_is_reserved_unless_somebody_says_otherwise);
    tcase_add_test(cases, reserved_bodies_are_4k_or_as_large_as_any_may_be);
    tcase_add_loop_test(cases, a_contradiction_is_named_once_with_the_line_of_one_of_its_keys, 0,
                        COUNT_OF(contradictions));
    tcase_add_test(cases, a_reserve_may_be_all_that_the_limits_allow);
    tcase_add_test(cases, a_line_is_named_only_where_a_line_is_to_blame);
    tcase_add_test(cases, lines_are_those_of_the_last_file);
    tcase_add_test(cases, a_file_with_mistakes_is_not_blamed_for_what_they_lead_to);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
