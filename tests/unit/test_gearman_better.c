/* Rules of Gearman, "Where gearmand is wrong and pmadd is right": each clause of that sentence. */
#include "gearman_fixture.h"

START_TEST(a_12_byte_frame_with_a_type_of_0x80000000_and_more_harms_nobody)
{
    static const uint32_t types[] = {0x80000000, 0x80000001, 0x80000029, 0xfffffffe, 0xffffffff};
    struct remote *peer = remote_new(&rig);

    post_header(peer, "|REQ", types[_i], 0);
    rig_turn(&rig);
    hears_start(peer, "ERROR INVALID_COMMAND|");
    is_served(peer);
    bystander_is_served();
}
END_TEST

/* The frame announces less than its arguments need; what would complete them comes behind it. */
START_TEST(arguments_are_not_read_past_the_announced_size)
{
    static const struct {
        const char *beginning, *next;
        uint32_t type;
    } cut[] = {{"f", "version\n", GM_SUBMIT_JOB},       {"f", "version\n", GM_SUBMIT_JOB_LOW_BG},
               {"f", "version\n", GM_CAN_DO_TIMEOUT},   {"H:box:1", "version\n", GM_WORK_STATUS},
               {"f", "version\n", GM_SUBMIT_JOB_EPOCH}, {"f", "version\n", GM_SUBMIT_REDUCE_JOB}};
    struct remote *peer = remote_new(&rig);

    post_header(peer, "|REQ", cut[_i].type, (uint32_t)strlen(cut[_i].beginning));
    remote_post(peer, cut[_i].beginning, strlen(cut[_i].beginning));
    remote_post(peer, cut[_i].next, strlen(cut[_i].next));
    post(peer, "ECHO_REQ a|b|c|d|e");
    rig_turn(&rig);
    hears_start(peer, "ERROR INVALID_COMMAND|");
    HEARS(peer, "OK 1.2.3");
    HEARS(peer, "ECHO_RES a|b|c|d|e");
    HEARS_NOTHING(peer);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 0);
}
END_TEST

START_TEST(the_work_fail_made_from_an_exception_has_no_nul)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker_with("f", handle), "WORK_EXCEPTION %s|%s", handle, _i == 0 ? "" : "oh no");
    hears_exactly(client, GM_WORK_FAIL, handle);
}
END_TEST

START_TEST(a_unique_id_of_64_bytes_is_refused_and_never_cut)
{
    struct remote *client = remote_new(&rig);
    const char *cut = submitted(client, text("SUBMIT_JOB f|%0*d|x", GM_UNIQUE_MAX, 0));
    struct remote *worker = worker_for("f");

    say(client, "SUBMIT_JOB f|%0*d|x", GM_UNIQUE_MAX + 1, 0);
    hears_start(client, "ERROR ARGUMENT_TOO_LARGE|");
    say(client, "GET_STATUS_UNIQUE %0*d", GM_UNIQUE_MAX + 1, 0);
    HEARS(client, "STATUS_RES_UNIQUE %0*d|0|0|0|0|0", GM_UNIQUE_MAX + 1, 0);
    grabs(worker, cut);
    grabs_nothing(worker);
}
END_TEST

START_TEST(an_epoch_out_of_range_gets_a_reply)
{
    static const char *const epochs[] = {"9223372036854775808", "18446744073709551616",
                                         "99999999999999999999999999999999", "tomorrow", ""};
    struct remote *client = remote_new(&rig);

    say(client, "SUBMIT_JOB_EPOCH f|u|%s|x", epochs[_i]);
    hears_start(client, "ERROR INVALID_COMMAND|");
    is_served(client);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(a_handle_of_64_bytes_and_more_gets_a_reply)
{
    struct remote *peer = remote_new(&rig);
    int size = 62 + _i;

    say(peer, "GET_STATUS %0*d", size, 0);
    HEARS(peer, "STATUS_RES %0*d|0|0|0|0", size, 0);
    say(peer, "WORK_COMPLETE %0*d|r", size, 0);
    HEARS(peer, NOT_FOUND);
    say(peer, "WORK_DATA %0*d|r", size, 0);
    HEARS(peer, NOT_FOUND);
    say(peer, "WORK_STATUS %0*d|1|2", size, 0);
    HEARS(peer, NOT_FOUND);
    say(peer, "WORK_FAIL %0*d", size, 0);
    HEARS(peer, NOT_FOUND);
    is_served(peer);
}
END_TEST

START_TEST(a_background_task_is_not_lost_when_an_attached_foreground_client_leaves)
{
    struct remote *background = remote_new(&rig);
    struct remote *foreground = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(background, "SUBMIT_JOB_BG f|u|x");

    ck_assert_str_eq(submitted(foreground, "SUBMIT_JOB f|u|x"), handle);
    remote_leave(foreground);
    say(background, "GET_STATUS %s", handle);
    HEARS(background, "STATUS_RES %s|1|0|0|0", handle);
    grabs(worker, handle);
}
END_TEST

START_TEST(cant_do_does_not_requeue_a_running_task)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);
    struct remote *other = worker_for("f");

    say(worker, "CANT_DO f");
    grabs_nothing(other);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).retried, 0);
}
END_TEST

START_TEST(a_function_with_a_queue_is_not_dropped_and_its_tasks_do_not_dangle)
{
    struct remote *client = remote_new(&rig);
    struct remote *admin = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");

    say_line(admin, "drop function f");
    hears_start(admin, "ERR there are still connected workers or executing clients");
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
    say(worker_with("f", handle), "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    rig_check(&rig);
}
END_TEST

static const struct {
    const char *name, *rest;
} endings[] = {{"WORK_FAIL", ""}, {"WORK_COMPLETE", "|r"}, {"WORK_EXCEPTION", "|e"}};

START_TEST(no_result_of_a_cancelled_running_task_is_forwarded)
{
    struct remote *client = remote_new(&rig);
    struct remote *admin = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);

    say_line(admin, text("cancel job %s", handle));
    hears_start(admin, "OK");
    hears_exactly(client, GM_WORK_FAIL, handle);
    say(worker, "WORK_DATA %s|d", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, "WORK_WARNING %s|w", handle);
    say(worker, "%s %s%s", endings[_i].name, handle, endings[_i].rest);
    if (_i == 2)
        say(worker, "WORK_FAIL %s", handle); /* as Perl workers do after an exception */
    HEARS_NOTHING(worker);                   /* swallowed: the worker did nothing wrong */
    HEARS_NOTHING(client);
    grabs_nothing(worker);
    ck_assert_uint_eq(rig_counts(&rig).cancelled, 1);
    ck_assert_uint_eq(rig_counts(&rig).completed + rig_counts(&rig).failed, 0);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_cancelled_running_task_is_not_run_again_when_its_worker_is_lost)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, _i == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_BG f||x");
    struct remote *worker = remote_new(&rig);

    say(worker, "CAN_DO_TIMEOUT f|1000");
    grabs(worker, handle);
    say_line(remote_new(&rig), text("cancel job %s", handle));
    if (_i == 0)
        HEARS(client, "WORK_FAIL %s", handle);
    rig_sleep(&rig, 2 * SECOND_US); /* its time has passed as well */
    remote_leave(worker);
    rig_turn(&rig);
    grabs_nothing(worker_for("f"));
    HEARS_NOTHING(client);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_task_may_be_cancelled_in_the_middle_of_its_result)
{
    static const uint32_t types[] = {GM_WORK_COMPLETE, GM_WORK_EXCEPTION, GM_WORK_DATA};
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    post_header(worker, "|REQ", types[_i], (uint32_t)strlen(handle) + 9);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    say_line(remote_new(&rig), text("cancel job %s", handle));
    hears_exactly(client, GM_WORK_FAIL, handle);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
    if (types[_i] == GM_WORK_DATA)
        say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_task_may_be_cancelled_before_its_worker_has_read_the_assignment)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    worker->appetite = (size_t)_i;
    say(worker, "GRAB_JOB");
    say_line(remote_new(&rig), text("cancel job %s", handle));
    hears_exactly(client, GM_WORK_FAIL, handle);
    worker->appetite = SIZE_MAX;
    rig_turn(&rig);
    if (worker->seat != NULL && hear_out(worker) > 0)
        say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(a_cancelled_running_task_is_joined_by_nobody)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);
    const char *next;

    say_line(remote_new(&rig), text("cancel job %s", handle));
    HEARS(client, "WORK_FAIL %s", handle);
    next = submitted(client, "SUBMIT_JOB f|u|x");
    ck_assert_str_ne(next, handle);
    say(worker, "WORK_COMPLETE %s|old", handle);
    HEARS_NOTHING(client);
    grabs(worker, next);
    say(worker, "WORK_COMPLETE %s|new", next);
    HEARS(client, "WORK_COMPLETE %s|new", next);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_duplicate_can_do_is_counted_once)
{
    struct remote *worker = worker_for("f");

    for (int i = 0; i < 10; i++)
        say(worker, i % 2 == 0 ? "CAN_DO f" : "CAN_DO_TIMEOUT f|1000");
    ck_assert_int_eq(status_of("f", 2), 1);
    remote_leave(worker);
    ck_assert_int_eq(status_of("f", 2), 0);
}
END_TEST

START_TEST(create_function_keeps_the_last_letter_before_a_bare_lf)
{
    struct remote *admin = remote_new(&rig);

    say_line(admin, _i == 0 ? "create function abc" : "create function abc\r");
    hears_start(admin, "OK");
    say_line(admin, "status");
    ck_assert_str_eq(hear_listing(admin), "abc\t0\t0\t0\n.");
}
END_TEST

START_TEST(held_tasks_do_not_share_one_timer)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *first = submitted(client, "SUBMIT_JOB f||x");
    const char *second = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "CAN_DO_TIMEOUT f|2000");
    grabs(worker, first);
    rig_sleep(&rig, SECOND_US);
    grabs(worker, second);
    rig_sleep(&rig, SECOND_US + SECOND_US / 2);
    say(client, "GET_STATUS %s", first);
    HEARS(client, "STATUS_RES %s|1|0|0|0", first);
    say(client, "GET_STATUS %s", second);
    HEARS(client, "STATUS_RES %s|1|1|0|0", second);
    say(worker, "WORK_COMPLETE %s|r", second);
    HEARS(client, "WORK_COMPLETE %s|r", second);
    say(worker, "WORK_COMPLETE %s|r", first);
    HEARS(worker, NOT_FOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_better");
    TCase *cases = tcase_create("where gearmand is wrong");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_12_byte_frame_with_a_type_of_0x80000000_and_more_harms_nobody, 0,
                        5);
    tcase_add_loop_test(cases, arguments_are_not_read_past_the_announced_size, 0, 6);
    tcase_add_loop_test(cases, the_work_fail_made_from_an_exception_has_no_nul, 0, 2);
    tcase_add_test(cases, a_unique_id_of_64_bytes_is_refused_and_never_cut);
    tcase_add_loop_test(cases, an_epoch_out_of_range_gets_a_reply, 0, 5);
    tcase_add_loop_test(cases, a_handle_of_64_bytes_and_more_gets_a_reply, 0, 20);
    tcase_add_test(cases, a_background_task_is_not_lost_when_an_attached_foreground_client_leaves);
    tcase_add_test(cases, cant_do_does_not_requeue_a_running_task);
    tcase_add_test(cases, a_function_with_a_queue_is_not_dropped_and_its_tasks_do_not_dangle);
    tcase_add_loop_test(cases, no_result_of_a_cancelled_running_task_is_forwarded, 0,
                        COUNT(endings));
    tcase_add_loop_test(cases, a_cancelled_running_task_is_not_run_again_when_its_worker_is_lost, 0,
                        2);
    tcase_add_loop_test(cases, a_task_may_be_cancelled_in_the_middle_of_its_result, 0, 3);
    tcase_add_loop_test(cases, a_task_may_be_cancelled_before_its_worker_has_read_the_assignment, 0,
                        50);
    tcase_add_test(cases, a_cancelled_running_task_is_joined_by_nobody);
    tcase_add_test(cases, a_duplicate_can_do_is_counted_once);
    tcase_add_loop_test(cases, create_function_keeps_the_last_letter_before_a_bare_lf, 0, 2);
    tcase_add_test(cases, held_tasks_do_not_share_one_timer);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
