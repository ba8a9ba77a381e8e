/* Questions: GET_STATUS, ECHO, options, ids, and the lines of the administrative protocol. */
#include "router_fixture.h"

START_TEST(the_status_of_a_task_follows_its_life)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(asker, "GET_STATUS %s", handle);
    HEARS(asker, "STATUS_RES %s|1|0|0|0", handle);
    say(worker, "GRAB_JOB");
    say(asker, "GET_STATUS %s", handle);
    HEARS(asker, "STATUS_RES %s|1|1|0|0", handle);
    say(worker, "WORK_STATUS %s|7|12", handle);
    say(asker, "GET_STATUS %s|", handle); /* some clients send the NUL too */
    HEARS(asker, "STATUS_RES %s|1|1|7|12", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    say(asker, "GET_STATUS %s", handle);
    HEARS(asker, "STATUS_RES %s|0|0|0|0", handle);
}
END_TEST

START_TEST(a_task_that_ended_is_unknown_while_its_client_has_not_read_the_result)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    client->appetite = 0;
    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    say(worker, "WORK_COMPLETE %s|r", handle);
    say(worker, "GET_STATUS %s", handle);
    HEARS(worker, "STATUS_RES %s|0|0|0|0", handle);
    ck_assert_uint_eq(rig_counts(&rig).told, 1);
    client->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    ck_assert_uint_eq(rig_counts(&rig).told, 0);
}
END_TEST

START_TEST(an_echo_gives_back_what_it_got)
{
    struct remote *remote = remote_new(&rig);

    say(remote, "ECHO_REQ hello|again||");
    HEARS(remote, "ECHO_RES hello|again||");
    say(remote, "ECHO_REQ");
    HEARS(remote, "ECHO_RES");
}
END_TEST

START_TEST(an_unknown_option_is_refused_and_the_known_one_confirmed)
{
    struct remote *remote = remote_new(&rig);

    say(remote, "OPTION_REQ exceptions");
    HEARS(remote, "OPTION_RES exceptions");
    say(remote, "OPTION_REQ wings");
    HEARS(remote, "ERROR UNKNOWN_OPTION|Server does not recognize given option");
    say(remote, "OPTION_REQ ");
    HEARS(remote, "ERROR UNKNOWN_OPTION|Server does not recognize given option");
}
END_TEST

static const struct {
    uint32_t type;
    const char *why;
} not_for_us[] = {{5, "unused"},
                  {6, "NOOP"},
                  {8, "JOB_CREATED"},
                  {10, "NO_JOB"},
                  {11, "JOB_ASSIGN"},
                  {17, "ECHO_RES"},
                  {19, "ERROR"},
                  {20, "STATUS_RES"},
                  {24, "ALL_YOURS"},
                  {27, "OPTION_RES"},
                  {31, "ASSIGN_UNIQ"},
                  {35, "SUBMIT_JOB_SCHED"},
                  {40, "ASSIGN_ALL"},
                  {42, "STATUS_RES_UNIQUE"},
                  {43, "no such type"},
                  {0, "no such type"},
                  {0x80000000, "kills another server"},
                  {0xffffffff, "the last number"}};

START_TEST(what_only_a_server_says_is_an_invalid_command)
{
    struct remote *remote = remote_new(&rig);
    const uint8_t content[] = "a\0b\0c\0d\0e\0f\0g\0h";

    post_header(remote, "|REQ", not_for_us[_i].type, sizeof content);
    remote_post(remote, content, sizeof content);
    say(remote, "ECHO_REQ next");
    HEARS(remote, "ERROR INVALID_COMMAND|Command not expected");
    HEARS(remote, "ECHO_RES next");
    HEARS_NOTHING(remote);
}
END_TEST

START_TEST(a_response_as_a_request_has_invalid_magic)
{
    struct remote *remote = remote_new(&rig);

    post_header(remote, "|RES", 16, 5);
    remote_post(remote, "hello", 5);
    say(remote, "ECHO_REQ next");
    HEARS(remote, "ERROR INVALID_MAGIC|Request magic expected");
    HEARS(remote, "ECHO_RES next");
}
END_TEST

/* ---- lines ---- */

START_TEST(version_is_one_line)
{
    struct remote *admin = remote_new(&rig);

    say_line(admin, _i == 0 ? "version" : "VerSion\r");
    HEARS(admin, "OK 1.2.3");
    HEARS_NOTHING(admin);
}
END_TEST

START_TEST(status_lists_every_function_with_total_running_and_workers)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("a");
    const char *handle;

    say_line(admin, "status");
    ck_assert_str_eq(hear_listing(admin), "a\t0\t0\t1\n.");
    handle = submitted(client, "SUBMIT_JOB a||1");
    (void)submitted(client, "SUBMIT_JOB_LOW a||2");
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG b||3");
    say(worker, "CAN_DO b");
    say(worker, "CANT_DO b");
    say(worker, "GRAB_JOB");
    say_line(admin, "status");
    ck_assert_str_eq(hear_listing(admin), "a\t2\t1\t1\nb\t1\t0\t0\n.");
    say(worker, "WORK_COMPLETE %s|r", handle);
    remote_leave(worker);
    remote_leave(client);
    say_line(admin, "status");
    ck_assert_str_eq(hear_listing(admin), "a\t0\t0\t0\nb\t1\t0\t0\n.");
}
END_TEST

START_TEST(workers_lists_every_connection_with_its_id_and_functions)
{
    struct remote *admin = remote_new(&rig);
    struct remote *worker = worker_for("a");

    say(worker, "CAN_DO b\tc");
    say_line(admin, "workers");
    ck_assert_str_eq(hear_listing(admin), "1 remote-1 - :\n2 remote-2 - : a b\tc\n.");
    say(worker, "SET_CLIENT_ID the worker");
    say_line(admin, "workers");
    ck_assert_str_eq(hear_listing(admin), "1 remote-1 - :\n2 remote-2 the_worker : a b\tc\n.");
    remote_leave(worker);
    say_line(admin, "workers");
    ck_assert_str_eq(hear_listing(admin), "1 remote-1 - :\n.");
}
END_TEST

START_TEST(pools_lists_every_class_of_every_pool)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct pmad_stats stats;
    const char *listing;

    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    pmad_stats(rig.pools.tasks, &stats);
    say_line(admin, "pools");
    listing = hear_listing(admin);
    ck_assert_ptr_nonnull(
        strstr(listing, text("tasks\t%zu\t%zu\t1\t1\t0\n", stats.classes[0].block_size,
                             stats.classes[0].blocks)));
    ck_assert_ptr_nonnull(strstr(listing, "\nwire\t128\t"));
    ck_assert_ptr_nonnull(strstr(listing, "\nworkers\t"));
    ck_assert_ptr_nonnull(strstr(listing, "\nruntime\t"));
    ck_assert_str_eq(listing + strlen(listing) - 2, "\n.");
}
END_TEST

/* The blocks of the listing itself are counted in it: a tenth block in use made it one digit longer
 * than it had been measured, and the core stopped itself. Simulator, seed 7. */
START_TEST(a_listing_of_pools_may_grow_by_what_it_takes_itself)
{
    struct remote *admin = remote_new(&rig);
    struct remote *slow = remote_new(&rig);

    slow->appetite = 0;
    for (int i = 0; i < 120; i++) {
        const char *listing;

        say_line(admin, "pools");
        listing = hear_listing(admin);
        ck_assert_str_eq(listing + strlen(listing) - 2, "\n.");
        say(slow, "ECHO_REQ"); /* one more block in use */
    }
}
END_TEST

static const char *const unknown[] = {"wings", "jobs", "clients", "shutdown", "statu"};

START_TEST(an_unknown_word_gets_one_line)
{
    struct remote *admin = remote_new(&rig);

    say_line(admin, unknown[_i]);
    HEARS(admin, "ERR UNKNOWN_COMMAND Unknown+server+command%s\\x0d", unknown[_i]);
    HEARS_NOTHING(admin);
}
END_TEST

START_TEST(a_blank_line_is_an_unknown_word_of_no_letters)
{
    struct remote *admin = remote_new(&rig);

    say_line(admin, "");
    HEARS(admin, "ERR UNKNOWN_COMMAND Unknown+server+command\\x0d");
    say_line(admin, "  \r");
    HEARS(admin, "ERR UNKNOWN_COMMAND Unknown+server+command\\x0d");
    HEARS_NOTHING(admin);
    say_line(admin, "version");
    HEARS(admin, "OK 1.2.3");
}
END_TEST

START_TEST(a_line_of_the_longest_size_is_good_and_a_longer_one_closes)
{
    struct remote *admin = remote_new(&rig);
    char line[1025];

    memset(line, ' ', sizeof line);
    memcpy(line, "version", 7);
    line[1023] = 0; /* and its LF */
    say_line(admin, line);
    HEARS(admin, "OK 1.2.3");
    line[1023] = ' ';
    line[1024] = 0;
    say_line(admin, line);
    ck_assert_msg(strncmp(hear(admin), "ERR ", 4) == 0, "a line that is too long is not an ERR");
    ck_assert_ptr_null(admin->seat);
}
END_TEST

START_TEST(lines_and_frames_may_be_mixed_in_one_write)
{
    struct remote *remote = remote_new(&rig);

    remote_post(remote, "version\n", 8);
    post(remote, "ECHO_REQ one");
    remote_post(remote, "status\n", 7);
    post(remote, "CAN_DO f");
    remote_post(remote, "workers\r\nversion\n", 17);
    say(remote, "ECHO_REQ two");
    HEARS(remote, "OK 1.2.3");
    HEARS(remote, "ECHO_RES one");
    ck_assert_str_eq(hear_listing(remote), ".");
    ck_assert_str_eq(hear_listing(remote), "1 remote-1 - : f\n.");
    HEARS(remote, "OK 1.2.3");
    HEARS(remote, "ECHO_RES two");
    HEARS_NOTHING(remote);
}
END_TEST

START_TEST(a_long_listing_comes_in_pieces_and_later_requests_wait)
{
    struct rig_setup setup_many = rig_setup_ample();
    struct remote *admin;
    struct remote *client;
    size_t lines = 0;
    struct heard_frame frame;

    setup_many.limits.functions = 2000;
    setup_many.limits.tasks = 4000;
    rig_replace(&setup_many);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    for (int i = 0; i < 2000; i++)
        post(client, "SUBMIT_JOB_BG function%0100d||x", i);
    rig_turn(&rig);
    admin->appetite = 1;
    remote_post(admin, "status\n", 7);
    post(admin, "ECHO_REQ after");
    rig_turn(&rig);
    ck_assert_uint_lt(admin->seat->peer.outbox.size, 131072);
    ck_assert(!peer_is_read(&admin->seat->peer));
    admin->appetite = SIZE_MAX;
    rig_turn(&rig);
    while (hear_frame(admin, &frame) && frame.is_line)
        lines++;
    ck_assert_uint_eq(lines, 2001);
    ck_assert(!frame.is_line);
    ck_assert_uint_eq(frame.type, 17);
    HEARS_NOTHING(admin);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_ask");
    TCase *cases = tcase_create("questions");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_status_of_a_task_follows_its_life);
    tcase_add_test(cases, a_task_that_ended_is_unknown_while_its_client_has_not_read_the_result);
    tcase_add_test(cases, an_echo_gives_back_what_it_got);
    tcase_add_test(cases, an_unknown_option_is_refused_and_the_known_one_confirmed);
    tcase_add_loop_test(cases, what_only_a_server_says_is_an_invalid_command, 0,
                        sizeof not_for_us / sizeof *not_for_us);
    tcase_add_test(cases, a_response_as_a_request_has_invalid_magic);
    tcase_add_loop_test(cases, version_is_one_line, 0, 2);
    tcase_add_test(cases, status_lists_every_function_with_total_running_and_workers);
    tcase_add_test(cases, workers_lists_every_connection_with_its_id_and_functions);
    tcase_add_test(cases, pools_lists_every_class_of_every_pool);
    tcase_add_test(cases, a_listing_of_pools_may_grow_by_what_it_takes_itself);
    tcase_add_loop_test(cases, an_unknown_word_gets_one_line, 0, sizeof unknown / sizeof *unknown);
    tcase_add_test(cases, a_blank_line_is_an_unknown_word_of_no_letters);
    tcase_add_test(cases, a_line_of_the_longest_size_is_good_and_a_longer_one_closes);
    tcase_add_test(cases, lines_and_frames_may_be_mixed_in_one_write);
    tcase_add_test(cases, a_long_listing_comes_in_pieces_and_later_requests_wait);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
