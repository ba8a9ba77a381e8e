/* Rules of Gearman, "Workers": abilities, sleep, grabbing. Results and workers that leave are in
 * test_gearman_results.c, time limits and retries in test_gearman_timeout.c. */
#include "gearman_fixture.h"

/* ---- no reply ---- */

static const char *const silent[] = {
    "CAN_DO f",  "CAN_DO_TIMEOUT f|1000", "CANT_DO f",     "CANT_DO g",
    "CANT_DO ",  "RESET_ABILITIES",       "SET_CLIENT_ID", "SET_CLIENT_ID a worker",
    "PRE_SLEEP",
};

START_TEST(there_is_no_reply_to_what_a_worker_says_of_itself)
{
    struct remote *worker = remote_new(&rig);

    for (int i = 0; i < 3; i++) {
        say(worker, "%s", silent[_i]);
        HEARS_NOTHING(worker);
    }
    is_served(worker);
}
END_TEST

/* ---- sleep ---- */

START_TEST(noop_comes_only_between_pre_sleep_and_the_next_grab)
{
    static const char *const asks[] = {"GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"};
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS_NOTHING(worker);
    say(worker, "%s", asks[_i]);
    hears_start(worker, "JOB_ASSIGN");
    say(worker, "PRE_SLEEP");
    say(worker, "%s", asks[_i]);
    HEARS(worker, "NO_JOB");
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS_NOTHING(worker);
    say(worker, "%s", asks[_i]);
    hears_start(worker, "JOB_ASSIGN");
    say(worker, "PRE_SLEEP");
    HEARS_NOTHING(worker);
    (void)submitted(client, "SUBMIT_JOB f||x");
    HEARS(worker, "NOOP");
}
END_TEST

START_TEST(at_most_one_noop_comes_however_much_happens)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "CAN_DO g");
    say(worker, "PRE_SLEEP");
    for (int i = 0; i < 10; i++)
        (void)submitted(client, i % 2 == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_HIGH_BG g||x");
    say(worker, "CAN_DO h");
    (void)submitted(client, "SUBMIT_JOB_BG h||x");
    rig_sleep(&rig, 100 * SECOND_US);
    HEARS(worker, "NOOP");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(noop_comes_at_once_when_a_task_is_waiting_already)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    (void)submitted(client, "SUBMIT_JOB_LOW_BG f||x");
    say(worker, "PRE_SLEEP");
    HEARS(worker, "NOOP");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(when_a_woken_worker_leaves_without_grabbing_another_sleeper_is_woken)
{
    struct remote *client = remote_new(&rig);
    struct remote *workers[5];
    const char *handle;

    for (int i = 0; i < 5; i++) {
        workers[i] = worker_for("f");
        say(workers[i], "PRE_SLEEP");
    }
    handle = submitted(client, "SUBMIT_JOB f||x");
    for (int i = 0; i < 4; i++) {
        HEARS(workers[i], "NOOP");
        HEARS_NOTHING(workers[i + 1]);
        remote_leave(workers[i]);
        rig_turn(&rig);
    }
    HEARS(workers[4], "NOOP");
    grabs(workers[4], handle);
}
END_TEST

START_TEST(no_task_is_stranded_beside_a_sleeper)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("g");
    const char *handle;

    say(worker, "PRE_SLEEP");
    handle = submitted(client, "SUBMIT_JOB f||x");
    HEARS_NOTHING(worker);
    if (_i == 0)
        say(worker, "CAN_DO f");
    else
        say(worker, "CAN_DO_TIMEOUT f|5000");
    HEARS(worker, "NOOP");
    grabs(worker, handle);
}
END_TEST

START_TEST(the_longest_idle_is_woken_first_and_only_as_many_as_there_are_tasks)
{
    struct remote *client = remote_new(&rig);
    struct remote *workers[4];

    for (int i = 0; i < 4; i++)
        workers[i] = worker_for("f");
    for (int i = 3; i >= 0; i--)
        say(workers[i], "PRE_SLEEP");
    for (int i = 3; i >= 0; i--) {
        (void)submitted(client, "SUBMIT_JOB f||x");
        for (int j = 0; j < 4; j++)
            ck_assert_uint_eq(hear_out(workers[j]), j == i);
    }
}
END_TEST

START_TEST(worker_wakeup_says_how_many_are_woken_for_a_task)
{
    static const size_t woken[] = {4, 1, 2, 3, 4}; /* for 0: all there are */
    struct rig_setup many = rig_setup_ample();
    struct remote *client;
    struct remote *workers[4];
    size_t noops = 0;

    many.worker_wakeup = (size_t)_i;
    rig_replace(&many);
    client = remote_new(&rig);
    for (int i = 0; i < 4; i++) {
        workers[i] = worker_for("f");
        say(workers[i], "PRE_SLEEP");
    }
    (void)submitted(client, "SUBMIT_JOB f||x");
    for (int i = 0; i < 4; i++)
        noops += hear_out(workers[i]);
    ck_assert_uint_eq(noops, woken[_i]);
}
END_TEST

/* ---- grabbing ---- */

START_TEST(a_grab_is_answered_at_once)
{
    static const char *const asks[] = {"GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"};
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    uint64_t begun = rig.now.mono_us;

    say(worker, "%s", asks[_i]);
    HEARS(worker, "NO_JOB");
    (void)submitted(client, "SUBMIT_JOB f||x");
    say(worker, "%s", asks[_i]);
    hears_start(worker, "JOB_ASSIGN");
    ck_assert_uint_eq(rig.now.mono_us, begun);
}
END_TEST

START_TEST(one_connection_may_hold_several_tasks_and_end_them_in_any_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[8];

    for (int i = 0; i < 8; i++) {
        handles[i] = submitted(client, "SUBMIT_JOB f||x");
        grabs(worker, handles[i]);
    }
    ck_assert_int_eq(status_of("f", 1), 8);
    for (int i = 0; i < 8; i++) {
        const char *handle = handles[i * 3 % 8];

        say(worker, "WORK_COMPLETE %s|%d", handle, i);
        HEARS(client, "WORK_COMPLETE %s|%d", handle, i);
    }
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_worker_pipelines_work_complete_with_the_next_grab_job_all)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[10];

    for (int i = 0; i < 10; i++)
        handles[i] = submitted(client, text("SUBMIT_JOB f|u%d|x", i));
    say(worker, "GRAB_JOB_ALL");
    for (int i = 0; i < 10; i++) {
        HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u%d|x", handles[i], i);
        HEARS_NOTHING(worker);
        post(worker, "WORK_COMPLETE %s|r", handles[i]);
        say(worker, "GRAB_JOB_ALL");
        HEARS(client, "WORK_COMPLETE %s|r", handles[i]);
    }
    HEARS(worker, "NO_JOB");
}
END_TEST

START_TEST(functions_take_turns_within_a_priority_where_round_robin_is_set)
{
    static const char *const orders[] = {"aabb", "abab"};
    struct rig_setup other = rig_setup_ample();
    struct remote *client;
    struct remote *worker;

    other.round_robin = _i == 1;
    rig_replace(&other);
    client = remote_new(&rig);
    worker = worker_for("a");
    say(worker, "CAN_DO b");
    for (int i = 0; i < 2; i++) {
        (void)submitted(client, "SUBMIT_JOB a||x");
        (void)submitted(client, "SUBMIT_JOB b||x");
    }
    for (const char *name = orders[_i]; *name != 0; name++) {
        say(worker, "GRAB_JOB");
        ck_assert_ptr_nonnull(strstr(hear_of(worker, "JOB_ASSIGN"), text("|%c|x", *name)));
    }
}
END_TEST

/* ---- abilities ---- */

START_TEST(can_do_twice_counts_once)
{
    struct remote *worker = worker_for("f");

    say(worker, "CAN_DO f");
    say(worker, "CAN_DO_TIMEOUT f|1000");
    say(worker, "CAN_DO f");
    ck_assert_int_eq(status_of("f", 2), 1);
    say(worker, "CANT_DO f");
    ck_assert_int_eq(status_of("f", 2), 0);
}
END_TEST

START_TEST(cant_do_and_reset_abilities_leave_running_tasks_alone)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    say(worker, _i == 0 ? "CANT_DO f" : "RESET_ABILITIES");
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|1|0|0", handle);
    say(worker, "WORK_DATA %s|d", handle);
    HEARS(client, "WORK_DATA %s|d", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(cant_do_with_an_empty_name_is_harmless)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    say(worker, "CANT_DO ");
    say(worker, "CANT_DO");
    HEARS_NOTHING(worker);
    grabs(worker, submitted(client, "SUBMIT_JOB f||x"));
}
END_TEST

START_TEST(a_function_name_may_hold_any_byte_but_nul)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);

    for (int byte = 1; byte < 256; byte++) {
        char name[] = {'p', (char)byte, 'f', 0};
        const char *handle;

        if (byte == '|')
            continue; /* talk.h would make a NUL of it */
        say(worker, "CAN_DO %s", name);
        handle = submitted(client, text("SUBMIT_JOB_BG %s||x", name));
        grabs(worker, handle);
        say(worker, "WORK_COMPLETE %s|", handle);
        say(worker, "CANT_DO %s", name);
    }
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_function_name_may_have_a_prefix_with_a_tab)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("team\tresize");
    const char *handle = submitted(client, "SUBMIT_JOB team\tresize||x");

    (void)submitted(client, "SUBMIT_JOB team||x");
    (void)submitted(client, "SUBMIT_JOB resize||x");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|team\tresize|x", handle);
    grabs_nothing(worker);
}
END_TEST

static void add_sleep(TCase *cases)
{
    tcase_add_loop_test(cases, there_is_no_reply_to_what_a_worker_says_of_itself, 0, COUNT(silent));
    tcase_add_loop_test(cases, noop_comes_only_between_pre_sleep_and_the_next_grab, 0, 3);
    tcase_add_test(cases, at_most_one_noop_comes_however_much_happens);
    tcase_add_test(cases, noop_comes_at_once_when_a_task_is_waiting_already);
    tcase_add_test(cases, when_a_woken_worker_leaves_without_grabbing_another_sleeper_is_woken);
    tcase_add_loop_test(cases, no_task_is_stranded_beside_a_sleeper, 0, 2);
    tcase_add_test(cases, the_longest_idle_is_woken_first_and_only_as_many_as_there_are_tasks);
    tcase_add_loop_test(cases, worker_wakeup_says_how_many_are_woken_for_a_task, 0, 5);
}

static void add_grabbing(TCase *cases)
{
    tcase_add_loop_test(cases, a_grab_is_answered_at_once, 0, 3);
    tcase_add_test(cases, one_connection_may_hold_several_tasks_and_end_them_in_any_order);
    tcase_add_test(cases, a_worker_pipelines_work_complete_with_the_next_grab_job_all);
    tcase_add_loop_test(cases, functions_take_turns_within_a_priority_where_round_robin_is_set, 0,
                        2);
    tcase_add_test(cases, can_do_twice_counts_once);
    tcase_add_loop_test(cases, cant_do_and_reset_abilities_leave_running_tasks_alone, 0, 2);
    tcase_add_test(cases, cant_do_with_an_empty_name_is_harmless);
    tcase_add_test(cases, a_function_name_may_hold_any_byte_but_nul);
    tcase_add_test(cases, a_function_name_may_have_a_prefix_with_a_tab);
}

int main(void)
{
    Suite *suite = suite_create("gearman_workers");
    TCase *cases = tcase_create("workers");

    tcase_add_checked_fixture(cases, setup, teardown);
    add_sleep(cases);
    add_grabbing(cases);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
