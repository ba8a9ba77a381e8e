/* Results: what a worker says of a task, who hears it, and whose word does not count. */
#include "gm_packet.h"
#include "router_fixture.h"

#define NOT_FOUND "ERROR JOB_NOT_FOUND|Job given in work result not found"

/* What the worker sends behind the handle, and what the client hears behind it. */
static const struct {
    const char *name, *said, *heard;
} events[] = {
    {"WORK_COMPLETE", "|result", "|result"},
    {"WORK_COMPLETE", "|", "|"},
    {"WORK_COMPLETE", "", "|"}, /* Perl workers leave the NUL out */
    {"WORK_COMPLETE", "|a|b||", "|a|b||"},
    {"WORK_FAIL", "", ""},
    {"WORK_DATA", "|part", "|part"},
    {"WORK_DATA", "", "|"},
    {"WORK_WARNING", "|careful", "|careful"},
    {"WORK_WARNING", "", "|"},
    {"WORK_STATUS", "|5|10", "|5|10"},
    {"WORK_STATUS", "|half|of it", "|half|of it"},
    {"WORK_STATUS", "||", "||"},
};

START_TEST(the_client_hears_what_the_worker_says_byte_for_byte)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, "%s %s%s", events[_i].name, handle, events[_i].said);
    HEARS(client, "%s %s%s", events[_i].name, handle, events[_i].heard);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(events_come_in_the_order_in_which_they_were_said)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    (void)hear_of(worker, "JOB_ASSIGN");
    post(worker, "WORK_STATUS %s|1|2", handle);
    post(worker, "WORK_DATA %s|a", handle);
    post(worker, "WORK_WARNING %s|w", handle);
    post(worker, "WORK_DATA %s|b", handle);
    say(worker, "WORK_COMPLETE %s|c", handle);
    HEARS(client, "WORK_STATUS %s|1|2", handle);
    HEARS(client, "WORK_DATA %s|a", handle);
    HEARS(client, "WORK_WARNING %s|w", handle);
    HEARS(client, "WORK_DATA %s|b", handle);
    HEARS(client, "WORK_COMPLETE %s|c", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(an_exception_is_told_to_who_asked_and_is_a_failure_to_others)
{
    struct remote *asked = remote_new(&rig);
    struct remote *other = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *first, *second;

    say(asked, "OPTION_REQ exceptions");
    HEARS(asked, "OPTION_RES exceptions");
    first = submitted(asked, "SUBMIT_JOB f||1");
    second = submitted(other, "SUBMIT_JOB f||2");
    say(worker, "GRAB_JOB");
    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    say(worker, "WORK_EXCEPTION %s|oh no", first);
    say(worker, "WORK_EXCEPTION %s|oh no", second);
    HEARS(asked, "WORK_EXCEPTION %s|oh no", first);
    HEARS_NOTHING(asked);
    HEARS(other, "WORK_FAIL %s", second);
    HEARS_NOTHING(other);
    ck_assert_uint_eq(rig_counts(&rig).failed, 2);
}
END_TEST

/* Perl workers send both, and die of an ERROR. */
START_TEST(a_failure_after_an_exception_is_let_pass_once)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    post(worker, "WORK_EXCEPTION %s|oh no", handle);
    say(worker, "WORK_FAIL %s", handle);
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
    say(worker, "WORK_FAIL %s", handle);
    HEARS(worker, NOT_FOUND);
}
END_TEST

static const struct {
    const char *name, *rest;
} results[] = {{"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""},       {"WORK_DATA", "|d"},
               {"WORK_WARNING", "|w"},  {"WORK_STATUS", "|1|2"}, {"WORK_EXCEPTION", "|e"}};

static void say_result(struct remote *worker, int which, const char *handle)
{
    say(worker, "%s %s%s", results[which].name, handle, results[which].rest);
}

START_TEST(who_does_not_hold_the_task_is_told_that_there_is_none)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    struct remote *other = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say_result(other, _i, handle); /* nobody holds it */
    HEARS(other, NOT_FOUND);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say_result(other, _i, handle);
    HEARS(other, NOT_FOUND);
    say_result(client, _i, handle);
    HEARS(client, NOT_FOUND);
    HEARS_NOTHING(client);
    say(worker, "WORK_COMPLETE %s|mine", handle);
    HEARS(client, "WORK_COMPLETE %s|mine", handle);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_worker_cannot_end_a_task_whose_assignment_it_has_not_been_told)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    worker->appetite = 10; /* a part of the JOB_ASSIGN */
    say(worker, "GRAB_JOB");
    say_result(worker, _i, handle);
    HEARS_NOTHING(client);
    worker->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    HEARS(worker, NOT_FOUND);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

START_TEST(a_task_returned_twice_counts_once)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    post(worker, "WORK_COMPLETE %s|one", handle);
    say_result(worker, _i, handle);
    HEARS(client, "WORK_COMPLETE %s|one", handle);
    HEARS_NOTHING(client);
    HEARS(worker, NOT_FOUND);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
    ck_assert_uint_eq(rig_counts(&rig).failed, 0);
}
END_TEST

static const char *const foreign[] = {"H:box:0",
                                      "H:box:",
                                      "H:box:1",
                                      "H:box:-1",
                                      "H:box:99999999999999999999999",
                                      "H:other:1",
                                      "x",
                                      "",
                                      "H:box:184467440737095516160"};

START_TEST(a_handle_of_nobodys_is_not_found)
{
    struct remote *worker = worker_for("f");

    say(worker, "WORK_COMPLETE %s|r", foreign[_i]);
    HEARS(worker, NOT_FOUND);
    say(worker, "GET_STATUS %s", foreign[_i]);
    HEARS(worker, "STATUS_RES %s|0|0|0|0", foreign[_i]);
}
END_TEST

START_TEST(variants_of_a_good_handle_name_nobody)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    say(worker, "WORK_COMPLETE H:box:0%s|r", handle + strlen("H:box:"));
    HEARS(worker, NOT_FOUND);
    say(worker, "WORK_COMPLETE %s |r", handle);
    HEARS(worker, NOT_FOUND);
    say(worker, "WORK_COMPLETE h%s|r", handle + 1);
    HEARS(worker, NOT_FOUND);
    say(worker, "WORK_COMPLETE %s0|r", handle);
    HEARS(worker, NOT_FOUND);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(a_handle_of_an_earlier_boot_names_nobody)
{
    struct rig_setup later = rig_setup_ample();
    char handles[8][64];
    struct remote *client = remote_new(&rig);
    struct remote *worker;

    for (int i = 0; i < 8; i++)
        keep(handles[i], submitted(client, "SUBMIT_JOB_BG f||x"));
    later.seed = 8;
    rig_replace(&later);
    client = remote_new(&rig);
    worker = worker_for("f");
    for (int i = 0; i < 8; i++)
        (void)submitted(client, "SUBMIT_JOB_BG f||x");
    for (int i = 0; i < 8; i++)
        say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    for (int i = 0; i < 8; i++) {
        say(worker, "WORK_COMPLETE %s|r", handles[i]);
        HEARS(worker, NOT_FOUND);
    }
}
END_TEST

/* A background task with an id is about to end, its result half way; whoever joins it now has joined
 * in time, and hears all of it. */
START_TEST(who_joins_while_the_result_comes_hears_the_whole_of_it)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB_BG f|id|x");

    say(worker, "GRAB_JOB");
    (void)hear_of(worker, "JOB_ASSIGN");
    post_header(worker, "|REQ", GM_WORK_COMPLETE, (uint32_t)strlen(handle) + 17);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "the whole", 9);
    rig_turn(&rig);
    say(client, "SUBMIT_JOB f|id|y");
    HEARS(client, "JOB_CREATED %s", handle);
    remote_post(worker, " result", 7);
    rig_turn(&rig);
    HEARS(client, "WORK_COMPLETE %s|the whole result", handle);
    HEARS_NOTHING(client);
}
END_TEST

/* The same with news half way: they were dropped, as nobody waited, and are not told in part. */
START_TEST(who_joins_while_dropped_news_come_hears_nothing_of_them)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f|id|x");

    say(worker, _i % 2 == 0 ? "CAN_DO f" : "CAN_DO_TIMEOUT f|9000");
    say(worker, "GRAB_JOB");
    (void)hear_of(worker, "JOB_ASSIGN");
    post_header(worker, "|REQ", _i < 2 ? GM_WORK_DATA : GM_WORK_WARNING,
                (uint32_t)strlen(handle) + 9);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    say(client, "SUBMIT_JOB f|id|y");
    HEARS(client, "JOB_CREATED %s", handle);
    remote_post(worker, "half", 4);
    say(worker, "WORK_COMPLETE %s|done", handle);
    HEARS(client, "WORK_COMPLETE %s|done", handle);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_result");
    TCase *cases = tcase_create("results");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, the_client_hears_what_the_worker_says_byte_for_byte, 0,
                        sizeof events / sizeof *events);
    tcase_add_test(cases, events_come_in_the_order_in_which_they_were_said);
    tcase_add_test(cases, an_exception_is_told_to_who_asked_and_is_a_failure_to_others);
    tcase_add_test(cases, a_failure_after_an_exception_is_let_pass_once);
    tcase_add_loop_test(cases, who_does_not_hold_the_task_is_told_that_there_is_none, 0,
                        sizeof results / sizeof *results);
    tcase_add_loop_test(cases, a_worker_cannot_end_a_task_whose_assignment_it_has_not_been_told, 0,
                        sizeof results / sizeof *results);
    tcase_add_loop_test(cases, a_task_returned_twice_counts_once, 0,
                        sizeof results / sizeof *results);
    tcase_add_loop_test(cases, a_handle_of_nobodys_is_not_found, 0,
                        sizeof foreign / sizeof *foreign);
    tcase_add_test(cases, variants_of_a_good_handle_name_nobody);
    tcase_add_test(cases, a_handle_of_an_earlier_boot_names_nobody);
    tcase_add_test(cases, who_joins_while_the_result_comes_hears_the_whole_of_it);
    tcase_add_loop_test(cases, who_joins_while_dropped_news_come_hears_nothing_of_them, 0, 4);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
