/* The table of keys, the shipped files and the manual say the same. CONFIG_ROOT is the directory of
 * the source tree. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <unistd.h>

#include "config_suite.h"

/* A text from `file` below the source tree, in `text`. */
static void load(const char *file)
{
    FILE *stream = fopen(file, "r");
    size_t size;

    ck_assert_msg(stream != NULL, "%s is missing", file);
    size = fread(text, 1, sizeof text - 1, stream);
    ck_assert_uint_lt(size, sizeof text - 1);
    text[size] = '\0';
    ck_assert_int_eq(fclose(stream), 0);
}

/* True if a line of `where` is `line`, as it is or as a comment, whatever comment follows. */
static bool has_line(const char *where, const char *line)
{
    size_t size = strlen(line);

    for (const char *at = where; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, "; ", 2) == 0)
            at += 2;
        if (strncmp(at, line, size) == 0 && strchr("\n ", at[size]))
            return true;
    }
    return false;
}

/* A section of that kind that has every key. */
static const char *example_of(const char *kind)
{
    if (strcmp(kind, "pool *") == 0)
        return "pool tasks";
    return strcmp(kind, "function *") == 0 ? "function a" : kind;
}

START_TEST(the_defaults_are_those_of_the_table_of_keys)
{
    char line[256], section[64] = "";

    ck_assert(config_read_text(&config, "t", "[function a]\n", &errors));
    config_print(&config, text, sizeof text);
    for (const struct config_key_info *key = config_keys(); key->section; key++) {
        if (!key->default_text || strcmp(key->key, "socket") == 0)
            continue;
        snprintf(section, sizeof section, "[%s]", example_of(key->section));
        snprintf(line, sizeof line, "%s = %s", key->key, key->default_text);
        ck_assert_ptr_nonnull(strstr(text, section));
        ck_assert_msg(has_line(strstr(text, section), line), "%s is not the default", line);
    }
}
END_TEST

START_TEST(the_default_pools_are_the_documented_ones)
{
    static const char *const lines[] = {
        "[pool tasks]\nsize = 32M\nclass = 96, 10\nclass = 160, 20\nclass = 320, 12\n"
        "class = 1024, 16\nclass = 4096, 16\nclass = 65536, 26\nprefault = try\nlock = off\n"
        "huge_pages = try\nexplicit_huge_pages = off\n",
        "[pool wire]\nsize = 16M\nclass = 128, 10\nclass = 1024, 15\nclass = 8192, 15\n"
        "class = 65536, 60\nprefault = try\nlock = off\n"
        "huge_pages = try\nexplicit_huge_pages = off\n"};

    config_print(&config, text, sizeof text);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        ck_assert_ptr_nonnull(strstr(text, lines[i]));
}
END_TEST

START_TEST(the_shipped_file_shows_every_key_with_its_default)
{
    char line[256];

    load(CONFIG_ROOT "/config/pmadd.conf");
    for (const struct config_key_info *key = config_keys(); key->section; key++) {
        snprintf(line, sizeof line, "%s =", key->key);
        snprintf(line, sizeof line, "%s =%s%s", key->key, key->default_text ? " " : "",
                 key->default_text ? key->default_text : "");
        ck_assert_msg(strcmp(key->key, "profile") == 0 ? strstr(text, "`profile = ") != NULL
                                                       : has_line(text, line),
                      "pmadd.conf does not show %s", line);
    }
}
END_TEST

START_TEST(the_shipped_file_means_the_same_as_an_empty_one)
{
    struct config empty = config;

    ck_assert(config_read_file(&config, CONFIG_ROOT "/config/pmadd.conf", &errors));
    ck_assert(same_config(&config, &empty));
}
END_TEST

START_TEST(the_manual_has_every_key_with_its_default)
{
    char item[128], *at, *end;

    load(CONFIG_ROOT "/docs/man/pmadd.conf.5");
    for (const struct config_key_info *key = config_keys(); key->section; key++) {
        snprintf(item, sizeof item, "\n.It Ic %s\n", key->key);
        at = strstr(text, item);
        ck_assert_msg(at != NULL, "%s is missing", key->key);
        if (!key->default_text)
            continue;
        end = strstr(at + strlen(item), "\n.It ");
        snprintf(item, sizeof item, "\n.Ql %s ", key->default_text);
        at = strstr(at, item);
        ck_assert_msg(at != NULL && (!end || at < end), "%s lacks its default", key->key);
    }
}
END_TEST

static const char *const shipped[] = {"pmadd.conf",
                                      "profiles/small.conf",
                                      "profiles/max-throughput.conf",
                                      "profiles/min-overhead.conf",
                                      "profiles/balanced.conf",
                                      "profiles/latency-optimised.conf",
                                      "profiles/hft-network.conf",
                                      "profiles/embedded-rtos.conf"};

START_TEST(a_shipped_file_is_without_mistakes)
{
    char file[512];

    snprintf(file, sizeof file, "%s/config/%s", CONFIG_ROOT, shipped[_i]);
    ck_assert_msg(config_read_file(&config, file, &errors), "%s", errors.text);
    ck_assert_msg(config_finish(&config, &errors), "%s", errors.text);
}
END_TEST

/* An envelope is some 200 bytes and not cut in pieces. */
START_TEST(a_shipped_tasks_pool_has_a_class_for_envelopes)
{
    const struct pmad_layout *layout = &config.pools[POOL_TASKS].layout;
    char file[512];

    snprintf(file, sizeof file, "%s/config/%s", CONFIG_ROOT, shipped[_i]);
    ck_assert(config_read_file(&config, file, &errors));
    ck_assert_uint_ge(layout->classes[layout->class_count - 1].block_size, 256);
}
END_TEST

START_TEST(every_reference_layout_has_its_file)
{
    char file[512];

    for (const struct pmad_profile *profile = pmad_profiles; profile->name; profile++) {
        snprintf(file, sizeof file, "%s/config/profiles/%s.conf", CONFIG_ROOT, profile->name);
        ck_assert_msg(access(file, R_OK) == 0, "%s is missing", file);
    }
}
END_TEST

START_TEST(the_small_file_maps_less_than_half_of_its_16_mib_for_the_declared_pools)
{
    ck_assert(config_read_file(&config, CONFIG_ROOT "/config/profiles/small.conf", &errors));
    ck_assert_uint_le(config.pools[POOL_TASKS].layout.pool_size +
                          config.pools[POOL_WIRE].layout.pool_size,
                      8 << 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_shipped");
    TCase *cases = tcase_create("agreement");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, the_defaults_are_those_of_the_table_of_keys);
    tcase_add_test(cases, the_default_pools_are_the_documented_ones);
    tcase_add_test(cases, the_shipped_file_shows_every_key_with_its_default);
    tcase_add_test(cases, the_shipped_file_means_the_same_as_an_empty_one);
    tcase_add_test(cases, the_manual_has_every_key_with_its_default);
    tcase_add_loop_test(cases, a_shipped_file_is_without_mistakes, 0, COUNT_OF(shipped));
    tcase_add_loop_test(cases, a_shipped_tasks_pool_has_a_class_for_envelopes, 0,
                        COUNT_OF(shipped));
    tcase_add_test(cases, every_reference_layout_has_its_file);
    tcase_add_test(cases, the_small_file_maps_less_than_half_of_its_16_mib_for_the_declared_pools);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
