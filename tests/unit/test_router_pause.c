/* What `pause function`, `drain function` and `resume function` do, and what they leave alone. */
#include "admin_fixture.h"

#define NO_FUNCTION "ERR function not found\r\n"

START_TEST(the_tasks_of_a_paused_function_stay_where_they_are_and_running_ones_go_on)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *running = submitted(client, "SUBMIT_JOB f||1");
    const char *next;

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|1", running);
    is_ok(admin, "pause function f");
    next = submitted(client, "SUBMIT_JOB_HIGH f||2");
    say(worker, "WORK_COMPLETE %s|done", running);
    HEARS(client, "WORK_COMPLETE %s|done", running);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    say(worker, "PRE_SLEEP");
    HEARS_NOTHING(worker);
    is_ok(admin, "resume function f");
    HEARS(worker, "NOOP");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|2", next);
}
END_TEST

START_TEST(a_worker_goes_on_with_other_functions)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("paused");
    const char *other;

    say(worker, "CAN_DO other");
    (void)submitted(client, "SUBMIT_JOB paused||1");
    is_ok(admin, "pause function paused");
    say(worker, "PRE_SLEEP");
    HEARS_NOTHING(worker);
    other = submitted(client, "SUBMIT_JOB_LOW other||2");
    HEARS(worker, "NOOP");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|other|2", other);
}
END_TEST

START_TEST(a_pushed_worker_is_given_nothing_of_it_until_it_is_resumed)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    say(worker, "OPTION_REQ pmad-push=4");
    HEARS(worker, "OPTION_RES pmad-push=4");
    is_ok(admin, "pause function f");
    is_ok(admin, "pause function f");
    handle = submitted(client, "SUBMIT_JOB f||1");
    HEARS_NOTHING(worker);
    is_ok(admin, "resume function f");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f||1", handle);
    is_ok(admin, "resume function f");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(the_tasks_of_a_lost_worker_wait_in_a_paused_function_too)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *first = worker_for("f");
    struct remote *second = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||1");

    say(first, "GRAB_JOB");
    HEARS(first, "JOB_ASSIGN %s|f|1", handle);
    say(second, "PRE_SLEEP");
    is_ok(admin, "pause function f");
    remote_leave(first);
    HEARS_NOTHING(second);
    is_ok(admin, "resume function f");
    HEARS(second, "NOOP");
}
END_TEST

START_TEST(a_drained_function_takes_nothing_more_and_does_what_it_has)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|id|1");

    is_ok(admin, "drain function f");
    say(client, "SUBMIT_JOB_BG f||2");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=draining function=f used=0 of=0 "
                  "retry_ms=1000");
    say(client, "SUBMIT_JOB f|id|1"); /* nor may it be joined */
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=draining function=f");
    (void)submitted(client, "SUBMIT_JOB_BG g||3");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|1", handle);
    is_ok(admin, "resume function f");
    (void)submitted(client, "SUBMIT_JOB_BG f||4");
}
END_TEST

START_TEST(a_function_that_nobody_has_named_yet_can_be_paused_and_stays_so)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker;

    is_ok(admin, "pause function later");
    (void)submitted(client, "SUBMIT_JOB later||1");
    worker = worker_for("later");
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    is_ok(admin, "pause function idle");
    is_ok(admin, "drop function idle");
    (void)submitted(client, "SUBMIT_JOB idle||1");
    say(worker, "CAN_DO idle");
    say(worker, "GRAB_JOB");
    (void)hear_of(worker, "JOB_ASSIGN");
}
END_TEST

START_TEST(what_is_paused_or_drained_is_listed_so)
{
    struct remote *admin = remote_new(&rig);
    const char *head, *row;

    is_ok(admin, "pause function f");
    is_ok(admin, "drain function f");
    head = listing_of(admin, "functions");
    ck_assert_ptr_nonnull(strstr(head, "\tworkers_free\tpaused\tdraining\t"));
    row = strstr(head, "\nf\t");
    ck_assert_ptr_nonnull(row);
    ck_assert_msg(strncmp(row, "\nf\t0\t0\t0\t0\t0\t0\t0\t1\t1\t", 21) == 0, "%s", row);
}
END_TEST

START_TEST(wrong_words_change_nothing)
{
    struct remote *admin = remote_new(&rig);

    answers(admin, "resume function nobody", NO_FUNCTION);
    answers(admin, "pause",
            "ERR INVALID_ARGUMENTS "
            "An+incomplete+set+of+arguments+was+sent+to+this+command+pause\r\n");
    answers(admin, "drain function",
            "ERR INVALID_ARGUMENTS "
            "An+incomplete+set+of+arguments+was+sent+to+this+command+drain\r\n");
    ck_assert_uint_eq(rig_counts(&rig).functions, 0);
}
END_TEST

START_TEST(it_takes_the_right_to_administer)
{
    static const char *const lines[] = {"pause function f", "drain function f",
                                        "resume function f"};
    struct remote *observer = remote_with(&rig, RIGHT_OBSERVE | RIGHT_WORK | RIGHT_SUBMIT);
    struct remote *admin = remote_new(&rig);

    is_ok(admin, "create function f");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        say_line(observer, lines[i]);
        hears_start(observer, "ERR ACCESS_DENIED ");
    }
    (void)submitted(observer, "SUBMIT_JOB_BG f||1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_pause");
    TCase *cases = tcase_create("pause, drain, resume");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases,
                   the_tasks_of_a_paused_function_stay_where_they_are_and_running_ones_go_on);
    tcase_add_test(cases, a_worker_goes_on_with_other_functions);
    tcase_add_test(cases, a_pushed_worker_is_given_nothing_of_it_until_it_is_resumed);
    tcase_add_test(cases, the_tasks_of_a_lost_worker_wait_in_a_paused_function_too);
    tcase_add_test(cases, a_drained_function_takes_nothing_more_and_does_what_it_has);
    tcase_add_test(cases, a_function_that_nobody_has_named_yet_can_be_paused_and_stays_so);
    tcase_add_test(cases, what_is_paused_or_drained_is_listed_so);
    tcase_add_test(cases, wrong_words_change_nothing);
    tcase_add_test(cases, it_takes_the_right_to_administer);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
