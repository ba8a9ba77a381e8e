/* Which keys a running daemon cannot change: config_needs_restart(). */
#include "config_suite.h"

static struct config old, new;
static struct config_names names;

static void take(struct config *into, const char *ini)
{
    config_default(into);
    ck_assert_msg(config_read_text(into, "t", ini, &errors) && config_finish(into, &errors), "%s",
                  errors.text);
}

/* What is named where the first text becomes the second; "" for nothing. */
static const char *named(const char *before, const char *after)
{
    take(&old, before);
    take(&new, after);
    ck_assert_int_eq(config_needs_restart(&old, &new, &names), names.count > 0);
    return names.text;
}

#define LAYOUT "size = 8M\nclass = 64, 50\nclass = 1024, 50\n"

static const struct {
    const char *before, *after, *named;
} changes[] = {
    {"", "", ""},
    {"[limits]\ntasks = 100\n", "[limits]\ntasks = 100\n", ""},
    {"", "[server]\nlog_level = debug\nshutdown_grace = 1s\n", ""},
    {"",
     "[limits]\nconnections_reserved = 1\nconnections_per_user = 5\ntext_line_max = 2K\n"
     "submissions_per_connection = 7\noutbox_max = 8K\nslow_peer_grace = 1s\nframe_timeout = 1s\n"
     "idle_timeout = 1s\n",
     ""},
    {"[function *]\ntimeout = 1s\n[function a]\nmax_queue = 1\n",
     "[function b*]\nretries = 3\nretry_on_fail = yes\nmax_bytes = 1M\n", ""},
    {"[access]\nsubmit = alice\n", "[access]\nsubmit = bob:img:*\nadmin = tcp\n", ""},
    {"", "[limits]\ntasks = 100\n", "[limits] tasks"},
    {"[limits]\ntasks = 100\n", "", "[limits] tasks"},
    {"", "[limits]\ntasks = 65536\n", ""}, /* as it was, now in words */
    {"", "[server]\nsocket = /tmp/x\nnode = y\n[limits]\npayload_max = 2M\n",
     "[server] socket, [server] node, [limits] payload_max"},
    {"[server]\nlisten = 127.0.0.1:1\n", "[server]\nlisten = 127.0.0.1:1\nlisten = 127.0.0.1:2\n",
     "[server] listen"},
    {"", "[pool tasks]\n" LAYOUT, "[pool tasks] size"},
    {"[pool tasks]\n" LAYOUT, "", "[pool tasks] size"},
    {"[pool tasks]\n" LAYOUT, "[pool tasks]\n" LAYOUT, ""},
    {"[pool tasks]\n" LAYOUT, "[pool tasks]\n" LAYOUT "lock = try\n", "[pool tasks] lock"},
    {"[pool wire]\nsize = 8M\nclass = 64, 50\nclass = 1024, 50\n",
     "[pool wire]\nsize = 8M\nclass = 64, 40\nclass = 1024, 60\n", "[pool wire] class"},
    {"", "[function a]\nreserve = 3\n", "[function a] reserve"},
    {"[function a]\nreserve = 3\n", "", "[function a] reserve"},
    {"[function a]\nreserve = 3\n", "[function a]\nreserve = 4\n", "[function a] reserve"},
    {"[function a]\nreserve = 3\n", "[function a]\nreserve = 3\nreserve_size = 9\n",
     "[function a] reserve_size"},
    {"[function a]\nreserve = 3\n", "[function x]\nmatch = a\nreserve = 3\nmax_queue = 5\n", ""},
};

START_TEST(what_only_a_restart_changes_is_named_key_by_key)
{
    ck_assert_str_eq(named(changes[_i].before, changes[_i].after), changes[_i].named);
}
END_TEST

START_TEST(names_beyond_the_room_are_counted_and_left_out_whole)
{
    size_t used = 0;

    for (int i = 0; i < 40; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "[function name%d]\nreserve = 1\n", i);
    ck_assert_uint_gt(strlen(named("", text)), sizeof names.text - 40);
    ck_assert_uint_eq(names.count, 40);
    ck_assert_uint_eq(strlen(names.text), names.used);
    ck_assert_str_eq(names.text + names.used - strlen("reserve"), "reserve");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("config_restart");
    TCase *cases = tcase_create("restart");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_loop_test(cases, what_only_a_restart_changes_is_named_key_by_key, 0,
                        COUNT_OF(changes));
    tcase_add_test(cases, names_beyond_the_room_are_counted_and_left_out_whole);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
