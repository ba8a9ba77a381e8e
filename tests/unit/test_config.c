/* The configuration as a whole: files, defaults, the command line, and what is printed. What is said
 * about mistakes in a text: test_config_mistakes.c. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <unistd.h>

#include "config_suite.h"

#define TEN(text) text text text text text text text text text text

/* ---- files ---- */

/* A directory of this test's own; the caller removes it with what it put there. */
static char *temporary(char *path)
{
    static const char template[] = "/tmp/pmadd-test-config-XXXXXX";

    memcpy(path, template, sizeof template);
    ck_assert_ptr_nonnull(mkdtemp(path));
    return path;
}

static bool read_bytes(const char *bytes, size_t size)
{
    char directory[64], file[80];
    FILE *stream;
    bool good;

    snprintf(file, sizeof file, "%s/c", temporary(directory));
    stream = fopen(file, "w");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    ck_assert_int_eq(fclose(stream), 0);
    good = config_read_file(&config, file, &errors);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(rmdir(directory), 0);
    return good;
}

static bool said(const char *what)
{
    return strstr(errors.text, what) != NULL;
}

START_TEST(a_missing_file_is_said_to_be_missing)
{
    ck_assert(!config_read_file(&config, "/nonexistent/pmadd.conf", &errors));
    ck_assert_str_eq(errors.text,
                     "/nonexistent/pmadd.conf: cannot be read: No such file or directory\n");
}
END_TEST

START_TEST(a_directory_is_no_file)
{
    ck_assert(!config_read_file(&config, "/", &errors));
    ck_assert_str_eq(errors.text, "/: cannot be read: Is a directory\n");
}
END_TEST

/* Root may read everything; a file nobody may open is one behind a loop of links. */
START_TEST(an_unreadable_file_is_said_to_be_unreadable)
{
    char directory[64], file[80];

    snprintf(file, sizeof file, "%s/c", temporary(directory));
    ck_assert_int_eq(symlink(file, file), 0);
    ck_assert(!config_read_file(&config, file, &errors));
    ck_assert(said(": cannot be read: Too many levels of symbolic links\n"));
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
    static const char bytes[] = "[limits]\ntasks = 5\0\n";

    ck_assert(!read_bytes(bytes, sizeof bytes - 1));
    ck_assert_uint_eq(errors.count, 1);
    ck_assert(said("/c:2: a NUL byte\n"));
}
END_TEST

START_TEST(an_endless_file_ends)
{
    ck_assert(!config_read_file(&config, "/dev/zero", &errors));
    ck_assert(said("/dev/zero:2: the file is longer than 1M and not read beyond\n"));
}
END_TEST

/* Lines cross the edges of the read buffer. */
START_TEST(a_file_longer_than_the_read_buffer_is_read_whole)
{
    size_t used = 0;

    while (used < 20000)
        used += (size_t)snprintf(text + used, sizeof text - used, "; comment %zu\n", used);
    snprintf(text + used, sizeof text - used, "[limits]\ntasks = 77");
    ck_assert_msg(read_bytes(text, strlen(text)), "%s", errors.text);
    ck_assert_uint_eq(config.limits.tasks, 77);
}
END_TEST

/* ---- what is taken ---- */

START_TEST(an_empty_file_is_the_default)
{
    struct config empty = config;

    ck_assert(config_read_text(&empty, "t", "", &errors));
    ck_assert(same_config(&empty, &config));
    ck_assert(config_finish(&empty, &errors));
    ck_assert_uint_eq(errors.count, 0);
}
END_TEST

START_TEST(comments_blanks_crlf_and_a_byte_order_mark_do_not_count)
{
    ck_assert_msg(read_text("\xEF\xBB\xBF; comment\r\n# comment\r\n\r\n   \n[limits] ; comment\r\n"
                            "tasks=5 ; comment\r\nfunctions   =   6\t; comment\nconnections = 7"),
                  "%s", errors.text);
    ck_assert_uint_eq(config.limits.tasks, 5);
    ck_assert_uint_eq(config.limits.functions, 6);
    ck_assert_uint_eq(config.limits.connections, 7);
}
END_TEST

START_TEST(a_line_of_198_bytes_is_read_whole)
{
    snprintf(text, sizeof text, "[limits]\ntasks =%191d\r\n", 17);
    ck_assert_msg(read_text(text), "%s", errors.text);
    ck_assert_uint_eq(config.limits.tasks, 17);
}
END_TEST

START_TEST(lists_grow_by_a_line)
{
    ck_assert(read_text("[server]\nlisten = a:1\nlisten = [::1]:2\n[pool tasks]\nclass = 64, 40\n"
                        "class = 1K,60%\n"));
    ck_assert_uint_eq(config.server.listen_count, 2);
    ck_assert_str_eq(config.server.listen[1], "[::1]:2");
    ck_assert_uint_eq(config.pools[POOL_TASKS].layout.class_count, 2);
    ck_assert_uint_eq(config.pools[POOL_TASKS].layout.classes[1].block_size, 1024);
    ck_assert_uint_eq(config.pools[POOL_TASKS].layout.classes[1].share, 60);
}
END_TEST

START_TEST(a_profile_stands_for_its_classes)
{
    const struct pmad_profile *profile = pmad_profile_find("hft-network");
    struct pmad_layout *layout = &config.pools[POOL_WORKERS].layout;

    ck_assert(read_text("[pool workers]\nsize = 8M\nprofile = hft-network\n"));
    ck_assert(config.pools[POOL_WORKERS].declared);
    ck_assert_uint_eq(layout->pool_size, 8 << 20);
    ck_assert_uint_eq(layout->class_count, profile->class_count);
    ck_assert_mem_eq(layout->classes, profile->classes,
                     profile->class_count * sizeof profile->classes[0]);
}
END_TEST

START_TEST(a_pool_section_keeps_the_defaults_it_does_not_name)
{
    struct pmad_layout before = config.pools[POOL_TASKS].layout;

    ck_assert(!config.pools[POOL_TASKS].declared);
    ck_assert(read_text("[pool tasks]\nsize = 64M\nlock = require\n"));
    ck_assert(config.pools[POOL_TASKS].declared);
    ck_assert(!config.pools[POOL_WIRE].declared);
    before.pool_size = 64 << 20;
    before.lock = PMAD_REQUIRE;
    ck_assert(same_layout(&config.pools[POOL_TASKS].layout, &before));
}
END_TEST

START_TEST(every_function_has_a_section_of_its_own)
{
    ck_assert_uint_eq(config.every_function.retries, 0);
    ck_assert_msg(read_text("[function *]\ntimeout = 8760h\nretries = 1\nmax_queue = 16777216\n"),
                  "%s", errors.text);
    ck_assert_uint_eq(config.every_function.timeout_us, (uint64_t)8760 * 3600 * 1000000);
    ck_assert_uint_eq(config.every_function.retries, 1);
    ck_assert_uint_eq(config.every_function.max_queue, 16777216);
    ck_assert(config_set(&config, "function *.retries=unlimited", &errors));
    ck_assert(config_set(&config, "function *.timeout=0", &errors));
    ck_assert_uint_eq(config.every_function.retries, 0);
    ck_assert_uint_eq(config.every_function.timeout_us, 0);
}
END_TEST

/* A default that stands in the file all the same is given. */
START_TEST(what_was_given_is_known_and_what_was_not)
{
    ck_assert(!config_is_given(&config, "server", "socket"));
    ck_assert(read_text("[server]\nsocket = /a\n[limits]\ntasks = 65536\n"));
    ck_assert(config_is_given(&config, "server", "socket"));
    ck_assert(config_is_given(&config, "limits", "tasks"));
    ck_assert(!config_is_given(&config, "server", "listen"));
    ck_assert(config_set(&config, "server.listen=a:1", &errors));
    ck_assert(config_is_given(&config, "server", "listen"));
    ck_assert(!config_set(&config, "server.backlog=0", &errors));
    ck_assert(!config_is_given(&config, "server", "backlog"));
}
END_TEST

START_TEST(nobody_who_is_not_root_gets_the_socket_of_root)
{
    char path[CONFIG_PATH_MAX];

    ck_assert_int_eq(unsetenv("RUNTIME_DIRECTORY"), 0);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/4711", 1), 0);
    config_default(&config);
    ck_assert_str_eq(config.server.socket,
                     geteuid() == 0 ? "/run/pmadd/pmadd.sock" : "/run/user/4711/pmadd.sock");
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(4711), 0);
    config_default(&config);
    ck_assert_str_eq(config.server.socket, "/run/user/4711/pmadd.sock");
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    config_default(&config);
    snprintf(path, sizeof path, "/tmp/pmadd-%lu.sock", (unsigned long)geteuid());
    ck_assert_str_eq(config.server.socket, path);
    ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", "/run/pmadd-edge", 1), 0);
    config_default(&config);
    ck_assert_str_eq(config.server.socket, "/run/pmadd-edge/pmadd.sock");
    ck_assert_int_eq(unsetenv("RUNTIME_DIRECTORY"), 0);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0); /* LeakSanitizer needs the rights back */
}
END_TEST

/* ---- the command line ---- */

START_TEST(an_assignment_sets_one_key)
{
    ck_assert(config_set(&config, "limits.tasks=5", &errors));
    ck_assert(config_set(&config, "limits.tasks = 6", &errors));
    ck_assert(config_set(&config, "pool tasks.size=8M", &errors));
    ck_assert(config_set(&config, "server.socket=./a=b.sock", &errors));
    ck_assert_uint_eq(config.limits.tasks, 6);
    ck_assert_uint_eq(config.pools[POOL_TASKS].layout.pool_size, 8 << 20);
    ck_assert(config.pools[POOL_TASKS].declared);
    ck_assert_str_eq(config.server.socket, "./a=b.sock");
    ck_assert(config_finish(&config, &errors));
}
END_TEST

START_TEST(the_first_of_a_list_replaces_and_later_ones_add)
{
    ck_assert(read_text("[server]\nlisten = a:1\nlisten = a:2\n"));
    ck_assert(config_set(&config, "server.listen=b:1", &errors));
    ck_assert(config_set(&config, "server.listen=b:2", &errors));
    ck_assert(config_set(&config, "server.listen=b:3", &errors));
    ck_assert(config_set(&config, "pool wire.class=64,30", &errors));
    ck_assert(config_set(&config, "pool wire.class=65536,70", &errors));
    ck_assert_uint_eq(config.server.listen_count, 3);
    ck_assert_str_eq(config.server.listen[0], "b:1");
    ck_assert_uint_eq(config.pools[POOL_WIRE].layout.class_count, 2);
    ck_assert(config_finish(&config, &errors));
}
END_TEST

#define UNKNOWN_SECTION                                                                          \
    "unknown section; there are [server], [limits], [pool tasks], [pool wire], [pool workers], " \
    "[pool runtime], [function *], [function LABEL], [access]"

static const struct {
    const char *assignment;
    const char *said;
} bad_assignments[] = {
    {"tasks", "not section.key=value"},
    {"tasks=5", "not section.key=value"},
    {"=", "not section.key=value"},
    {"", "not section.key=value"},
    {".=", UNKNOWN_SECTION},
    {"limit.tasks=5", UNKNOWN_SECTION},
    {"limits.tasks=0", "0 is out of range; allowed: 1 to 16777216"},
    {"access.admin=r t", "\"r t\" is nobody; allowed: tcp, the name of a user, or @ and that of a "
                         "group; letters, digits and . _ - $, 1 to 63"},
    {"function *.match=a", "not for every function; allowed: in a section [function LABEL]"},
    {"function a;b.timeout=1s",
     "not a label; allowed: 1 to 40 printable bytes but ] and ;, no blank "
     "at either end"},
    {"function a.warn_wait=1us", "1us is out of range; allowed: 0 (off) or 1ms to 24h"},
    {"server.socket=/a ;b", "\"/a ;b\" is not a path that can stand in one line"},
    {"server.socket=" TEN(TEN("0123456789")), "a value longer than 263 bytes"},
    {"pool wire.foo=1",
     "unknown key; this section has: size, class, profile, prefault, lock, huge_pages, "
     "explicit_huge_pages"}};

START_TEST(a_bad_assignment_is_named)
{
    char line[2048];

    snprintf(line, sizeof line, "--set %s: %s\n", bad_assignments[_i].assignment,
             bad_assignments[_i].said);
    ck_assert(!config_set(&config, bad_assignments[_i].assignment, &errors));
    if (strlen(line) < 512)
        ck_assert_str_eq(errors.text, line);
    else
        ck_assert(said(bad_assignments[_i].said));
}
END_TEST

START_TEST(an_option_stands_for_a_key_and_is_named_in_its_error)
{
    ck_assert(config_set_key(&config, "server", "listen", "a:1", "--listen", &errors));
    ck_assert(config_set_key(&config, "server", "listen", "a:2", "--listen", &errors));
    ck_assert_uint_eq(config.server.listen_count, 2);
    ck_assert_uint_eq(errors.count, 0);
    ck_assert(!config_set_key(&config, "server", "backlog", "0", "--backlog 0", &errors));
    ck_assert(!config_set_key(&config, "server", "user", TEN(TEN("012")), "--user", &errors));
    ck_assert_str_eq(errors.text, "--backlog 0: 0 is out of range; allowed: 1 to 65535\n"
                                  "--user: a value longer than 263 bytes\n");
}
END_TEST

START_TEST(a_pool_made_on_the_command_line_is_judged_in_the_end)
{
    ck_assert(config_set(&config, "pool tasks.class=64, 99", &errors));
    ck_assert(config_set(&config, "pool workers.size=1M", &errors));
    ck_assert(!config_finish(&config, &errors));
    ck_assert_str_eq(errors.text,
                     "[pool tasks] class: the shares sum to 99 percent, not to 100\n"
                     "[pool workers] class: missing; a declared pool has classes or a profile\n");
}
END_TEST

/* ---- printing ---- */

static void check_round_trip(void)
{
    struct config again;
    size_t size = config_print(&config, text, sizeof text);

    ck_assert_uint_lt(size, sizeof text);
    ck_assert_uint_eq(strlen(text), size);
    config_default(&again);
    ck_assert_msg(config_read_text(&again, "printed", text, &errors), "%s", errors.text);
    ck_assert(same_config(&again, &config));
}

/* Nothing in it is a default. */
static const char all_different[] =
    "[server]\nsocket = /tmp/a b;c\nsocket_mode = 7\nsocket_group = g\nlisten = a:1\n"
    "listen = [::1]:2\nbacklog = 32\nuser = u\npid_file = p p\nlog_file = none\n"
    "log_level = debug\nnode = n\nhandle_prefix = H:x;y\nround_robin = yes\nworker_wakeup = 0\n"
    "exceptions = yes\nshutdown_grace = 0\nbusy_poll = 50us\n"
    "[limits]\nconnections = 1\nconnections_reserved = 3\nconnections_per_user = 4\ntasks = "
    "2\nfunctions = 3\nfunction_name_max = 4\n"
    "payload_max = 5\ntext_line_max = 1025\nsubmissions_per_connection = 7\n"
    "waiters_per_task = 6\nregistrations_per_worker = 8\noutbox_max = 9M\nslow_peer_grace = "
    "1234us\n"
    "frame_timeout = 0\nidle_timeout = 90m\n"
    "[pool tasks]\nsize = 9999999\nprofile = balanced\nprefault = off\n"
    "[pool wire]\nlock = try\nhuge_pages = off\n"
    "[pool workers]\nsize = 2M\nclass = 8, 1\nclass = 1M, 99\n"
    "[pool runtime]\nsize = 2M\nprofile = min-overhead\nhuge_pages = require\n"
    "explicit_huge_pages = try\n"
    "[function *]\ntimeout = 500ms\nretries = 3\nmax_queue = 4\nretry_on_fail = yes\nwarn_wait = "
    "3s\n"
    "max_bytes = 5K\n"
    "[function a b]\nmatch = img:resize*\ntimeout = 0\nretries = unlimited\nreserve = 6\n"
    "[function x=.y]\nmatch = \\x3b\\\\,:\\?;\nmax_queue = 0\nmax_bytes = 1\nreserve_size = 0\n"
    "retry_on_fail = no\n"
    "[access]\nsubmit = tcp\nwork = tcp:?, @a.b:x:\\,y*\nobserve = root\nadmin = alice,@c\n";

START_TEST(what_is_printed_reads_back_the_same)
{
    check_round_trip();
    ck_assert_msg(read_text(all_different), "%s", errors.text);
    check_round_trip();
}
END_TEST

START_TEST(printing_into_too_little_room_says_how_much_it_takes)
{
    size_t size = config_print(&config, text, sizeof text);
    char small[100];

    ck_assert_uint_eq(config_print(&config, NULL, 0), size);
    ck_assert_uint_eq(config_print(&config, small, sizeof small), size);
    ck_assert_uint_eq(strlen(small), sizeof small - 1);
    ck_assert_mem_eq(small, text, sizeof small - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *cases = tcase_create("config");

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, a_missing_file_is_said_to_be_missing);
    tcase_add_test(cases, a_directory_is_no_file);
    tcase_add_test(cases, an_unreadable_file_is_said_to_be_unreadable);
    tcase_add_test(cases, a_nul_byte_is_refused);
    tcase_add_test(cases, an_endless_file_ends);
    tcase_add_loop_test(cases, a_bad_assignment_is_named, 0, COUNT_OF(bad_assignments));
    tcase_add_test(cases, a_pool_made_on_the_command_line_is_judged_in_the_end);
    tcase_add_test(cases, an_empty_file_is_the_default);
    tcase_add_test(cases, a_file_longer_than_the_read_buffer_is_read_whole);
    tcase_add_test(cases, comments_blanks_crlf_and_a_byte_order_mark_do_not_count);
    tcase_add_test(cases, a_line_of_198_bytes_is_read_whole);
    tcase_add_test(cases, lists_grow_by_a_line);
    tcase_add_test(cases, a_profile_stands_for_its_classes);
    tcase_add_test(cases, a_pool_section_keeps_the_defaults_it_does_not_name);
    tcase_add_test(cases, nobody_who_is_not_root_gets_the_socket_of_root);
    tcase_add_test(cases, every_function_has_a_section_of_its_own);
    tcase_add_test(cases, what_was_given_is_known_and_what_was_not);
    tcase_add_test(cases, an_assignment_sets_one_key);
    tcase_add_test(cases, an_option_stands_for_a_key_and_is_named_in_its_error);
    tcase_add_test(cases, the_first_of_a_list_replaces_and_later_ones_add);
    tcase_add_test(cases, what_is_printed_reads_back_the_same);
    tcase_add_test(cases, printing_into_too_little_room_says_how_much_it_takes);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
