/* Submitting: what a client is told, in which order tasks come to workers, and what is refused. */
#include "router_fixture.h"

START_TEST(a_submission_is_answered_with_the_bare_handle)
{
    struct remote *client = remote_new(&rig);

    say(client, "SUBMIT_JOB reverse|u1|hello");
    ck_assert_uint_gt(strlen(created(client)), strlen("H:box:"));
    HEARS_NOTHING(client);
}
END_TEST

static const char *const ways[] = {"SUBMIT_JOB",    "SUBMIT_JOB_HIGH",    "SUBMIT_JOB_LOW",
                                   "SUBMIT_JOB_BG", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW_BG"};

START_TEST(every_way_to_submit_gets_a_handle_and_its_result_only_in_the_foreground)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, text("%s f||payload", ways[_i]));

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|payload", handle);
    say(worker, "WORK_COMPLETE %s|result", handle);
    if (strstr(ways[_i], "BG") == NULL)
        HEARS(client, "WORK_COMPLETE %s|result", handle);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(handles_of_tasks_are_all_different)
{
    struct remote *client = remote_new(&rig);
    char handles[40][64];

    for (size_t i = 0; i < 40; i++) {
        keep(handles[i], submitted(client, "SUBMIT_JOB_BG f||"));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(handles[i], handles[j]);
    }
}
END_TEST

START_TEST(a_slot_used_again_gets_another_handle)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *first = submitted(client, "SUBMIT_JOB_BG f||");
    const char *second;

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|", first);
    say(worker, "WORK_COMPLETE %s|", first);
    second = submitted(client, "SUBMIT_JOB_BG f||");
    ck_assert_str_ne(first, second);
    say(client, "GET_STATUS %s", first);
    HEARS(client, "STATUS_RES %s|0|0|0|0", first);
    say(client, "GET_STATUS %s", second);
    HEARS(client, "STATUS_RES %s|1|0|0|0", second);
}
END_TEST

START_TEST(answers_come_in_the_order_of_submission)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[3];

    post(client, "SUBMIT_JOB f|u1|1");
    post(client, "SUBMIT_JOB f|%064d|2", 0); /* too long a unique id */
    post(client, "SUBMIT_JOB_LOW f|u3|3");
    say(client, "SUBMIT_JOB_HIGH_BG f|u4|4");
    handles[0] = created(client);
    HEARS(client, "ERROR ARGUMENT_TOO_LARGE|Unique value too large");
    handles[1] = created(client);
    handles[2] = created(client);
    HEARS_NOTHING(client);
    for (int i = 0; i < 3; i++)
        say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u4|4", handles[2]);
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u1|1", handles[0]);
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u3|3", handles[1]);
}
END_TEST

START_TEST(priority_is_global_over_the_functions_of_a_worker)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("a");
    static const char *const order[] = {"5", "2", "6", "1", "4", "3"};

    say(worker, "CAN_DO b");
    say(client, "SUBMIT_JOB_BG a||1");
    say(client, "SUBMIT_JOB_HIGH_BG b||2");
    say(client, "SUBMIT_JOB_LOW_BG a||3");
    say(client, "SUBMIT_JOB_BG b||4");
    say(client, "SUBMIT_JOB_HIGH_BG a||5");
    say(client, "SUBMIT_JOB_HIGH_BG b||6");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const char *assigned;

        say(worker, "GRAB_JOB");
        assigned = hear_of(worker, "JOB_ASSIGN");
        ck_assert_str_eq(assigned + strlen(assigned) - 1, order[i]);
    }
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
}
END_TEST

START_TEST(first_in_is_first_out_within_a_function_and_level)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[30];

    for (int i = 0; i < 30; i++)
        handles[i] = submitted(client, text("SUBMIT_JOB f||%d", i));
    for (int i = 0; i < 30; i++) {
        say(worker, "GRAB_JOB");
        HEARS(worker, "JOB_ASSIGN %s|f|%d", handles[i], i);
    }
}
END_TEST

START_TEST(a_unique_id_of_63_bytes_is_good_and_one_of_64_is_too_large)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, text("SUBMIT_JOB f|%063d|x", 7));

    say(client, "SUBMIT_JOB f|%064d|x", 7);
    HEARS(client, "ERROR ARGUMENT_TOO_LARGE|Unique value too large");
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|%063d|x", handle, 7);
}
END_TEST

START_TEST(a_function_name_may_hold_any_byte_but_nul)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("pre\tfix \n%");
    const char *handle = submitted(client, "SUBMIT_JOB pre\tfix \n%||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|pre\tfix \\x0a%%|x", handle);
}
END_TEST

START_TEST(a_name_of_the_longest_size_is_good_and_a_longer_one_is_refused_by_name)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for(text("%0128d", 1));
    const char *handle = submitted(client, text("SUBMIT_JOB %0128d||x", 1));

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|%0128d|x", handle, 1);
    say(client, "SUBMIT_JOB %0129d||x", 1);
    HEARS(client,
          "ERROR QUEUE_ERROR|Job queue is full: limit=name function=%0128d used=129 of=128 "
          "retry_ms=0",
          0);
    say(client, "SUBMIT_JOB ||x");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=name function= used=0 of=128 "
                  "retry_ms=0");
    say(worker, "CAN_DO %0129d", 1);
    ck_assert_ptr_nonnull(strstr(hear(worker), "limit=name"));
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(a_refusal_names_its_function_percent_encoded)
{
    struct remote *client = remote_new(&rig);

    router_drain(rig.router);
    say(client, "SUBMIT_JOB img:re size%%/a\tb||x");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=draining "
                  "function=img:re%%20size%%25/a%%09b used=0 of=0 retry_ms=1000");
}
END_TEST

START_TEST(the_last_client_of_a_queued_task_leaves_and_it_never_runs)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    (void)submitted(client, "SUBMIT_JOB f||x");
    remote_leave(client);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(the_client_of_a_running_task_leaves_and_its_worker_is_heard_silently)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    remote_leave(client);
    say(worker, "WORK_DATA %s|part", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, "WORK_WARNING %s|careful", handle);
    say(worker, "WORK_COMPLETE %s|done", handle);
    HEARS_NOTHING(worker);
    say(worker, "WORK_COMPLETE %s|done", handle);
    HEARS(worker, "ERROR JOB_NOT_FOUND|Job given in work result not found");
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_background_task_outlives_its_client)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");

    remote_leave(client);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, "WORK_COMPLETE %s|", handle);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
}
END_TEST

START_TEST(a_client_that_leaves_in_the_middle_of_a_body_leaves_nothing_behind)
{
    struct remote *client = remote_new(&rig);

    post_header(client, "|REQ", 7, 50000);
    remote_post(client, "f\0u\0half", 8);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 1);
    ck_assert_uint_gt(tasks_used(), 0);
    remote_leave(client);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
    ck_assert_uint_eq(rig_counts(&rig).submitted, 0);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_task_is_seen_by_nobody_before_its_last_byte_has_come)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    say(worker, "PRE_SLEEP");
    post_header(client, "|REQ", 7, 8);
    remote_post(client, "f\0u\0half", 7);
    rig_turn(&rig);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    say(worker, "PRE_SLEEP");
    remote_post(client, "f", 1);
    rig_turn(&rig);
    handle = created(client);
    HEARS(worker, "NOOP");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|half", handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_submit");
    TCase *cases = tcase_create("submissions");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_submission_is_answered_with_the_bare_handle);
    tcase_add_loop_test(cases,
                        every_way_to_submit_gets_a_handle_and_its_result_only_in_the_foreground, 0,
                        sizeof ways / sizeof *ways);
    tcase_add_test(cases, handles_of_tasks_are_all_different);
    tcase_add_test(cases, a_slot_used_again_gets_another_handle);
    tcase_add_test(cases, answers_come_in_the_order_of_submission);
    tcase_add_test(cases, priority_is_global_over_the_functions_of_a_worker);
    tcase_add_test(cases, first_in_is_first_out_within_a_function_and_level);
    tcase_add_test(cases, a_unique_id_of_63_bytes_is_good_and_one_of_64_is_too_large);
    tcase_add_test(cases, a_function_name_may_hold_any_byte_but_nul);
    tcase_add_test(cases, a_name_of_the_longest_size_is_good_and_a_longer_one_is_refused_by_name);
    tcase_add_test(cases, a_refusal_names_its_function_percent_encoded);
    tcase_add_test(cases, the_last_client_of_a_queued_task_leaves_and_it_never_runs);
    tcase_add_test(cases, the_client_of_a_running_task_leaves_and_its_worker_is_heard_silently);
    tcase_add_test(cases, a_background_task_outlives_its_client);
    tcase_add_test(cases, a_client_that_leaves_in_the_middle_of_a_body_leaves_nothing_behind);
    tcase_add_test(cases, a_task_is_seen_by_nobody_before_its_last_byte_has_come);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
