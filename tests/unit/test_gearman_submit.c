/* Rules of Gearman, "Submitting": answers, order, and what becomes of a task whose clients leave.
 * Unique ids, the epoch and reducers have files of their own: test_gearman_unique.c, _epoch.c and
 * _reduce.c. */
#include "gearman_fixture.h"

/* ---- one answer each, in order ---- */

static const struct {
    const char *frame;
    bool background;
} ways[] = {
    {"SUBMIT_JOB f||x", false},
    {"SUBMIT_JOB_HIGH f||x", false},
    {"SUBMIT_JOB_LOW f||x", false},
    {"SUBMIT_REDUCE_JOB f||r|a|x", false},
    {"SUBMIT_JOB_BG f||x", true},
    {"SUBMIT_JOB_HIGH_BG f||x", true},
    {"SUBMIT_JOB_LOW_BG f||x", true},
    {"SUBMIT_JOB_EPOCH f||0|x", true},
    {"SUBMIT_REDUCE_JOB_BACKGROUND f||r|a|x", true},
};

START_TEST(every_submission_gets_one_answer)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, ways[_i].frame);
    HEARS_NOTHING(client);
    router_drain(rig.router);
    say(client, "%s", ways[_i].frame);
    hears_start(client, "ERROR QUEUE_ERROR|");
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(answers_come_strictly_in_the_order_of_submission)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    for (int i = 0; i < 50; i++) {
        post(client, "%s", text("SUBMIT_JOB f||%d", i));
        if (i % 3 == 0)
            post(client, "SUBMIT_JOB f|%064d|too large", 0);
        if (i % 7 == 0)
            post(client, "SUBMIT_JOB_BG f");
    }
    rig_turn(&rig);
    for (int i = 0; i < 50; i++) {
        say(worker, "GRAB_JOB");
        HEARS(worker, "JOB_ASSIGN %s|f|%d", created(client), i);
        if (i % 3 == 0)
            hears_start(client, "ERROR ARGUMENT_TOO_LARGE|");
        if (i % 7 == 0)
            hears_start(client, "ERROR INVALID_COMMAND|");
    }
    HEARS_NOTHING(client);
}
END_TEST

/* The client that does not read yet must not find a result ahead of the handle it belongs to. */
START_TEST(the_answer_comes_before_any_other_frame_of_its_task)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");

    grabs(worker, handle);
    client->appetite = (size_t)_i;
    say(client, "SUBMIT_JOB f|u|x"); /* joins what is running */
    post(worker, "WORK_DATA %s|part", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    client->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(client, "JOB_CREATED %s", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, "WORK_DATA %s|part", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
}
END_TEST

/* ---- priority ---- */

static const char *const levels[] = {"HIGH_BG", "BG", "LOW_BG"};

START_TEST(priority_is_global_over_the_functions_of_a_worker)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("a");
    struct heard_frame frame;

    say(worker, "CAN_DO b");
    say(worker, "CAN_DO c");
    for (int level = 2; level >= 0; level--)
        for (const char *name = "cab"; *name != 0; name++)
            (void)submitted(client, text("SUBMIT_JOB_%s %c||%d", levels[level], *name, level));
    for (int i = 0; i < 9; i++) {
        post(worker, "GRAB_JOB");
        rig_turn(&rig);
        ck_assert(hear_frame(worker, &frame));
        ck_assert_uint_eq(frame.type, GM_JOB_ASSIGN);
        ck_assert_int_eq(frame.bytes[frame.size - 1], '0' + i / 3);
    }
    grabs_nothing(worker);
}
END_TEST

START_TEST(first_in_is_first_out_inside_a_function_and_level)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[3][10];

    for (int i = 0; i < 10; i++)
        for (int level = 2; level >= 0; level--)
            handles[level][i] = submitted(client, text("SUBMIT_JOB_%s f||x", levels[level]));
    for (int level = 0; level < 3; level++)
        for (int i = 0; i < 10; i++)
            grabs(worker, handles[level][i]);
    grabs_nothing(worker);
}
END_TEST

/* ---- attached submissions ---- */

START_TEST(each_attached_submission_gets_its_own_copy_even_on_one_connection)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");
    struct remote *worker;

    HEARS_NOTHING(client);
    say(client, "SUBMIT_JOB f|u|x");
    HEARS(client, "JOB_CREATED %s", handle);
    worker = worker_with("f", handle);
    say(worker, "WORK_DATA %s|d", handle);
    say(worker, "WORK_WARNING %s|w", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, _i == 0 ? "WORK_COMPLETE %s|c" : "WORK_FAIL %s", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, "WORK_DATA %s|d", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, "WORK_WARNING %s|w", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, "WORK_STATUS %s|1|2", handle);
    for (int i = 0; i < 2; i++)
        HEARS(client, _i == 0 ? "WORK_COMPLETE %s|c" : "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(tasks_used(), 0);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

/* ---- in the background ---- */

static const struct {
    const char *name, *rest;
} endings[] = {{"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""}, {"WORK_EXCEPTION", "|e"}};

START_TEST(a_background_submitter_hears_nothing_after_job_created)
{
    struct remote *client = remote_new(&rig);

    say(client, "OPTION_REQ exceptions");
    HEARS(client, "OPTION_RES exceptions");
    for (size_t way = 0; way < COUNT(ways); way++) {
        const char *handle;
        struct remote *worker;

        if (!ways[way].background)
            continue;
        handle = submitted(client, ways[way].frame);
        worker = worker_with("f", handle);
        say(worker, "WORK_DATA %s|d", handle);
        say(worker, "WORK_WARNING %s|w", handle);
        say(worker, "WORK_STATUS %s|1|2", handle);
        say(worker, "%s %s%s", endings[_i].name, handle, endings[_i].rest);
        HEARS_NOTHING(worker);
        HEARS_NOTHING(client);
        remote_free(worker);
    }
}
END_TEST

START_TEST(a_background_task_outlives_its_client)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *queued;

    for (size_t way = 0; way < COUNT(ways); way++)
        if (ways[way].background)
            (void)submitted(client, ways[way].frame);
    queued = submitted(client, "SUBMIT_JOB_LOW_BG f||last");
    remote_leave(client);
    for (int i = 0; i < 5; i++) {
        say(worker, "GRAB_JOB");
        (void)hear_of(worker, "JOB_ASSIGN");
    }
    grabs(worker, queued);
    grabs_nothing(worker);
    say(worker, "WORK_COMPLETE %s|", queued);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
}
END_TEST

/* ---- clients that leave ---- */

START_TEST(a_queued_foreground_task_whose_last_client_leaves_never_runs)
{
    struct remote *client = remote_new(&rig);
    struct remote *other = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");

    ck_assert_str_eq(submitted(other, "SUBMIT_JOB f|u|x"), handle);
    remote_leave(_i == 0 ? client : other);
    say(worker, "GET_STATUS %s", handle);
    HEARS(worker, "STATUS_RES %s|1|0|0|0", handle);
    remote_leave(_i == 0 ? other : client);
    say(worker, "GET_STATUS %s", handle);
    HEARS(worker, "STATUS_RES %s|0|0|0|0", handle);
    grabs_nothing(worker);
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_running_task_whose_last_client_leaves_goes_on_and_its_frames_are_taken_silently)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    remote_leave(client);
    say(worker, "GET_STATUS %s", handle);
    HEARS(worker, "STATUS_RES %s|1|1|0|0", handle);
    say(worker, "WORK_DATA %s|d", handle);
    say(worker, "WORK_WARNING %s|w", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, "%s %s%s", endings[_i].name, handle, endings[_i].rest);
    HEARS_NOTHING(worker);
    grabs_nothing(worker);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_submit");
    TCase *cases = tcase_create("submitting");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, every_submission_gets_one_answer, 0, COUNT(ways));
    tcase_add_test(cases, answers_come_strictly_in_the_order_of_submission);
    tcase_add_loop_test(cases, the_answer_comes_before_any_other_frame_of_its_task, 0, 40);
    tcase_add_test(cases, priority_is_global_over_the_functions_of_a_worker);
    tcase_add_test(cases, first_in_is_first_out_inside_a_function_and_level);
    tcase_add_loop_test(cases, each_attached_submission_gets_its_own_copy_even_on_one_connection, 0,
                        2);
    tcase_add_loop_test(cases, a_background_submitter_hears_nothing_after_job_created, 0,
                        COUNT(endings));
    tcase_add_test(cases, a_background_task_outlives_its_client);
    tcase_add_loop_test(cases, a_queued_foreground_task_whose_last_client_leaves_never_runs, 0, 2);
    tcase_add_loop_test(
        cases, a_running_task_whose_last_client_leaves_goes_on_and_its_frames_are_taken_silently, 0,
        COUNT(endings));
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
