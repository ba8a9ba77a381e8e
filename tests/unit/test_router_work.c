/* Working: abilities, sleep, assignments, and workers that are lost. */
#include "router_fixture.h"

/* ---- abilities ---- */

START_TEST(a_worker_gets_tasks_of_the_functions_it_can_do_and_of_no_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("a");
    const char *of_b = submitted(client, "SUBMIT_JOB b||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    say(worker, "CAN_DO b");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|b|x", of_b);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(can_do_twice_counts_once)
{
    struct remote *worker = worker_for("f");

    say(worker, "CAN_DO f");
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 1);
    say(worker, "CANT_DO f");
    ck_assert_uint_eq(rig_counts(&rig).registrations, 0);
    ck_assert_uint_eq(rig_counts(&rig).workers, 0);
}
END_TEST

START_TEST(cant_do_takes_one_function_back_and_reset_all)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("a");
    const char *of_b;

    say(worker, "CAN_DO b");
    say(worker, "CAN_DO c");
    say(worker, "CANT_DO a");
    (void)submitted(client, "SUBMIT_JOB a||x");
    of_b = submitted(client, "SUBMIT_JOB b||x");
    (void)submitted(client, "SUBMIT_JOB c||x");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|b|x", of_b);
    say(worker, "RESET_ABILITIES");
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(cant_do_of_nothing_or_of_the_unknown_is_harmless)
{
    struct remote *worker = worker_for("f");

    say(worker, "CANT_DO ");
    say(worker, "CANT_DO nobody-knows-it");
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 1);
    ck_assert_uint_eq(rig_counts(&rig).functions, 1);
}
END_TEST

START_TEST(taking_abilities_back_leaves_running_tasks_alone)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, _i == 0 ? "CANT_DO f" : "RESET_ABILITIES");
    say(worker, "WORK_COMPLETE %s|done", handle);
    HEARS_NOTHING(worker);
    HEARS(client, "WORK_COMPLETE %s|done", handle);
}
END_TEST

/* ---- sleep ---- */

START_TEST(a_sleeper_gets_one_noop_however_many_tasks_come)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "PRE_SLEEP");
    HEARS_NOTHING(worker);
    for (int i = 0; i < 5; i++)
        (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS(worker, "NOOP");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_worker_that_falls_asleep_beside_a_task_is_woken_at_once)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    (void)submitted(client, "SUBMIT_JOB_LOW_BG f||x");
    HEARS_NOTHING(worker);
    say(worker, "PRE_SLEEP");
    HEARS(worker, "NOOP");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_worker_that_does_not_sleep_is_not_woken)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "PRE_SLEEP");
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_sleeper_is_not_woken_for_what_it_cannot_do)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB g||x");
    HEARS_NOTHING(worker);
    say(worker, "CAN_DO g");
    HEARS(worker, "NOOP");
}
END_TEST

START_TEST(when_a_woken_worker_leaves_another_is_woken)
{
    struct remote *client = remote_new(&rig);
    struct remote *first = worker_for("f");
    struct remote *second = worker_for("f");

    say(first, "PRE_SLEEP");
    say(second, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS(first, "NOOP");
    HEARS_NOTHING(second);
    if (_i == 0)
        remote_leave(first);
    else
        say(first, _i == 1 ? "CANT_DO f" : "RESET_ABILITIES");
    rig_turn(&rig);
    HEARS(second, "NOOP");
}
END_TEST

START_TEST(as_many_sleepers_are_woken_as_tasks_wait)
{
    struct remote *client = remote_new(&rig);
    struct remote *workers[4];
    size_t woken = 0;

    for (int i = 0; i < 4; i++) {
        workers[i] = worker_for("f");
        say(workers[i], "PRE_SLEEP");
    }
    post(client, "SUBMIT_JOB f||1");
    post(client, "SUBMIT_JOB f||2");
    say(client, "SUBMIT_JOB f||3");
    for (int i = 0; i < 4; i++)
        woken += hear_out(workers[i]);
    ck_assert_uint_eq(woken, 3);
}
END_TEST

START_TEST(a_woken_worker_that_grabs_wakes_nobody_in_its_place)
{
    struct remote *client = remote_new(&rig);
    struct remote *first = worker_for("f");
    struct remote *second = worker_for("f");
    const char *handle;

    say(first, "PRE_SLEEP");
    say(second, "PRE_SLEEP");
    handle = submitted(client, "SUBMIT_JOB f||x");
    HEARS(first, "NOOP");
    say(first, "GRAB_JOB");
    HEARS(first, "JOB_ASSIGN %s|f|x", handle);
    HEARS_NOTHING(second);
}
END_TEST

START_TEST(when_a_woken_worker_takes_another_task_somebody_else_is_woken_for_the_first)
{
    struct remote *client = remote_new(&rig);
    struct remote *both = worker_for("f");
    struct remote *other = worker_for("f");
    const char *of_g;

    say(both, "CAN_DO g");
    say(both, "PRE_SLEEP");
    say(other, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB f||x");
    of_g = submitted(client, "SUBMIT_JOB_HIGH g||x");
    HEARS(both, "NOOP");
    HEARS_NOTHING(other);
    say(both, "GRAB_JOB");
    HEARS(both, "JOB_ASSIGN %s|g|x", of_g);
    HEARS(other, "NOOP");
}
END_TEST

START_TEST(who_is_woken_for_one_function_is_not_for_another)
{
    struct remote *client = remote_new(&rig);
    struct remote *first = worker_for("f");
    struct remote *second = worker_for("f");

    say(first, "CAN_DO g");
    say(second, "CAN_DO g");
    say(first, "PRE_SLEEP");
    say(second, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS(first, "NOOP");
    HEARS_NOTHING(second);
    (void)submitted(client, "SUBMIT_JOB g||x");
    HEARS(second, "NOOP");
    HEARS_NOTHING(first);
}
END_TEST

START_TEST(who_takes_back_what_it_was_woken_for_leaves_it_to_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *first = worker_for("f");
    struct remote *second = worker_for("f");

    say(first, "CAN_DO g");
    say(first, "PRE_SLEEP");
    say(second, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS(first, "NOOP");
    say(first, "CANT_DO g");
    HEARS_NOTHING(second);
    say(first, "CANT_DO f");
    HEARS(second, "NOOP");
}
END_TEST

/* ---- grabbing ---- */

/* More functions of its own without tasks, `own`, or more functions with tasks that are not its own, `others`:
 * what it named first is found whichever list is shorter. */
START_TEST(functions_have_their_tasks_done_in_the_order_in_which_the_worker_named_them)
{
    int own = _i * 10, others = 30 - own;
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *of_a, *of_b;

    for (int i = 0; i < own; i++)
        say(worker, "CAN_DO own%d", i);
    say(worker, "CAN_DO b");
    say(worker, "CAN_DO a");
    for (int i = 0; i < others; i++)
        (void)submitted(client, text("SUBMIT_JOB other%d||x", i));
    of_a = submitted(client, "SUBMIT_JOB a||x");
    of_b = submitted(client, "SUBMIT_JOB b||x");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|b|x", of_b);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|a|x", of_a);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
}
END_TEST

START_TEST(each_way_to_grab_has_its_own_assignment)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[3];

    for (int i = 0; i < 3; i++)
        handles[i] = submitted(client, text("SUBMIT_JOB f|unique%d|payload", i));
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|payload", handles[0]);
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|unique1|payload", handles[1]);
    say(worker, "GRAB_JOB_ALL");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|unique2|payload", handles[2]);
    say(worker, "GRAB_JOB_ALL");
    HEARS(worker, "NO_JOB");
}
END_TEST

START_TEST(a_worker_pipelines_a_result_with_the_next_grab)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *first = submitted(client, "SUBMIT_JOB f|a|1");
    const char *second = submitted(client, "SUBMIT_JOB f|b|2");

    say(worker, "GRAB_JOB_ALL");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|a|1", first);
    post(worker, "WORK_COMPLETE %s|one", first);
    say(worker, "GRAB_JOB_ALL");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|b|2", second);
    HEARS_NOTHING(worker);
    HEARS(client, "WORK_COMPLETE %s|one", first);
}
END_TEST

START_TEST(one_connection_may_hold_several_tasks_and_end_them_in_any_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[3];

    for (int i = 0; i < 3; i++) {
        handles[i] = submitted(client, text("SUBMIT_JOB f||%d", i));
        say(worker, "GRAB_JOB");
        HEARS(worker, "JOB_ASSIGN %s|f|%d", handles[i], i);
    }
    say(worker, "WORK_COMPLETE %s|one", handles[1]);
    say(worker, "WORK_FAIL %s", handles[0]);
    say(worker, "WORK_COMPLETE %s|two", handles[2]);
    HEARS(client, "WORK_COMPLETE %s|one", handles[1]);
    HEARS(client, "WORK_FAIL %s", handles[0]);
    HEARS(client, "WORK_COMPLETE %s|two", handles[2]);
    HEARS_NOTHING(worker);
}
END_TEST

/* ---- workers that are lost ---- */

START_TEST(the_tasks_of_a_lost_worker_are_next_again_in_their_old_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *worker;
    const char *handles[5];

    for (int i = 0; i < 5; i++)
        handles[i] = submitted(client, text("SUBMIT_JOB f||%d", i));
    for (int i = 0; i < 3; i++)
        say(lost, "GRAB_JOB");
    remote_leave(lost);
    worker = worker_for("f");
    for (int i = 0; i < 5; i++) {
        say(worker, "GRAB_JOB");
        HEARS(worker, "JOB_ASSIGN %s|f|%d", handles[i], i);
    }
    ck_assert_uint_eq(rig_counts(&rig).retried, 3);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(a_task_given_back_has_no_progress_and_wakes_a_sleeper)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *sleeper = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");

    say(lost, "GRAB_JOB");
    say(lost, "WORK_STATUS %s|3|4", handle);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|1|3|4", handle);
    say(sleeper, "PRE_SLEEP");
    HEARS_NOTHING(sleeper);
    remote_leave(lost);
    rig_turn(&rig);
    HEARS(sleeper, "NOOP");
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
}
END_TEST

START_TEST(a_lost_workers_task_that_nobody_waits_for_is_dropped)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *worker = worker_for("f");

    (void)submitted(client, "SUBMIT_JOB f||x");
    say(lost, "GRAB_JOB");
    remote_leave(client);
    remote_leave(lost);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_worker_lost_in_the_middle_of_a_result_has_not_given_it)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(lost, "GRAB_JOB");
    post_header(lost, "|REQ", 13, 1000);
    remote_post(lost, handle, strlen(handle) + 1);
    remote_post(lost, "half", 4);
    rig_turn(&rig);
    remote_leave(lost);
    ck_assert_uint_eq(wire_used(), 0);
    HEARS_NOTHING(client);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, "WORK_COMPLETE %s|whole", handle);
    HEARS(client, "WORK_COMPLETE %s|whole", handle);
}
END_TEST

START_TEST(the_client_may_leave_while_its_result_is_on_its_way)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    post_header(worker, "|REQ", _i == 0 ? 13 : 28, (uint32_t)strlen(handle) + 1 + 8);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    remote_leave(client);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    HEARS_NOTHING(worker);
    say(worker, "ECHO_REQ still here");
    HEARS(worker, "ECHO_RES still here");
    ck_assert_uint_eq(rig_counts(&rig).completed, _i == 0);
}
END_TEST

START_TEST(a_worker_lost_before_it_has_read_its_assignment_costs_nothing)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||payload");

    lost->appetite = (size_t)_i;
    say(lost, "GRAB_JOB");
    remote_leave(lost);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|payload", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

static TCase *cases_abilities(void)
{
    TCase *cases = tcase_create("abilities, sleep, assignments");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_worker_gets_tasks_of_the_functions_it_can_do_and_of_no_others);
    tcase_add_test(cases, can_do_twice_counts_once);
    tcase_add_test(cases, cant_do_takes_one_function_back_and_reset_all);
    tcase_add_test(cases, cant_do_of_nothing_or_of_the_unknown_is_harmless);
    tcase_add_loop_test(cases, taking_abilities_back_leaves_running_tasks_alone, 0, 2);
    tcase_add_test(cases, a_sleeper_gets_one_noop_however_many_tasks_come);
    tcase_add_test(cases, a_worker_that_falls_asleep_beside_a_task_is_woken_at_once);
    tcase_add_test(cases, a_worker_that_does_not_sleep_is_not_woken);
    tcase_add_test(cases, a_sleeper_is_not_woken_for_what_it_cannot_do);
    tcase_add_loop_test(cases, when_a_woken_worker_leaves_another_is_woken, 0, 3);
    tcase_add_test(cases, as_many_sleepers_are_woken_as_tasks_wait);
    tcase_add_test(cases, a_woken_worker_that_grabs_wakes_nobody_in_its_place);
    tcase_add_test(cases,
                   when_a_woken_worker_takes_another_task_somebody_else_is_woken_for_the_first);
    tcase_add_test(cases, who_is_woken_for_one_function_is_not_for_another);
    tcase_add_test(cases, who_takes_back_what_it_was_woken_for_leaves_it_to_others);
    tcase_add_loop_test(
        cases, functions_have_their_tasks_done_in_the_order_in_which_the_worker_named_them, 0, 4);
    tcase_add_test(cases, each_way_to_grab_has_its_own_assignment);
    tcase_add_test(cases, a_worker_pipelines_a_result_with_the_next_grab);
    tcase_add_test(cases, one_connection_may_hold_several_tasks_and_end_them_in_any_order);
    return cases;
}

static TCase *cases_lost(void)
{
    TCase *cases = tcase_create("lost workers");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_tasks_of_a_lost_worker_are_next_again_in_their_old_order);
    tcase_add_test(cases, a_task_given_back_has_no_progress_and_wakes_a_sleeper);
    tcase_add_test(cases, a_lost_workers_task_that_nobody_waits_for_is_dropped);
    tcase_add_test(cases, a_worker_lost_in_the_middle_of_a_result_has_not_given_it);
    tcase_add_loop_test(cases, the_client_may_leave_while_its_result_is_on_its_way, 0, 2);
    tcase_add_loop_test(cases, a_worker_lost_before_it_has_read_its_assignment_costs_nothing, 0,
                        50);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("router_work");

    suite_add_tcase(suite, cases_abilities());
    suite_add_tcase(suite, cases_lost());
    return suite_run(suite);
}
