/* Good frames from the wrong peer, about the wrong task, too often, or never; and large numbers of
 * everything. After each of them a bystander gets his task done, and all pools return to their
 * base. */
#include "gearman_fixture.h"

enum { FUNCTIONS = 2000, TASKS = 20000 };

static void teardown_served(void)
{
    bystander_is_served();
    teardown();
}

static void setup_wide(void)
{
    struct rig_setup wide = rig_setup_ample();

    wide.limits.connections = 256;         /* which come with room for registrations */
    wide.limits.functions = FUNCTIONS + 1; /* and the bystander's */
    wide.limits.registrations_per_worker = FUNCTIONS;
    wide.limits.tasks = TASKS + 100;
    wide.limits.submissions_per_connection = TASKS + 100;
    wide.tasks.pool_size = 96 << 20;
    setup();
    rig_replace(&wide);
}

static const struct {
    const char *name, *rest;
} results[] = {{"WORK_DATA", "|d"},     {"WORK_WARNING", "|w"}, {"WORK_STATUS", "|1|2"},
               {"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""},      {"WORK_EXCEPTION", "|e"}};

static void says_result(struct remote *remote, int which, const char *handle)
{
    say(remote, "%s %s%s", results[which].name, handle, results[which].rest);
}

/* ---- wrong role ---- */

START_TEST(a_client_that_sends_results_is_told_job_not_found)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    says_result(client, _i, handle);
    HEARS(client, NOT_FOUND);
    say(worker_with("f", handle), "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(a_worker_may_submit_even_to_itself)
{
    struct remote *worker = worker_for("f");
    struct remote *other = worker_for("g");
    const char *own = submitted(worker, "SUBMIT_JOB f||x");
    const char *of_other = submitted(worker, "SUBMIT_JOB g||y");

    grabs(worker, own);
    grabs(other, of_other);
    say(other, "WORK_COMPLETE %s|r", of_other);
    HEARS(worker, "WORK_COMPLETE %s|r", of_other);
    say(worker, "WORK_COMPLETE %s|r", own);
    HEARS(worker, "WORK_COMPLETE %s|r", own);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_worker_that_waits_for_its_own_task_may_leave)
{
    struct remote *worker = worker_for("f");
    const char *own = submitted(worker, "SUBMIT_JOB f||x");

    grabs(worker, own);
    remote_leave(worker);
    rig_turn(&rig);
    grabs_nothing(worker_for("f"));
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(who_has_one_right_only_cannot_do_the_work_of_others)
{
    struct remote *worker = remote_with(&rig, RIGHT_WORK);
    struct remote *client = remote_with(&rig, RIGHT_SUBMIT);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "CAN_DO f");
    grabs(worker, handle);
    says_result(client, _i, handle);
    hears_start(client, "ERROR ACCESS_DENIED|");
    say(worker, "SUBMIT_JOB f||x");
    hears_start(worker, "ERROR ACCESS_DENIED|");
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
}
END_TEST

/* ---- wrong handle ---- */

START_TEST(a_foreign_handle_is_not_found_and_its_task_goes_on)
{
    struct remote *client = remote_new(&rig);
    const char *mine = submitted(client, "SUBMIT_JOB f||1");
    const char *foreign = submitted(client, "SUBMIT_JOB f||2");
    struct remote *worker = worker_with("f", mine);
    struct remote *other = worker_with("f", foreign);

    says_result(worker, _i, foreign);
    HEARS(worker, NOT_FOUND);
    HEARS_NOTHING(client);
    say(other, "WORK_COMPLETE %s|2", foreign);
    say(worker, "WORK_COMPLETE %s|1", mine);
    HEARS(client, "WORK_COMPLETE %s|2", foreign);
    HEARS(client, "WORK_COMPLETE %s|1", mine);
    HEARS_NOTHING(worker);
    HEARS_NOTHING(other);
}
END_TEST

/* The slot of the ended task has been given to another one meanwhile. */
START_TEST(the_handle_of_a_finished_task_is_not_found_though_its_slot_is_used_again)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    char finished[64];
    const char *next;

    keep(finished, submitted(client, "SUBMIT_JOB f||x"));
    grabs(worker, finished);
    say(worker, "WORK_COMPLETE %s|r", finished);
    HEARS(client, "WORK_COMPLETE %s|r", finished);
    for (int i = 0; i < 100; i++) {
        next = submitted(client, "SUBMIT_JOB f||x");
        grabs(worker, next);
        says_result(worker, _i, finished);
        HEARS(worker, NOT_FOUND);
        say(client, "GET_STATUS %s", finished);
        HEARS(client, "STATUS_RES %s|0|0|0|0", finished);
        say(worker, "WORK_COMPLETE %s|r", next);
        HEARS(client, "WORK_COMPLETE %s|r", next);
    }
}
END_TEST

START_TEST(a_stale_handle_of_a_task_given_back_is_not_found)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *slow = remote_new(&rig);

    say(slow, "CAN_DO_TIMEOUT f|1000");
    grabs(slow, handle);
    rig_sleep(&rig, 2 * SECOND_US);
    says_result(slow, _i, handle);
    HEARS(slow, NOT_FOUND);
    HEARS_NOTHING(client);
    grabs(slow, handle);
}
END_TEST

START_TEST(a_handle_of_an_earlier_start_is_not_found)
{
    struct rig_setup later = rig_setup_ample();
    struct remote *client = remote_new(&rig);
    char earlier[64];
    const char *handle;
    struct remote *worker;

    keep(earlier, submitted(client, "SUBMIT_JOB f||x"));
    later.seed = 8;
    rig_replace(&later);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    says_result(worker, _i, earlier);
    HEARS(worker, NOT_FOUND);
    HEARS_NOTHING(client);
}
END_TEST

/* ---- workers that misbehave ---- */

START_TEST(a_worker_that_never_grabs_keeps_nothing_from_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *never = worker_for("f");
    struct remote *other = worker_for("f");
    const char *handle;

    if (_i > 0)
        say(never, "PRE_SLEEP");
    say(other, "PRE_SLEEP");
    handle = submitted(client, "SUBMIT_JOB f||x");
    if (_i > 0)
        HEARS(never, "NOOP");
    if (_i == 2)
        say(never, "PRE_SLEEP"); /* and again, without asking */
    rig_sleep(&rig, 2 * SECOND_US);
    HEARS(other, "NOOP");
    grabs(other, handle);
    say(other, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

START_TEST(a_worker_that_grabs_and_never_answers_loses_its_task_by_time_or_by_leaving)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *never = remote_new(&rig);

    say(never, _i == 0 ? "CAN_DO f" : "CAN_DO_TIMEOUT f|1000");
    grabs(never, handle);
    rig_sleep(&rig, 3600 * SECOND_US);
    if (_i == 0) {
        grabs_nothing(worker_for("f"));
        remote_leave(never);
    }
    say(worker_with("f", handle), "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

START_TEST(a_worker_that_grabs_all_and_never_answers_leaves_all_behind_in_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *greedy = worker_for("f");
    struct remote *worker = worker_for("f");

    for (int i = 0; i < 1000; i++)
        post(client, "SUBMIT_JOB f||%d", i);
    rig_turn(&rig);
    for (int i = 0; i < 1000; i++)
        post(greedy, "GRAB_JOB");
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).assigned, 1000);
    remote_leave(greedy);
    for (int i = 0; i < 1000; i++) {
        const char *handle = created(client);

        say(worker, "GRAB_JOB");
        HEARS(worker, "JOB_ASSIGN %s|f|%d", handle, i);
        say(worker, "WORK_FAIL %s", handle);
    }
    ck_assert_uint_eq(hear_out(client), 1000);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_worker_that_answers_twice_is_heard_once)
{
    static const int last[] = {3, 4}; /* WORK_COMPLETE, WORK_FAIL */
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);
    int first = last[_i % 2];

    says_result(worker, first, handle);
    says_result(worker, _i / 2, handle);
    HEARS(client, "%s %s%s", results[first].name, handle, results[first].rest);
    HEARS_NOTHING(client);
    HEARS(worker, NOT_FOUND);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).completed + rig_counts(&rig).failed, 1);
}
END_TEST

/* ---- large numbers ---- */

START_TEST(one_worker_may_do_2000_functions_and_not_one_more)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FUNCTIONS; i++)
            post(worker, "CAN_DO function-%d", i);
        say(worker, "CAN_DO function-0"); /* which it can do already */
        HEARS_NOTHING(worker);
        ck_assert_uint_eq(rig_counts(&rig).registrations, FUNCTIONS);
        say(worker, "CAN_DO one-more");
        hears_start(worker, "ERROR QUEUE_ERROR|Job queue is full: limit=registrations ");
        for (int i = 0; i < FUNCTIONS; i++)
            post(client, "SUBMIT_JOB function-%d||x", i);
        rig_turn(&rig);
        for (int i = 0; i < FUNCTIONS; i++) {
            const char *handle = created(client);

            say(worker, "GRAB_JOB");
            HEARS(worker, "JOB_ASSIGN %s|function-%d|x", handle, i);
            post(worker, "WORK_COMPLETE %s|r", handle);
        }
        say(worker, "RESET_ABILITIES");
        ck_assert_uint_eq(hear_out(client), FUNCTIONS);
        ck_assert_uint_eq(rig_counts(&rig).registrations, 0);
    }
}
END_TEST

START_TEST(one_function_more_than_there_is_room_for_is_refused_by_name)
{
    struct remote *client = remote_new(&rig);

    for (int i = 0; i <= FUNCTIONS; i++)
        post(client, "SUBMIT_JOB function-%d||x", i);
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), FUNCTIONS + 1);
    say(client, "SUBMIT_JOB one-more||x");
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=functions ");
    say(client, "CAN_DO one-more");
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=functions ");
    remote_leave(client); /* so that there is room for the bystander's */
}
END_TEST

START_TEST(twenty_thousand_tasks_may_be_queued_and_worked_off)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    for (int i = 0; i < TASKS; i++)
        post(client, "SUBMIT_JOB f|u%d|%d", i, i);
    rig_turn(&rig);
    ck_assert_int_eq(status_of("f", 0), TASKS);
    bystander_is_served();
    for (int i = 0; i < TASKS; i++) {
        const char *handle = created(client);

        say(worker, "GRAB_JOB_UNIQ");
        HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u%d|%d", handle, i, i);
        post(worker, "WORK_COMPLETE %s|r", handle);
    }
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), TASKS);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(twenty_thousand_queued_tasks_go_with_their_client)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    for (int i = 0; i < TASKS; i++)
        post(client, "SUBMIT_JOB f|u%d|%d", i, i);
    rig_turn(&rig);
    grabs(worker, created(client));
    remote_leave(client);
    ck_assert_uint_eq(rig_counts(&rig).abandoned, TASKS - 1);
    grabs_nothing(worker);
    remote_leave(worker);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_misuse");
    TCase *cases = tcase_create("misuse");
    TCase *large = tcase_create("large numbers");

    tcase_add_checked_fixture(cases, setup, teardown_served);
    tcase_add_loop_test(cases, a_client_that_sends_results_is_told_job_not_found, 0,
                        COUNT(results));
    tcase_add_test(cases, a_worker_may_submit_even_to_itself);
    tcase_add_test(cases, a_worker_that_waits_for_its_own_task_may_leave);
    tcase_add_loop_test(cases, who_has_one_right_only_cannot_do_the_work_of_others, 0,
                        COUNT(results));
    tcase_add_loop_test(cases, a_foreign_handle_is_not_found_and_its_task_goes_on, 0,
                        COUNT(results));
    tcase_add_loop_test(cases,
                        the_handle_of_a_finished_task_is_not_found_though_its_slot_is_used_again, 0,
                        COUNT(results));
    tcase_add_loop_test(cases, a_stale_handle_of_a_task_given_back_is_not_found, 0, COUNT(results));
    tcase_add_loop_test(cases, a_handle_of_an_earlier_start_is_not_found, 0, COUNT(results));
    tcase_add_loop_test(cases, a_worker_that_never_grabs_keeps_nothing_from_others, 0, 3);
    tcase_add_loop_test(
        cases, a_worker_that_grabs_and_never_answers_loses_its_task_by_time_or_by_leaving, 0, 2);
    tcase_add_test(cases, a_worker_that_grabs_all_and_never_answers_leaves_all_behind_in_order);
    tcase_add_loop_test(cases, a_worker_that_answers_twice_is_heard_once, 0, 2 * COUNT(results));
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(large, setup_wide, teardown_served);
    tcase_set_timeout(large, 60);
    tcase_add_test(large, one_worker_may_do_2000_functions_and_not_one_more);
    tcase_add_test(large, one_function_more_than_there_is_room_for_is_refused_by_name);
    tcase_add_test(large, twenty_thousand_tasks_may_be_queued_and_worked_off);
    tcase_add_test(large, twenty_thousand_queued_tasks_go_with_their_client);
    suite_add_tcase(suite, large);
    return suite_run(suite);
}
