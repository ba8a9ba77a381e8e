/* Rules of Gearman, "Administration": the lines, byte for byte, who may say them, and what listings show. */
#include "admin_fixture.h"

#define INCOMPLETE "ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+"
#define UNKNOWN    "ERR UNKNOWN_COMMAND Unknown+server+command"

/* ---- one line each ---- */

struct exchange {
    const char *line, *answer;
};

static const struct exchange exchanges[] = {
    {"version", "OK 1.2.3\n"},
    {"getpid", "OK 4711\n"},
    {"verbose", "OK NOTICE\n"},
    {"VERSION", "OK 1.2.3\n"},
    {"GetPid\r", "OK 4711\n"},
    {"version x", "OK 1.2.3\n"},
    {"verbose  x y z x y z x y z", "OK NOTICE\n"},
    {"status", ".\n"},
    {"prioritystatus", ".\n"},
    {"show jobs", ".\n"},
    {"show unique jobs", ".\n"},
    {"Show Unique JOBS\r", ".\n"},
    {"status x", ".\n"},

    {"hello", UNKNOWN "hello\r\n"},
    {"HeLLo world", UNKNOWN "HeLLo\r\n"},
    {"", UNKNOWN "\r\n"},
    {"\r", UNKNOWN "\r\n"},
    {"  ", UNKNOWN "\r\n"},
    {"jobs", UNKNOWN "jobs\r\n"},
    {"clients", UNKNOWN "clients\r\n"},
    {"shutdown", UNKNOWN "shutdown\r\n"},
    {"shutdown graceful", UNKNOWN "shutdown\r\n"},
    {"statu", UNKNOWN "statu\r\n"},
    {"statuss", UNKNOWN "statuss\r\n"},
    {"version\r\r", UNKNOWN "version\r\r\n"},

    {"show", UNKNOWN "show\r\n"},
    {"Show wings", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},
    {"show unique", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},
    {"show unique wings", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},
    {"show jobs more", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},
    {"show unique jobs more", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},
    {"show jobs a b c d e f g h", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"},

    {"create", INCOMPLETE "create\r\n"},
    {"Create wings", INCOMPLETE "Create\r\n"},
    {"create function", INCOMPLETE "create\r\n"},
    {"create wings f", INCOMPLETE "create\r\n"},
    {"create function two words", INCOMPLETE "create\r\n"},
    {"drop", INCOMPLETE "drop\r\n"},
    {"drop wings", INCOMPLETE "drop\r\n"},
    {"drop function", INCOMPLETE "drop\r\n"},
    {"DROP wings f", INCOMPLETE "DROP\r\n"},
    {"drop function two words", INCOMPLETE "drop\r\n"},
    {"maxqueue", INCOMPLETE "maxqueue\r\n"},
    {"drop function wings", "ERR function not found\r\n"},

    {"cancel", UNKNOWN "cancel\r\n"},
    {"cancel job", UNKNOWN "cancel\r\n"},
    {"cancel wings", UNKNOWN "cancel\r\n"},
    {"cancel wings x", "ERR UNKNOWN_ERROR\r\n"},
    {"cancel job x y", "ERR UNKNOWN_ERROR\r\n"},
    {"cancel job x", "ERR UNKNOWN_JOB\r\n"},
    {"cancel job H:nowhere:1", "ERR UNKNOWN_JOB\r\n"},
    {"Cancel JOB H:box:1", "ERR UNKNOWN_JOB\r\n"},
};

START_TEST(every_line_gets_exactly_its_answer)
{
    struct remote *admin = remote_new(&rig);

    answers(admin, exchanges[_i].line, exchanges[_i].answer);
    is_served(admin);
    ck_assert_uint_eq(rig_counts(&rig).functions, 0);
}
END_TEST

START_TEST(of_a_long_unknown_word_the_beginning_is_repeated)
{
    struct remote *admin = remote_new(&rig);
    char line[LONGEST + 2], answer[sizeof UNKNOWN + LONGEST + 2];

    memset(line, 'x', sizeof line);
    line[LONGEST + _i] = 0;
    (void)snprintf(answer, sizeof answer, UNKNOWN "%.*s\r\n", LONGEST, line);
    answers(admin, line, answer);
}
END_TEST

START_TEST(an_unknown_word_may_hold_any_byte)
{
    static const char line[] = "a\0\xff\n", answer[] = UNKNOWN "a\0\xff\r\n";
    struct remote *admin = remote_new(&rig);

    remote_post(admin, line, sizeof line - 1);
    rig_turn(&rig);
    ck_assert_uint_eq(admin->heard.size, sizeof answer - 1);
    ck_assert_mem_eq(admin->heard.at, answer, sizeof answer - 1);
    ck_assert_uint_eq(hear_out(admin), 1);
}
END_TEST

START_TEST(a_listing_is_lines_then_a_full_stop_in_one_write)
{
    static const char *const lines[] = {"status",    "prioritystatus",   "workers",
                                        "show jobs", "show unique jobs", "pools"};
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct iovec slices[64];
    size_t count, bytes = 0;

    for (int i = 0; i < 60; i++)
        (void)submitted(client, text("SUBMIT_JOB_BG function-%d|unique-%d|x", i, i));
    admin->appetite = 0;
    say_line(admin, lines[_i]);
    count = peer_output(&admin->seat->peer, slices, COUNT(slices));
    for (size_t i = 0; i < count; i++)
        bytes += slices[i].iov_len;
    ck_assert_uint_eq(bytes, admin->seat->peer.outbox.size);
    ck_assert_mem_eq((uint8_t *)slices[count - 1].iov_base + slices[count - 1].iov_len - 3, "\n.\n",
                     3);
    ck_assert_int_eq(admin->seat->peer.listing.kind, 0);
}
END_TEST

/* ---- rights ---- */

struct guarded {
    const char *line;
    unsigned right;
    const char *denial;
};

#define OBSERVE(line, word)                                                           \
    {                                                                                 \
        line, RIGHT_OBSERVE, "ERR ACCESS_DENIED " word "+needs+the+right+observe\r\n" \
    }
#define ADMIN(line, word)                                                         \
    {                                                                             \
        line, RIGHT_ADMIN, "ERR ACCESS_DENIED " word "+needs+the+right+admin\r\n" \
    }

static const struct guarded guarded[] = {
    OBSERVE("version", "version"),
    OBSERVE("GETPID", "GETPID"),
    OBSERVE("verbose", "verbose"),
    OBSERVE("status", "status"),
    OBSERVE("prioritystatus", "prioritystatus"),
    OBSERVE("workers", "workers"),
    OBSERVE("pools", "pools"),
    OBSERVE("show jobs", "show"),
    OBSERVE("show unique jobs", "show"),
    ADMIN("maxqueue f", "maxqueue"),
    ADMIN("maxqueue f 1", "maxqueue"),
    ADMIN("create function g", "create"),
    ADMIN("drop function f", "drop"),
    ADMIN("cancel job H:box:1", "cancel"),
};

START_TEST(a_line_without_the_right_to_it_is_access_denied)
{
    const struct guarded *row = &guarded[_i];
    struct remote *stranger = remote_with(&rig, RIGHT_ALL & ~row->right);
    struct remote *allowed = remote_with(&rig, row->right);
    struct remote *worker = worker_for("f");

    say(worker, "CANT_DO f");
    answers(stranger, row->line, row->denial);
    is_served(stranger);
    LISTS(remote_new(&rig), "status", "f\t0\t0\t0\n.");
    say_line(allowed, row->line);
    ck_assert_int_ne(strncmp(hear(allowed), "ERR ACCESS_DENIED", 17), 0);
}
END_TEST

/* ---- status, prioritystatus ---- */

START_TEST(status_is_function_total_with_the_running_ones_running_and_workers)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    const char *first = submitted(client, "SUBMIT_JOB f||1");
    struct remote *worker;

    (void)submitted(client, "SUBMIT_JOB_HIGH f||2");
    (void)submitted(client, "SUBMIT_JOB_LOW_BG f||3");
    (void)submitted(client, "SUBMIT_JOB_EPOCH f||4000000000|4");
    LISTS(admin, "status", "f\t4\t0\t0\n.");
    worker = worker_for("f");
    say(worker, "GRAB_JOB");
    say(worker, "GRAB_JOB");
    LISTS(admin, "status", "f\t4\t2\t1\n.");
    is_ok(admin, text("cancel job %s", first));
    LISTS(admin, "status", "f\t4\t2\t1\n."); /* it is still in its worker's hand */
    say(worker, "WORK_COMPLETE %s|", first);
    LISTS(admin, "status", "f\t3\t1\t1\n.");
}
END_TEST

START_TEST(prioritystatus_is_function_high_normal_low_queued_only_and_workers)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker;

    (void)submitted(client, "SUBMIT_JOB_HIGH f||1");
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG f||2");
    (void)submitted(client, "SUBMIT_JOB_HIGH f||3");
    (void)submitted(client, "SUBMIT_JOB f||4");
    (void)submitted(client, "SUBMIT_JOB_EPOCH f||4000000000|5");
    (void)submitted(client, "SUBMIT_JOB_LOW f||6");
    (void)submitted(client, "SUBMIT_JOB_LOW g||7");
    LISTS(admin, "prioritystatus", "f\t3\t2\t1\t0\ng\t0\t0\t1\t0\n.");
    worker = worker_for("f");
    for (int i = 0; i < 4; i++)
        say(worker, "GRAB_JOB");
    LISTS(admin, "prioritystatus", "f\t0\t1\t1\t1\ng\t0\t0\t1\t0\n.");
}
END_TEST

START_TEST(a_function_stays_listed_after_its_last_user_has_left)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("able");

    (void)submitted(client, "SUBMIT_JOB asked||x");
    remote_leave(client);
    remote_leave(worker);
    LISTS(admin, "status", "able\t0\t0\t0\nasked\t0\t0\t0\n.");
    LISTS(admin, "prioritystatus", "able\t0\t0\t0\t0\nasked\t0\t0\t0\t0\n.");
}
END_TEST

/* ---- workers ---- */

START_TEST(workers_is_fd_ip_id_colon_functions_and_plain_connections_are_listed_too)
{
    struct remote *admin = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "CAN_DO g");
    LISTS(admin, "workers", "1 remote-1 - :\n2 remote-2 - : f g\n.");
    say(worker, "CANT_DO f");
    say(worker, "SET_CLIENT_ID somebody");
    LISTS(admin, "workers", "1 remote-1 - :\n2 remote-2 somebody : g\n.");
    say(worker, "RESET_ABILITIES");
    LISTS(admin, "workers", "1 remote-1 - :\n2 remote-2 somebody :\n.");
}
END_TEST

START_TEST(an_id_is_one_word_without_blanks_and_a_dash_by_default)
{
    static const struct {
        const char *id, *shown;
    } ids[] = {{"two words", "two_words"},
               {"tab\there", "tab_here"},
               {"line\nfeed\r", "line_feed_"},
               {"a|b", "a_b"},
               {"", "-"},
               {" ", "_"}};
    struct remote *worker = remote_new(&rig);

    say(worker, "SET_CLIENT_ID %s", ids[_i].id);
    LISTS(worker, "workers", text("1 remote-1 %s :\n.", ids[_i].shown));
}
END_TEST

/* ---- rows keep their form ---- */

START_TEST(a_name_cannot_break_the_row_it_is_in)
{
    static const struct {
        const char *name, *shown;
    } names[] = {{"team\tresize", "team\tresize"}, /* as Perl's workers name and expect it */
                 {"a\nb", "a?b"},
                 {"\n", "?"},
                 {"\n.\n", "?.?"},
                 {"a\rb\r\n", "a?b??"},
                 {".", "."}};
    const char *name = names[_i].name, *shown = names[_i].shown;
    struct remote *worker = worker_for(name);

    LISTS(worker, "status", text("%s\t0\t0\t1\n.", shown));
    LISTS(worker, "prioritystatus", text("%s\t0\t0\t0\t1\n.", shown));
    LISTS(worker, "workers", text("1 remote-1 - : %s\n.", shown));
}
END_TEST

START_TEST(a_unique_id_cannot_break_the_row_it_is_in)
{
    static const struct {
        const char *unique, *shown;
    } ids[] = {{"u1", "u1"},     {"", ""},      {"with blank", "with blank"},
               {"a\tb", "a\tb"}, {"-", "-"},    {"a\nb", "a?b"},
               {".", "?"},       {".\r", ".?"}, {"..", ".."},
               {"\n.\n", "?.?"}};
    struct remote *client = remote_new(&rig);

    (void)submitted(client, text("SUBMIT_JOB f|%s|x", ids[_i].unique));
    LISTS(client, "show unique jobs", text("%s\n.", ids[_i].shown));
}
END_TEST

/* ---- show ---- */

START_TEST(show_jobs_is_handle_retries_ignored_and_1_for_background)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *left = remote_new(&rig);
    const char *abandoned = submitted(left, "SUBMIT_JOB_HIGH f||1");
    const char *background = submitted(client, "SUBMIT_JOB_BG f||2");
    const char *foreground = submitted(client, "SUBMIT_JOB_LOW f||3");
    const char *later = submitted(client, "SUBMIT_JOB_EPOCH f||4000000000|4");
    struct remote *worker = worker_for("f");

    LISTS(admin, "show jobs",
          text("%s\t0\t0\t0\n%s\t0\t0\t1\n%s\t0\t0\t0\n%s\t0\t0\t1\n.", abandoned, background,
               foreground, later));
    grabs(worker, abandoned);
    grabs(worker, background);
    remote_leave(left);
    LISTS(admin, "show jobs",
          text("%s\t0\t1\t0\n%s\t0\t0\t1\n%s\t0\t0\t0\n%s\t0\t0\t1\n.", abandoned, background,
               foreground, later));
    remote_leave(worker);
    LISTS(admin, "show jobs",
          text("%s\t1\t0\t1\n%s\t0\t0\t0\n%s\t0\t0\t1\n.", background, foreground, later));
    worker = worker_for("f");
    grabs(worker, background);
    is_ok(admin, text("cancel job %s", background));
    LISTS(admin, "show jobs",
          text("%s\t1\t1\t1\n%s\t0\t0\t0\n%s\t0\t0\t1\n.", background, foreground, later));
}
END_TEST

START_TEST(show_unique_jobs_is_one_unique_id_a_task)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    const char *running = submitted(client, "SUBMIT_JOB_HIGH f|u1|x");

    (void)submitted(client, "SUBMIT_JOB_BG f|u2|x");
    (void)submitted(client, "SUBMIT_JOB f||x");
    (void)submitted(client, "SUBMIT_JOB_EPOCH f|u4|4000000000|x");
    (void)submitted(client, "SUBMIT_JOB f|u2|x"); /* joins */
    (void)worker_with("f", running);
    LISTS(admin, "show unique jobs", "u1\nu2\n\nu4\n.");
}
END_TEST

START_TEST(a_task_is_shown_neither_before_it_is_accepted_nor_after_its_end)
{
    struct remote *admin = remote_new(&rig);
    struct remote *arriving = remote_new(&rig);
    struct remote *slow = remote_new(&rig);
    const char *ended = submitted(slow, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", ended);

    slow->appetite = 0;
    say(worker, "WORK_COMPLETE %s|r", ended);
    post_header(arriving, "|REQ", GM_SUBMIT_JOB, 100);
    remote_post(arriving, "f\0v\0body", 8);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 1);
    ck_assert_uint_eq(rig_counts(&rig).told, 1);
    LISTS(admin, "show jobs", ".");
    LISTS(admin, "show unique jobs", ".");
    LISTS(admin, "status", "f\t0\t0\t1\n.");
}
END_TEST

static void add_lines(TCase *cases)
{
    tcase_add_loop_test(cases, every_line_gets_exactly_its_answer, 0, COUNT(exchanges));
    tcase_add_loop_test(cases, of_a_long_unknown_word_the_beginning_is_repeated, 0, 2);
    tcase_add_test(cases, an_unknown_word_may_hold_any_byte);
    tcase_add_loop_test(cases, a_listing_is_lines_then_a_full_stop_in_one_write, 0, 6);
    tcase_add_loop_test(cases, a_line_without_the_right_to_it_is_access_denied, 0, COUNT(guarded));
}

static void add_rows(TCase *cases)
{
    tcase_add_test(cases, status_is_function_total_with_the_running_ones_running_and_workers);
    tcase_add_test(cases, prioritystatus_is_function_high_normal_low_queued_only_and_workers);
    tcase_add_test(cases, a_function_stays_listed_after_its_last_user_has_left);
    tcase_add_test(cases, workers_is_fd_ip_id_colon_functions_and_plain_connections_are_listed_too);
    tcase_add_loop_test(cases, an_id_is_one_word_without_blanks_and_a_dash_by_default, 0, 6);
    tcase_add_loop_test(cases, a_name_cannot_break_the_row_it_is_in, 0, 6);
    tcase_add_loop_test(cases, a_unique_id_cannot_break_the_row_it_is_in, 0, 10);
    tcase_add_test(cases, show_jobs_is_handle_retries_ignored_and_1_for_background);
    tcase_add_test(cases, show_unique_jobs_is_one_unique_id_a_task);
    tcase_add_test(cases, a_task_is_shown_neither_before_it_is_accepted_nor_after_its_end);
}

int main(void)
{
    Suite *suite = suite_create("gearman_admin");
    TCase *cases = tcase_create("lines");

    tcase_add_checked_fixture(cases, setup, teardown);
    add_lines(cases);
    add_rows(cases);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
