/* Rules of Gearman, "Workers": what a worker says of its tasks, and workers that leave. Leaving at
 * each step of an assignment or a result is in test_router_work.c. */
#include "gearman_fixture.h"

static const struct {
    const char *name, *rest;
} results[] = {{"WORK_DATA", "|d"},     {"WORK_WARNING", "|w"}, {"WORK_STATUS", "|1|2"},
               {"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""},      {"WORK_EXCEPTION", "|e"}};

static void says_result(struct remote *worker, size_t which, const char *handle)
{
    say(worker, "%s %s%s", results[which].name, handle, results[which].rest);
}

START_TEST(there_is_no_reply_to_an_accepted_result)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, _i % 2 == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    says_result(worker, (size_t)_i / 2, handle);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_result_counts_only_from_the_connection_that_holds_the_task)
{
    struct remote *client = remote_new(&rig);
    struct remote *other = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker;

    says_result(other, (size_t)_i, handle); /* nobody holds it */
    HEARS(other, NOT_FOUND);
    worker = worker_with("f", handle);
    says_result(other, (size_t)_i, handle);
    HEARS(other, NOT_FOUND);
    says_result(client, (size_t)_i, handle);
    HEARS(client, NOT_FOUND);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|1|0|0", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    says_result(worker, (size_t)_i, handle); /* nobody holds it any more */
    HEARS(worker, NOT_FOUND);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(work_exception_ends_the_task_for_clients_with_the_option_and_without)
{
    struct remote *with = remote_new(&rig);
    struct remote *without = remote_new(&rig);
    const char *handle = submitted(without, "SUBMIT_JOB f|u|x");
    struct remote *worker;

    say(with, "OPTION_REQ exceptions");
    HEARS(with, "OPTION_RES exceptions");
    ck_assert_str_eq(submitted(with, "SUBMIT_JOB f|u|x"), handle);
    worker = worker_with("f", handle);
    say(worker, "WORK_EXCEPTION %s|oh|no", handle);
    hears_exactly(with, GM_WORK_EXCEPTION, text("%s|oh|no", handle));
    hears_exactly(without, GM_WORK_FAIL, handle);
    say(worker, "GET_STATUS %s", handle);
    HEARS(worker, "STATUS_RES %s|0|0|0|0", handle);
    ck_assert_uint_eq(rig_counts(&rig).failed, 1);
}
END_TEST

START_TEST(every_client_gets_work_exception_where_the_daemon_is_set_so)
{
    struct rig_setup open = rig_setup_ample();
    struct remote *client;
    const char *handle;

    open.exceptions = true;
    rig_replace(&open);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    say(worker_with("f", handle), "WORK_EXCEPTION %s|oh no", handle);
    HEARS(client, "WORK_EXCEPTION %s|oh no", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(one_work_fail_after_a_work_exception_is_ignored)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, _i == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    say(worker, "WORK_EXCEPTION %s|oh no", handle);
    say(worker, "WORK_FAIL %s", handle);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(hear_out(client), _i == 0);
    ck_assert_uint_eq(rig_counts(&rig).failed, 1);
    say(worker, "WORK_FAIL %s", handle);
    HEARS(worker, NOT_FOUND);
}
END_TEST

START_TEST(work_status_is_forwarded_as_sent_and_kept_for_get_status)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);

    say(worker, "WORK_STATUS %s|007|100", handle);
    HEARS(client, "WORK_STATUS %s|007|100", handle);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|1|7|100", handle);
    say(worker, "WORK_STATUS %s|half|of it", handle);
    HEARS(client, "WORK_STATUS %s|half|of it", handle);
    say(worker, "WORK_STATUS %s|50|100", handle);
    HEARS(client, "WORK_STATUS %s|50|100", handle);
    say(client, "GET_STATUS_UNIQUE u");
    HEARS(client, "STATUS_RES_UNIQUE u|1|1|50|100|1");
}
END_TEST

/* ---- workers that leave ---- */

START_TEST(the_tasks_of_a_worker_that_leaves_are_at_the_head_of_their_queues_again)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *next = worker_for("f");
    const char *handles[6];

    say(client, "SUBMIT_JOB_LOW f||x");
    handles[5] = created(client);
    for (int i = 0; i < 5; i++)
        handles[i] = submitted(client, "SUBMIT_JOB f||x");
    for (int i = 0; i < 3; i++)
        grabs(lost, handles[i]);
    say(lost, "WORK_STATUS %s|1|2", handles[0]);
    HEARS(client, "WORK_STATUS %s|1|2", handles[0]);
    remote_leave(lost);
    say(client, "GET_STATUS %s", handles[0]);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handles[0]);
    for (int i = 0; i < 6; i++)
        grabs(next, handles[i]);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(rig_counts(&rig).retried, 3);
}
END_TEST

START_TEST(sleepers_are_woken_when_a_worker_leaves_its_tasks)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *lost = worker_with("f", handle);
    struct remote *sleeper = worker_for("f");

    say(sleeper, "PRE_SLEEP");
    HEARS_NOTHING(sleeper);
    remote_leave(lost);
    rig_turn(&rig);
    HEARS(sleeper, "NOOP");
    grabs(sleeper, handle);
}
END_TEST

START_TEST(a_task_may_cost_any_number_of_workers)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    for (int i = 0; i < 1000; i++)
        remote_free(worker_with("f", handle));
    say(worker_with("f", handle), "WORK_COMPLETE %s|at last", handle);
    HEARS(client, "WORK_COMPLETE %s|at last", handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_results");
    TCase *cases = tcase_create("results");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, there_is_no_reply_to_an_accepted_result, 0, 2 * COUNT(results));
    tcase_add_loop_test(cases, a_result_counts_only_from_the_connection_that_holds_the_task, 0,
                        COUNT(results));
    tcase_add_test(cases, work_exception_ends_the_task_for_clients_with_the_option_and_without);
    tcase_add_test(cases, every_client_gets_work_exception_where_the_daemon_is_set_so);
    tcase_add_loop_test(cases, one_work_fail_after_a_work_exception_is_ignored, 0, 2);
    tcase_add_test(cases, work_status_is_forwarded_as_sent_and_kept_for_get_status);
    tcase_add_test(cases, the_tasks_of_a_worker_that_leaves_are_at_the_head_of_their_queues_again);
    tcase_add_test(cases, sleepers_are_woken_when_a_worker_leaves_its_tasks);
    tcase_add_test(cases, a_task_may_cost_any_number_of_workers);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
