/* Rules of Gearman, "Frames to clients, byte for byte". */
#include "gearman_fixture.h"

/* ---- handles alone ---- */

START_TEST(job_created_carries_the_bare_handle_without_nul)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);
    const char *handle;
    struct heard_frame frame;

    say(client, "SUBMIT_JOB f|u|x");
    ck_assert(hear_frame(client, &frame));
    ck_assert_uint_eq(frame.type, GM_JOB_CREATED);
    ck_assert_ptr_null(memchr(frame.bytes, 0, frame.size));
    HEARS_NOTHING(client);
    handle = text("%.*s", (int)frame.size, (const char *)frame.bytes);
    say(asker, "GET_STATUS %s", handle);
    hears_exactly(asker, GM_STATUS_RES, text("%s|1|0|0|0", handle));
}
END_TEST

START_TEST(work_fail_carries_the_bare_handle_without_nul)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker_with("f", handle), "WORK_FAIL %s", handle);
    hears_exactly(client, GM_WORK_FAIL, handle);
}
END_TEST

START_TEST(a_work_fail_made_by_the_server_itself_is_bare_too)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    switch (_i) {
    case 0: /* the end of the daemon */
        (void)router_abandon(rig.router);
        break;
    case 1: /* an administrator, of a queued task */
        say_line(remote_new(&rig), text("cancel job %s", handle));
        break;
    case 2: /* and of a running one */
        (void)worker_with("f", handle);
        say_line(remote_new(&rig), text("cancel job %s", handle));
        break;
    default: /* an exception, for who did not ask for it */
        say(worker_with("f", handle), "WORK_EXCEPTION %s|oh no", handle);
        break;
    }
    rig_turn(&rig);
    hears_exactly(client, GM_WORK_FAIL, handle);
}
END_TEST

/* ---- handle, NUL, then the rest ---- */

static const struct {
    const char *grab;
    uint8_t type;
    const char *rest; /* behind handle and NUL */
} assignments[] = {
    {"GRAB_JOB", GM_JOB_ASSIGN, "f|pay|load"},
    {"GRAB_JOB_UNIQ", GM_JOB_ASSIGN_UNIQ, "f|uni|pay|load"},
    {"GRAB_JOB_ALL", GM_JOB_ASSIGN_UNIQ, "f|uni|pay|load"},
};

START_TEST(assignments_carry_handle_nul_function_nul_and_the_rest)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|uni|pay|load");

    say(worker, "%s", assignments[_i].grab);
    hears_exactly(worker, assignments[_i].type, text("%s|%s", handle, assignments[_i].rest));
}
END_TEST

START_TEST(job_assign_all_carries_handle_nul_function_nul_unique_nul_reducer_nul_data)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_REDUCE_JOB f|uni|red|agg|pay|load");

    say(worker, "GRAB_JOB_ALL");
    hears_exactly(worker, GM_JOB_ASSIGN_ALL, text("%s|f|uni|red|pay|load", handle));
}
END_TEST

static const struct {
    const char *name;
    uint8_t type;
    const char *rest;
} results[] = {
    {"WORK_DATA", GM_WORK_DATA, "some|data|"},    {"WORK_DATA", GM_WORK_DATA, ""},
    {"WORK_WARNING", GM_WORK_WARNING, "careful"}, {"WORK_WARNING", GM_WORK_WARNING, ""},
    {"WORK_STATUS", GM_WORK_STATUS, "3|4"},       {"WORK_COMPLETE", GM_WORK_COMPLETE, "all|of it"},
    {"WORK_COMPLETE", GM_WORK_COMPLETE, ""},      {"WORK_EXCEPTION", GM_WORK_EXCEPTION, "oh|no"},
    {"WORK_EXCEPTION", GM_WORK_EXCEPTION, ""},
};

START_TEST(what_a_worker_says_is_passed_on_as_handle_nul_and_the_rest)
{
    struct remote *client = remote_new(&rig);
    const char *handle;

    say(client, "OPTION_REQ exceptions");
    hears_exactly(client, GM_OPTION_RES, "exceptions");
    handle = submitted(client, "SUBMIT_JOB f||x");
    say(worker_with("f", handle), "%s %s|%s", results[_i].name, handle, results[_i].rest);
    hears_exactly(client, results[_i].type, text("%s|%s", handle, results[_i].rest));
}
END_TEST

START_TEST(no_job_and_noop_and_an_empty_echo_are_headers_alone)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "GRAB_JOB");
    hears_exactly(worker, GM_NO_JOB, "");
    say(worker, "ECHO_REQ");
    hears_exactly(worker, GM_ECHO_RES, "");
    say(worker, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB f||x");
    hears_exactly(worker, GM_NOOP, "");
}
END_TEST

/* ---- errors ---- */

static const struct {
    const char *magic;
    uint32_t type;
    const char *content, *error;
} errors[] = {
    {"|REQ", GM_JOB_CREATED, "x", "INVALID_COMMAND|Command not expected"},
    {"|RES", GM_ECHO_REQ, "x", "INVALID_MAGIC|Request magic expected"},
    {"|REQ", GM_OPTION_REQ, "wings", "UNKNOWN_OPTION|Server does not recognize given option"},
    {"|REQ", GM_WORK_FAIL, "H:x:1", "JOB_NOT_FOUND|Job given in work result not found"},
};

START_TEST(error_is_code_without_prefix_nul_text_without_nul)
{
    struct remote *peer = remote_new(&rig);
    const char *content = errors[_i].content;

    post_header(peer, errors[_i].magic, errors[_i].type, (uint32_t)strlen(content));
    remote_post(peer, content, strlen(content));
    rig_turn(&rig);
    hears_exactly(peer, GM_ERROR, errors[_i].error);
}
END_TEST

START_TEST(too_large_a_unique_id_is_argument_too_large)
{
    struct remote *client = remote_new(&rig);

    say(client, "SUBMIT_JOB f|%064d|x", 1);
    hears_exactly(client, GM_ERROR, "ARGUMENT_TOO_LARGE|Unique value too large");
}
END_TEST

START_TEST(a_refusal_for_want_of_room_is_queue_error_and_its_text_names_limit_and_use)
{
    struct rig_setup short_queues = rig_setup_ample();
    struct remote *client;

    short_queues.every_function.max_queue = 2;
    rig_replace(&short_queues);
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f||x");
    (void)submitted(client, "SUBMIT_JOB f||x");
    say(client, "SUBMIT_JOB f||x");
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=queue function=f used=2 of=2 "
                        "retry_ms=");
    HEARS_NOTHING(client);
}
END_TEST

static const struct {
    const char *request;
    unsigned rights;
    bool closes;
} denials[] = {
    {"SUBMIT_JOB f||x", RIGHT_WORK, false},
    {"SUBMIT_JOB_LOW_BG f||x", RIGHT_WORK | RIGHT_OBSERVE, false},
    {"SUBMIT_JOB_EPOCH f||0|x", RIGHT_WORK, false},
    {"SUBMIT_REDUCE_JOB f||r|a|x", RIGHT_WORK, false},
    {"GET_STATUS H:box:1", RIGHT_WORK, false},
    {"GET_STATUS_UNIQUE u", RIGHT_WORK, false},
    {"GRAB_JOB", RIGHT_SUBMIT, false},
    {"GRAB_JOB_ALL", RIGHT_SUBMIT, false},
    {"WORK_COMPLETE H:box:1|x", RIGHT_SUBMIT, false},
    {"WORK_FAIL H:box:1", RIGHT_SUBMIT, false},
    {"CAN_DO f", RIGHT_SUBMIT, true},
    {"CAN_DO_TIMEOUT f|1000", RIGHT_SUBMIT | RIGHT_OBSERVE, true},
};

START_TEST(a_request_without_the_right_to_it_is_access_denied)
{
    struct remote *peer = remote_with(&rig, denials[_i].rights);

    say(peer, "%s", denials[_i].request);
    hears_start(peer, "ERROR ACCESS_DENIED|");
    HEARS_NOTHING(peer);
    ck_assert_int_eq(peer->seat == NULL, denials[_i].closes);
    if (!denials[_i].closes)
        is_served(peer);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 0);
}
END_TEST

/* ---- status ---- */

static const char *const nobodys[] = {"H:box:1", "H:box:", "x", "", "H:elsewhere:77"};

START_TEST(status_res_of_an_unknown_handle_is_the_handle_and_four_zeros)
{
    struct remote *client = remote_new(&rig);

    say(client, "GET_STATUS %s", nobodys[_i]);
    hears_exactly(client, GM_STATUS_RES, text("%s|0|0|0|0", nobodys[_i]));
}
END_TEST

START_TEST(status_res_says_known_running_numerator_denominator)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker;

    say(client, "GET_STATUS %s", handle);
    hears_exactly(client, GM_STATUS_RES, text("%s|1|0|0|0", handle));
    worker = worker_with("f", handle);
    say(client, "GET_STATUS %s", handle);
    hears_exactly(client, GM_STATUS_RES, text("%s|1|1|0|0", handle));
    say(worker, "WORK_STATUS %s|12|345", handle);
    say(client, "GET_STATUS %s", handle);
    hears_exactly(client, GM_STATUS_RES, text("%s|1|1|12|345", handle));
}
END_TEST

START_TEST(status_res_unique_begins_with_the_unique_id_and_ends_with_the_waiting_clients)
{
    struct remote *client = remote_new(&rig);
    struct remote *other = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|uni|x");
    struct remote *worker;

    say(other, "GET_STATUS_UNIQUE uni");
    hears_exactly(other, GM_STATUS_RES_UNIQUE, "uni|1|0|0|0|1");
    ck_assert_str_eq(submitted(other, "SUBMIT_JOB f|uni|x"), handle);
    worker = worker_with("f", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    (void)hear_out(other);
    say(other, "GET_STATUS_UNIQUE uni");
    hears_exactly(other, GM_STATUS_RES_UNIQUE, "uni|1|1|1|2|2");
    remote_leave(client);
    say(other, "GET_STATUS_UNIQUE uni");
    hears_exactly(other, GM_STATUS_RES_UNIQUE, "uni|1|1|1|2|1");
}
END_TEST

START_TEST(status_res_unique_counts_no_clients_for_a_background_task)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG f|uni|x");
    say(client, "GET_STATUS_UNIQUE uni");
    hears_exactly(client, GM_STATUS_RES_UNIQUE, "uni|1|0|0|0|0");
}
END_TEST

START_TEST(status_res_unique_of_an_unknown_id_is_the_id_and_five_zeros)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB f|uni|x");
    (void)submitted(client, "SUBMIT_JOB f||x");
    say(client, "GET_STATUS_UNIQUE un");
    hears_exactly(client, GM_STATUS_RES_UNIQUE, "un|0|0|0|0|0");
    say(client, "GET_STATUS_UNIQUE ");
    hears_exactly(client, GM_STATUS_RES_UNIQUE, "|0|0|0|0|0");
}
END_TEST

/* ---- handles ---- */

START_TEST(a_handle_is_h_host_and_number)
{
    struct remote *client = remote_new(&rig);

    for (int i = 0; i < 100; i++) {
        const char *number = submitted(client, "SUBMIT_JOB_BG f||x") + strlen("H:box:");

        ck_assert_uint_gt(strlen(number), 0);
        ck_assert_uint_eq(strspn(number, "0123456789"), strlen(number));
    }
}
END_TEST

START_TEST(a_handle_has_1_to_63_printable_bytes_however_long_the_prefix)
{
    struct rig_setup ample = rig_setup_ample();
    struct router_setup setup_long = {.limits = ample.limits,
                                      .pools = rig.pools,
                                      .handle_prefix = "H:a-host.with-a-name.of-42-bytes.example:9",
                                      .version = "1.2.3",
                                      .verbosity = "INFO",
                                      .worker_wakeup = 1};
    struct remote *client;
    struct remote *worker;

    ck_assert_uint_eq(strlen(setup_long.handle_prefix), ROUTER_PREFIX_MAX);
    memset(setup_long.seed, 0xff, sizeof setup_long.seed);
    router_finish(rig.router);
    ck_assert_int_eq(router_init(&rig.router, &setup_long), ROUTER_OK);
    client = remote_new(&rig);
    worker = worker_for("f");
    for (int i = 0; i < 100; i++) {
        char handle[64];

        say(client, "SUBMIT_JOB f||x");
        keep(handle, hear_of(client, "JOB_CREATED")); /* which has at most 63 bytes, therefore */
        ck_assert_mem_eq(handle, setup_long.handle_prefix, ROUTER_PREFIX_MAX);
        for (const char *at = handle; *at != 0; at++)
            ck_assert(*at > ' ' && *at < 0x7f);
        grabs(worker, handle);
        say(worker, "WORK_COMPLETE %s|r", handle);
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_replies");
    TCase *cases = tcase_create("byte for byte");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, job_created_carries_the_bare_handle_without_nul);
    tcase_add_test(cases, work_fail_carries_the_bare_handle_without_nul);
    tcase_add_loop_test(cases, a_work_fail_made_by_the_server_itself_is_bare_too, 0, 4);
    tcase_add_loop_test(cases, assignments_carry_handle_nul_function_nul_and_the_rest, 0,
                        COUNT(assignments));
    tcase_add_test(cases,
                   job_assign_all_carries_handle_nul_function_nul_unique_nul_reducer_nul_data);
    tcase_add_loop_test(cases, what_a_worker_says_is_passed_on_as_handle_nul_and_the_rest, 0,
                        COUNT(results));
    tcase_add_test(cases, no_job_and_noop_and_an_empty_echo_are_headers_alone);
    tcase_add_loop_test(cases, error_is_code_without_prefix_nul_text_without_nul, 0, COUNT(errors));
    tcase_add_test(cases, too_large_a_unique_id_is_argument_too_large);
    tcase_add_test(cases,
                   a_refusal_for_want_of_room_is_queue_error_and_its_text_names_limit_and_use);
    tcase_add_loop_test(cases, a_request_without_the_right_to_it_is_access_denied, 0,
                        COUNT(denials));
    tcase_add_loop_test(cases, status_res_of_an_unknown_handle_is_the_handle_and_four_zeros, 0,
                        COUNT(nobodys));
    tcase_add_test(cases, status_res_says_known_running_numerator_denominator);
    tcase_add_test(cases,
                   status_res_unique_begins_with_the_unique_id_and_ends_with_the_waiting_clients);
    tcase_add_test(cases, status_res_unique_counts_no_clients_for_a_background_task);
    tcase_add_test(cases, status_res_unique_of_an_unknown_id_is_the_id_and_five_zeros);
    tcase_add_test(cases, a_handle_is_h_host_and_number);
    tcase_add_test(cases, a_handle_has_1_to_63_printable_bytes_however_long_the_prefix);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
