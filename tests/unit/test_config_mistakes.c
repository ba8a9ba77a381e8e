/* What is said about each kind of mistake in a configuration: once, with its place. */
#include "config_suite.h"

#define TEN(text) text text text text text text text text text text

/* A text, and all that is said about it. */
static const struct {
    const char *ini;
    const char *said;
} mistakes[] = {
    /* lines */
    {"tasks = 5\n", "t:1: tasks: a key before any section\n"},
    {"[limits]\n tasks = 5\n", "t:2: an indented line; each begins in its first column\n"},
    {"[limits]\n\t; x\n", "t:2: an indented line; each begins in its first column\n"},
    {"[limits]\ntasks\n", "t:2: neither `key = value` nor a [section] nor a comment\n"},
    {"[limits]\n= 5\n", "t:2: neither `key = value` nor a [section] nor a comment\n"},
    {"[limits]\ntasks: 5\n", "t:2: neither `key = value` nor a [section] nor a comment\n"},
    {"[limits]\ntasks ; = 5\n", "t:2: neither `key = value` nor a [section] nor a comment\n"},
    {"[limits]\ntasks = \x01\n", "t:2: a control character\n"},
    {"; " TEN("0123456789") TEN("012345678") "0123456\n", "t:1: a line longer than 198 bytes\n"},
    {"[limits]\nnode = " TEN(TEN("x=")) "\n", "t:2: a line longer than 198 bytes\n"},
    /* sections */
    {"[limits\n", "t:1: a section line without its ]\n"},
    {"[a;b]\n", "t:1: a section line without its ]\n"},
    {"[]\n", "t:1: a section without a name\n"},
    {"[limits] tasks = 5\n", "t:1: text behind the ] of a section line\n"},
    {"[limits];\n", "t:1: text behind the ] of a section line\n"},
    {"[" TEN("12345") "]\n", "t:1: a section name longer than 49 bytes\n"},
    {"[limit]\ntasks = 5\n",
     "t:1: [limit]: unknown section; there are [server], [limits], [pool tasks], [pool wire], "
     "[pool workers], [pool runtime], [function *], [function LABEL], [access]\n"},
    {"[pool task]\n",
     "t:1: [pool task]: unknown section; there are [server], [limits], [pool tasks], [pool wire], "
     "[pool workers], [pool runtime], [function *], [function LABEL], [access]\n"},
    {"[server\ntasks = 5\n[limits]\ntasks = 0\n",
     "t:1: a section line without its ]\n"
     "t:4: [limits] tasks: 0 is out of range; allowed: 1 to 16777216\n"},
    /* keys */
    {"[pool wire]\nsiz = 1M\n", "t:2: [pool wire] siz: unknown key; this section has: size, class, "
                                "profile, prefault, lock, huge_pages, explicit_huge_pages\n"},
    {"[limits]\nTasks = 1\n",
     "t:2: [limits] Tasks: unknown key; this section has: connections, connections_reserved, "
     "connections_per_user, tasks, functions, "
     "function_name_max, payload_max, text_line_max, submissions_per_connection, "
     "waiters_per_task, registrations_per_worker, outbox_max, slow_peer_grace, frame_timeout, "
     "idle_timeout\n"},
    {"[limits]\ntasks = 1\ntasks = 1\n", "t:3: [limits] tasks: given twice\n"},
    {"[limits]\ntasks = 1\n[server]\n[limits]\ntasks = 2\n", "t:5: [limits] tasks: given twice\n"},
    {"[function *]\nmatch = a\nreserve = 0\nreserve_size = 1K\n",
     "t:2: [function *] match: not for every function; allowed: in a section [function LABEL]\n"
     "t:3: [function *] reserve: not for every function; allowed: in a section [function LABEL]\n"
     "t:4: [function *] reserve_size: not for every function; allowed: in a section [function "
     "LABEL]\n"},
    {"[function a]\nretry = 1\n",
     "t:2: [function a] retry: unknown key; this section has: match, timeout, retries, "
     "retry_on_fail, max_queue, max_bytes, reserve, reserve_size, warn_wait\n"},
    {"[function *]\nretry = 1\n",
     "t:2: [function *] retry: unknown key; this section has: timeout, retries, "
     "retry_on_fail, max_queue, max_bytes, warn_wait\n"},
    {"[access]\nadmins = tcp\n",
     "t:2: [access] admins: unknown key; this section has: submit, work, observe, admin\n"},
    {"[function ]\n[function a ]\n[function  a]\n",
     "t:1: [function ]: not a label; allowed: 1 to 40 printable bytes but ] and ;, no blank at "
     "either end\n"
     "t:2: [function a ]: not a label; allowed: 1 to 40 printable bytes but ] and ;, no blank at "
     "either end\n"
     "t:3: [function  a]: not a label; allowed: 1 to 40 printable bytes but ] and ;, no blank at "
     "either end\n"},
    {"[function a]\nretries = 1\n[limits]\n[function a]\nretries = 2\n[limits]\ntasks = 0\n",
     "t:4: [function a]: given twice; the first is in line 1\n"
     "t:7: [limits] tasks: 0 is out of range; allowed: 1 to 16777216\n"},
    {"[function a]\nmatch = a\nmatch = a\n", "t:3: [function a] match: given twice\n"},
    /* values */
    {"[limits]\ntasks = many\n",
     "t:2: [limits] tasks: \"many\" is not a number; allowed: 1 to 16777216\n"},
    {"[limits]\ntasks =\n", "t:2: [limits] tasks: \"\" is not a number; allowed: 1 to 16777216\n"},
    {"[limits]\ntasks = 16777217\n",
     "t:2: [limits] tasks: 16777217 is out of range; allowed: 1 to 16777216\n"},
    {"[limits]\npayload_max = 1T\n", "t:2: [limits] payload_max: \"1T\" is not a size; allowed: 1 "
                                     "to 1G (bytes, or with K, M, G)\n"},
    {"[limits]\npayload_max = 0\n",
     "t:2: [limits] payload_max: 0 is out of range; allowed: 1 to 1G\n"},
    {"[limits]\nidle_timeout = 5\n", "t:2: [limits] idle_timeout: \"5\" is not a duration; "
                                     "allowed: 0 (off) or 1ms to 24h (with us, "
                                     "ms, s, m, h)\n"},
    {"[limits]\nidle_timeout = 25h\n",
     "t:2: [limits] idle_timeout: 25h is out of range; allowed: 0 (off) or 1ms to 24h\n"},
    {"[limits]\nslow_peer_grace = 0\n",
     "t:2: [limits] slow_peer_grace: 0 is out of range; allowed: 1ms to 24h\n"},
    {"[server]\nsocket_mode = 0888\n",
     "t:2: [server] socket_mode: \"0888\" is not a mode; allowed: 0000 to 0777 (octal)\n"},
    {"[server]\nsocket_mode = 1777\n",
     "t:2: [server] socket_mode: 1777 is out of range; allowed: 0000 to 0777\n"},
    {"[server]\nlog_level = loud\n",
     "t:2: [server] log_level: \"loud\" is none of: error, warning, "
     "notice, info, debug\n"},
    {"[server]\nsocket =\n",
     "t:2: [server] socket: \"\" is not a path that can stand in one line\n"},
    {"[server]\nsocket = /" TEN("0123456789") "1234567\n",
     "t:2: [server] socket: 108 bytes are too long; allowed: 107\n"},
    {"[server]\nsocket_group = a b\n",
     "t:2: [server] socket_group: \"a b\" is not a name; allowed: "
     "letters, digits and . _ - $\n"},
    {"[server]\nnode = a:b\n",
     "t:2: [server] node: \"a:b\" is not a name; allowed: printable ASCII "
     "without blanks, colons and semicolons\n"},
    {"[server]\nnode = " TEN("abcd") "e\n",
     "t:2: [server] node: 41 bytes are too long; allowed: 40\n"},
    {"[server]\nbacklog = 0\n", "t:2: [server] backlog: 0 is out of range; allowed: 1 to 65535\n"},
    {"[server]\nbacklog = 65536\n",
     "t:2: [server] backlog: 65536 is out of range; allowed: 1 to 65535\n"},
    {"[server]\nbacklog = -1\n",
     "t:2: [server] backlog: \"-1\" is not a number; allowed: 1 to 65535\n"},
    {"[server]\nuser = a:b\n",
     "t:2: [server] user: \"a:b\" is not a name; allowed: letters, digits "
     "and . _ - $\n"},
    {"[server]\npid_file =\n",
     "t:2: [server] pid_file: \"\" is not a path that can stand in one line\n"},
    {"[server]\npid_file = /" TEN("012345678901234567") "\n",
     "t:2: [server] pid_file: 181 bytes are too long; allowed: 180\n"},
    {"[server]\nlog_file =\n",
     "t:2: [server] log_file: \"\" is not a path that can stand in one line\n"},
    {"[server]\nlog_file = /" TEN("012345678901234567") "\n",
     "t:2: [server] log_file: 181 bytes are too long; allowed: 180\n"},
    {"[server]\nhandle_prefix = a b\n",
     "t:2: [server] handle_prefix: \"a b\" is not the beginning of a handle; allowed: printable "
     "ASCII without blanks, no semicolon in front\n"},
    {"[server]\nhandle_prefix =\n",
     "t:2: [server] handle_prefix: \"\" is not the beginning of a handle; allowed: printable ASCII "
     "without blanks, no semicolon in front\n"},
    {"[server]\nhandle_prefix = " TEN("abcd") "efg\n",
     "t:2: [server] handle_prefix: 43 bytes are too long; allowed: 42\n"},
    {"[server]\nround_robin = 1\nexceptions = Yes\n",
     "t:2: [server] round_robin: \"1\" is none of: no, yes\n"
     "t:3: [server] exceptions: \"Yes\" is none of: no, yes\n"},
    {"[server]\nworker_wakeup = 1001\n",
     "t:2: [server] worker_wakeup: 1001 is out of range; allowed: 0 to 1000\n"},
    {"[server]\nworker_wakeup = all\n",
     "t:2: [server] worker_wakeup: \"all\" is not a number; allowed: 0 to 1000\n"},
    {"[function *]\ntimeout = 500us\n",
     "t:2: [function *] timeout: 500us is out of range; allowed: 0 (off) or 1ms to 8760h\n"},
    {"[function *]\ntimeout = 5\n",
     "t:2: [function *] timeout: \"5\" is not a duration; allowed: 0 (off) or 1ms to 8760h (with "
     "us, ms, s, m, h)\n"},
    {"[function *]\nretries = 0\n", "t:2: [function *] retries: \"0\" is not a number of workers; "
                                    "allowed: unlimited, or 1 to 65535\n"},
    {"[function *]\nretries = 65536\n",
     "t:2: [function *] retries: \"65536\" is not a number of workers; allowed: unlimited, or 1 "
     "to 65535\n"},
    {"[function *]\nretries = none\n",
     "t:2: [function *] retries: \"none\" is not a number of workers; allowed: unlimited, or 1 to "
     "65535\n"},
    {"[function *]\nmax_queue = 16777217\n",
     "t:2: [function *] max_queue: 16777217 is out of range; allowed: 0 to 16777216\n"},
    {"[function *]\nretries = 1\nretries = 2\n", "t:3: [function *] retries: given twice\n"},
    {"[server]\nlisten = 4730\n", "t:2: [server] listen: \"4730\" is not an address; allowed: "
                                  "HOST:PORT or [IPV6]:PORT, port 1 to 65535\n"},
    {"[server]\n" TEN("listen = a:1\n"), "t:10: [server] listen: more than 8 addresses\n"
                                         "t:11: [server] listen: more than 8 addresses\n"},
    {"[pool wire]\nlock = yes\n", "t:2: [pool wire] lock: \"yes\" is none of: off, try, require\n"},
    {"[pool wire]\nexplicit_huge_pages = 16\n",
     "t:2: [pool wire] explicit_huge_pages: \"16\" is none of: off, try, require\n"},
    {"[pool wire]\nsize = 1K\n",
     "t:2: [pool wire] size: 1K is out of range; allowed: 4K to 1024G\n"},
    /* layouts */
    {"[pool tasks]\nclass = 64\n",
     "t:2: [pool tasks] class: \"64\" is not BLOCK, SHARE (bytes of a "
     "block, percent of the pool)\n"},
    {"[pool tasks]\nclass = 60, 100\n", "t:2: [pool tasks] class: a block of 60 bytes; allowed: "
                                        "multiples of 8 from 8 to 1048576\n"},
    {"[pool tasks]\nclass = 2M, 100\n", "t:2: [pool tasks] class: a block of 2097152 bytes; "
                                        "allowed: multiples of 8 from 8 to 1048576\n"},
    {"[pool tasks]\nclass = 64, 0\n",
     "t:2: [pool tasks] class: a share of 0 percent; allowed: 1 to 100\n"},
    {"[pool tasks]\nclass = 64, 50\nclass = 64, 50\n",
     "t:3: [pool tasks] class: a block of 64 bytes behind one of 64; block sizes ascend\n"},
    {"[pool tasks]\nclass = 64, 50\nclass = 128, 49\n",
     "t:1: [pool tasks] class: the shares sum to 99 percent, not to 100\n"},
    {"[server]\n\n[pool tasks]\nsize = 64K\nclass = 64, 50\nclass = 65536, 50\n",
     "t:3: [pool tasks] size: 64K is too small: class 65536 gets no block; the smallest size that "
     "would do is "}, /* how much that is, is the allocator's affair: test_pmad_layout */
    {"[pool tasks]\nclass = 64, 100\nprofile = balanced\n",
     "t:3: [pool tasks] profile: cannot stand beside class; a pool has one or the other\n"},
    {"[pool tasks]\nprofile = balanced\nclass = 64, 100\n",
     "t:3: [pool tasks] class: cannot stand beside profile; a pool has one or the other\n"},
    {"[pool tasks]\nprofile = fast\n",
     "t:2: [pool tasks] profile: \"fast\" is none of: max-throughput, min-overhead, balanced, "
     "latency-optimised, hft-network, embedded-rtos\n"},
    {"[pool tasks]\nsize = 1M\nhuge_pages = require\n",
     "t:1: [pool tasks] huge_pages: required for a pool smaller than one; allowed: 2M and more\n"},
    {"[pool workers]\n", "t:1: [pool workers] size: missing; a declared pool has a size\n"},
    {"[pool runtime]\nsize = 1M\n",
     "t:1: [pool runtime] class: missing; a declared pool has classes or a profile\n"}};

START_TEST(a_mistake_is_named_once_with_its_place_and_what_is_allowed)
{
    ck_assert(!read_text(mistakes[_i].ini));
    if (strchr(mistakes[_i].said, '\n') == NULL)
        *(strstr(errors.text, "do is ") + strlen("do is ")) = '\0';
    ck_assert_str_eq(errors.text, mistakes[_i].said);
}
END_TEST

START_TEST(all_mistakes_of_a_file_are_said_in_one_go)
{
    ck_assert(!read_text("[limits]\ntasks = 0\nfoo\n[pool tasks]\nclass = 64, 99\n[pool wire]\n"
                         "class = 64, 98\nlock = maybe\n"));
    ck_assert_uint_eq(errors.count, 4);
    ck_assert_str_eq(errors.text,
                     "t:2: [limits] tasks: 0 is out of range; allowed: 1 to 16777216\n"
                     "t:3: neither `key = value` nor a [section] nor a comment\n"
                     "t:8: [pool wire] lock: \"maybe\" is none of: off, try, require\n"
                     "t:4: [pool tasks] class: the shares sum to 99 percent, not to 100\n");
}
END_TEST

/* A refused first class once let the second one join the default classes, and be told off for not
 * ascending from them. */
START_TEST(one_mistake_in_a_list_does_not_bring_others)
{
    ck_assert(!read_text("[pool tasks]\nclass = 1, 50\nclass = 64, 50\n"));
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

START_TEST(mistakes_beyond_the_room_are_counted)
{
    size_t used = 0;

    for (size_t i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "nonsense\n");
    ck_assert(!read_text(text));
    ck_assert_uint_eq(errors.count, 1000);
    ck_assert_uint_lt(errors.used, sizeof errors.text);
    ck_assert_uint_eq(strlen(errors.text), errors.used);
    ck_assert_int_eq(errors.text[errors.used - 1], '\n');
}
END_TEST

START_TEST(limits_that_contradict_each_other_are_found_in_the_end)
{
    ck_assert(read_text("[limits]\nfunction_name_max = 1000\n"));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(
        errors.text,
        "t:2: [limits] text_line_max: 1024 bytes cannot hold a command about a function "
        "whose name has function_name_max bytes; allowed: 1064 and more\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_mistakes");
    TCase *cases = tcase_create("config_mistakes");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_loop_test(cases, a_mistake_is_named_once_with_its_place_and_what_is_allowed, 0,
                        COUNT_OF(mistakes));
    tcase_add_test(cases, all_mistakes_of_a_file_are_said_in_one_go);
    tcase_add_test(cases, one_mistake_in_a_list_does_not_bring_others);
    tcase_add_test(cases, mistakes_beyond_the_room_are_counted);
    tcase_add_test(cases, limits_that_contradict_each_other_are_found_in_the_end);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
