/* Rules of Gearman, "Workers": CAN_DO_TIMEOUT, [function] timeout, and how many workers a task may
 * cost. */
#include "gearman_fixture.h"

#define MS_US INT64_C(1000)

enum { LATE_US = 2000 /* a limit may be that much longer: the core counts in ticks of its own */ };

static void setup_rule(uint64_t timeout_us, size_t retries)
{
    struct rig_setup ruled = rig_setup_ample();

    ruled.every_function.timeout_us = timeout_us;
    ruled.every_function.retries = retries;
    rig_replace(&ruled);
}

/* A worker of `f` that registers with this second argument and has the task in its hand. */
static struct remote *limited_with(const char *limit, const char *handle)
{
    struct remote *worker = remote_new(&rig);

    say(worker, "CAN_DO_TIMEOUT f|%s", limit);
    grabs(worker, handle);
    return worker;
}

static bool is_running(const char *handle)
{
    struct remote *asker = remote_new(&rig);
    bool running;

    say(asker, "GET_STATUS %s", handle);
    running = strcmp(hear(asker), text("STATUS_RES %s|1|1|0|0", handle)) == 0;
    remote_free(asker);
    return running;
}

/* The task is in its worker's hand for that long from now, and then no longer. */
static void expires_after(const char *handle, uint64_t us)
{
    rig_sleep(&rig, us - 1);
    ck_assert(is_running(handle));
    rig_sleep(&rig, 1 + LATE_US);
    ck_assert(!is_running(handle));
}

/* ---- what the argument means ---- */

static const struct {
    const char *argument;
    uint64_t ms;
} limits[] = {
    {"1000", 1000}, {"1001", 1001}, {"2500", 2500}, {"60000", 60000}, {"2500|", 2500},
    {"1", 1000},    {"999", 1000},  {"30", 1000},   {"00030", 1000},  {"3600000", 3600000},
};

START_TEST(can_do_timeout_is_in_milliseconds_and_below_1000_counts_as_1000)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    (void)limited_with(limits[_i].argument, handle);
    expires_after(handle, limits[_i].ms * MS_US);
}
END_TEST

static const char *const no_limits[] = {"0", "", "0000", "5s", "-1", "1.5", " 9", "soon", "12 "};

START_TEST(can_do_timeout_of_0_or_of_no_number_registers_without_a_timeout)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = limited_with(no_limits[_i], handle);

    rig_sleep(&rig, 1000000 * SECOND_US);
    ck_assert(is_running(handle));
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
}
END_TEST

static const uint8_t binaries[][4] = {
    {0, 0, 0, 30}, {0, 0, 0x75, 0x30}, {30, 0, 0, 0}, {0, 0, 0, 0}, {255, 255, 255, 255}};

START_TEST(four_binary_bytes_register_without_a_timeout)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *handle;

    say_data(worker, "CAN_DO_TIMEOUT f|", binaries[_i], sizeof binaries[_i]);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 1);
    handle = submitted(client, "SUBMIT_JOB f||x");
    grabs(worker, handle);
    rig_sleep(&rig, 1000000 * SECOND_US);
    ck_assert(is_running(handle));
}
END_TEST

START_TEST(a_number_too_large_to_come_true_is_no_early_timeout)
{
    static const char *const numbers[] = {"18446744073709551615", "18446744073709552",
                                          "99999999999999999999999999"};
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    (void)limited_with(numbers[_i], handle);
    rig_sleep(&rig, 1000000 * SECOND_US);
    ck_assert(is_running(handle));
}
END_TEST

START_TEST(the_last_registration_decides)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "CAN_DO_TIMEOUT f|5000");
    say(worker, _i == 0 ? "CAN_DO f" : "CAN_DO_TIMEOUT f|2000");
    grabs(worker, handle);
    if (_i == 1) {
        expires_after(handle, 2000 * MS_US);
    } else {
        rig_sleep(&rig, 100 * SECOND_US);
        ck_assert(is_running(handle));
    }
}
END_TEST

/* ---- expiry ---- */

START_TEST(on_expiry_the_task_goes_to_the_head_of_its_queue_and_sleepers_are_woken)
{
    struct remote *client = remote_new(&rig);
    struct remote *sleeper = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||1");
    const char *second;
    struct remote *slow;

    slow = limited_with("5000", handle);
    say(sleeper, "PRE_SLEEP");
    rig_sleep(&rig, 4999 * MS_US);
    HEARS_NOTHING(sleeper);
    second = submitted(client, "SUBMIT_JOB f||2");
    HEARS(sleeper, "NOOP");
    rig_sleep(&rig, MS_US + LATE_US);
    say(sleeper, "GRAB_JOB");
    HEARS(sleeper, "JOB_ASSIGN %s|f|1", handle);
    grabs(sleeper, second);
    HEARS_NOTHING(slow);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(rig_counts(&rig).retried, 1);
}
END_TEST

START_TEST(expiry_alone_wakes_a_sleeper)
{
    struct remote *client = remote_new(&rig);
    struct remote *sleeper = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||1");

    (void)limited_with("1000", handle);
    say(sleeper, "PRE_SLEEP");
    rig_sleep(&rig, SECOND_US - 1);
    HEARS_NOTHING(sleeper);
    ck_assert_uint_gt(router_deadline(rig.router), rig.now.mono_us); /* the driver is told when */
    ck_assert_uint_le(router_deadline(rig.router), rig.now.mono_us + 1 + LATE_US);
    rig_sleep(&rig, 1 + LATE_US);
    HEARS(sleeper, "NOOP");
}
END_TEST

static const struct {
    const char *name, *rest;
} results[] = {{"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""},       {"WORK_DATA", "|d"},
               {"WORK_WARNING", "|w"},  {"WORK_STATUS", "|1|2"}, {"WORK_EXCEPTION", "|e"}};

START_TEST(a_late_result_after_the_timeout_gets_job_not_found)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *late = limited_with("1000", handle);
    struct remote *worker;

    rig_sleep(&rig, SECOND_US + LATE_US);
    say(late, "%s %s%s", results[_i].name, handle, results[_i].rest);
    HEARS(late, NOT_FOUND);
    worker = worker_with("f", handle);
    say(late, "%s %s%s", results[_i].name, handle, results[_i].rest);
    HEARS(late, NOT_FOUND);
    HEARS_NOTHING(client);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

START_TEST(the_worker_that_was_late_may_grab_the_task_again)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = limited_with("1000", handle);

    rig_sleep(&rig, SECOND_US + LATE_US);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
    grabs(worker, handle);
    rig_sleep(&rig, SECOND_US - 1);
    say(worker, "WORK_COMPLETE %s|in time", handle);
    HEARS(client, "WORK_COMPLETE %s|in time", handle);
    rig_sleep(&rig, 10 * SECOND_US);
    HEARS_NOTHING(worker);
}
END_TEST

static const uint8_t bodies[] = {GM_WORK_COMPLETE, GM_WORK_EXCEPTION, GM_WORK_DATA,
                                 GM_WORK_WARNING};

START_TEST(what_is_said_while_the_time_ends_comes_too_late)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *late = limited_with("1000", handle);
    struct remote *worker;

    post_header(late, "|REQ", bodies[_i], (uint32_t)strlen(handle) + 9);
    remote_post(late, handle, strlen(handle) + 1);
    remote_post(late, "half", 4);
    rig_turn(&rig);
    rig_sleep(&rig, SECOND_US + LATE_US);
    remote_post(late, "half", 4);
    rig_turn(&rig);
    HEARS(late, NOT_FOUND);
    HEARS_NOTHING(late);
    HEARS_NOTHING(client);
    worker = worker_with("f", handle);
    say(worker, "WORK_COMPLETE %s|whole", handle);
    HEARS(client, "WORK_COMPLETE %s|whole", handle);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
}
END_TEST

START_TEST(the_time_may_end_before_the_worker_has_read_its_assignment)
{
    struct remote *client = remote_new(&rig);
    struct remote *deaf = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(deaf, "CAN_DO_TIMEOUT f|1000");
    deaf->appetite = (size_t)_i;
    say(deaf, "GRAB_JOB");
    rig_sleep(&rig, SECOND_US + LATE_US);
    deaf->appetite = SIZE_MAX;
    rig_turn(&rig);
    say(worker_with("f", handle), "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(there_is_one_timer_a_task_not_a_connection)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *handles[4];

    say(worker, "CAN_DO_TIMEOUT f|10000");
    for (int i = 0; i < 4; i++) {
        handles[i] = submitted(client, "SUBMIT_JOB f||x");
        grabs(worker, handles[i]);
        rig_sleep(&rig, SECOND_US);
    }
    say(worker, "WORK_COMPLETE %s|r", handles[1]); /* stops its own, and no other */
    rig_sleep(&rig, 6 * SECOND_US - 1);
    ck_assert(is_running(handles[0]));
    rig_sleep(&rig, 1 + LATE_US);
    ck_assert(!is_running(handles[0]));
    ck_assert(is_running(handles[2]));
    rig_sleep(&rig, 2 * SECOND_US);
    ck_assert(!is_running(handles[2]));
    ck_assert(is_running(handles[3]));
    rig_sleep(&rig, SECOND_US);
    ck_assert(!is_running(handles[3]));
    ck_assert_uint_eq(rig_counts(&rig).retried, 3);
}
END_TEST

START_TEST(each_function_of_a_worker_has_its_own_limit)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *of_f = submitted(client, "SUBMIT_JOB f||x");
    const char *of_g = submitted(client, "SUBMIT_JOB g||x");
    const char *of_h = submitted(client, "SUBMIT_JOB h||x");

    say(worker, "CAN_DO_TIMEOUT f|3000");
    say(worker, "CAN_DO_TIMEOUT g|2000");
    say(worker, "CAN_DO h");
    grabs(worker, of_f);
    grabs(worker, of_g);
    grabs(worker, of_h);
    expires_after(of_g, 2 * SECOND_US);
    ck_assert(is_running(of_f));
    rig_sleep(&rig, SECOND_US);
    ck_assert(!is_running(of_f));
    rig_sleep(&rig, 1000 * SECOND_US);
    ck_assert(is_running(of_h));
}
END_TEST

START_TEST(a_task_whose_clients_have_left_ends_with_its_time)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = limited_with("1000", handle);

    remote_leave(client);
    rig_sleep(&rig, SECOND_US + LATE_US);
    grabs_nothing(worker);
    ck_assert_uint_eq(tasks_used(), 0);
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 1);
}
END_TEST

START_TEST(cant_do_does_not_stop_the_clock_of_a_running_task)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(limited_with("2000", handle), "CANT_DO f");
    expires_after(handle, 2 * SECOND_US);
}
END_TEST

/* ---- against [function] timeout ---- */

static const struct {
    const char *of_worker;
    uint64_t of_function_ms, ms;
} both[] = {
    {"5000", 3000, 3000}, {"3000", 5000, 3000}, {"0", 4000, 4000},
    {"x", 4000, 4000},    {"500", 4000, 1000},  {"5000", 300, 300},
};

START_TEST(the_smaller_of_both_timeouts_wins)
{
    struct remote *client;
    const char *handle;

    setup_rule(both[_i].of_function_ms * MS_US, 0);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    (void)limited_with(both[_i].of_worker, handle);
    expires_after(handle, both[_i].ms * MS_US);
}
END_TEST

START_TEST(the_timeout_of_the_function_holds_after_a_plain_can_do)
{
    const char *handle;

    setup_rule(4000 * MS_US, 0);
    handle = submitted(remote_new(&rig), "SUBMIT_JOB f||x");
    (void)worker_with("f", handle);
    expires_after(handle, 4000 * MS_US);
}
END_TEST

/* ---- retries ---- */

/* The task costs one worker more: by its time, or because it leaves. */
static void costs_a_worker(const char *handle, bool by_time)
{
    struct remote *worker = limited_with("1000", handle);

    if (by_time)
        rig_sleep(&rig, SECOND_US + LATE_US);
    remote_free(worker);
    rig_turn(&rig);
}

START_TEST(after_as_many_workers_as_retries_allow_the_clients_get_work_warning_and_work_fail)
{
    struct remote *client;
    struct remote *other;
    const char *handle;

    setup_rule(0, 3);
    client = remote_new(&rig);
    other = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f|u|x");
    ck_assert_str_eq(submitted(other, "SUBMIT_JOB f|u|x"), handle);
    for (int i = 0; i < 2; i++)
        costs_a_worker(handle, (_i >> i & 1) != 0);
    HEARS_NOTHING(client);
    costs_a_worker(handle, _i >> 2 != 0);
    hears_start(client, text("WORK_WARNING %s|", handle));
    hears_exactly(client, GM_WORK_FAIL, handle);
    hears_start(other, text("WORK_WARNING %s|", handle));
    hears_exactly(other, GM_WORK_FAIL, handle);
    grabs_nothing(worker_for("f"));
    ck_assert_uint_eq(rig_counts(&rig).failed, 1);
    ck_assert_uint_eq(rig_counts(&rig).retried, 2);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(one_attempt_means_one_attempt)
{
    struct remote *client;
    const char *handle;

    setup_rule(0, 1);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    costs_a_worker(handle, _i == 1);
    hears_start(client, text("WORK_WARNING %s|", handle));
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(a_background_task_that_has_cost_its_workers_is_gone)
{
    struct remote *client;
    const char *handle;

    setup_rule(0, 2);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB_BG f||x");
    costs_a_worker(handle, true);
    costs_a_worker(handle, false);
    HEARS_NOTHING(client);
    grabs_nothing(worker_for("f"));
    ck_assert_uint_eq(rig_counts(&rig).failed, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_worker_that_fails_a_task_ends_it_without_a_retry)
{
    struct remote *client;
    const char *handle;

    setup_rule(0, 5);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    say(worker_with("f", handle), "WORK_FAIL %s", handle);
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
}
END_TEST

static void add_expiry(TCase *cases)
{
    tcase_add_test(cases, on_expiry_the_task_goes_to_the_head_of_its_queue_and_sleepers_are_woken);
    tcase_add_test(cases, expiry_alone_wakes_a_sleeper);
    tcase_add_loop_test(cases, a_late_result_after_the_timeout_gets_job_not_found, 0,
                        COUNT(results));
    tcase_add_test(cases, the_worker_that_was_late_may_grab_the_task_again);
    tcase_add_loop_test(cases, what_is_said_while_the_time_ends_comes_too_late, 0, COUNT(bodies));
    tcase_add_loop_test(cases, the_time_may_end_before_the_worker_has_read_its_assignment, 0, 50);
    tcase_add_test(cases, there_is_one_timer_a_task_not_a_connection);
    tcase_add_test(cases, each_function_of_a_worker_has_its_own_limit);
    tcase_add_test(cases, a_task_whose_clients_have_left_ends_with_its_time);
    tcase_add_test(cases, cant_do_does_not_stop_the_clock_of_a_running_task);
}

int main(void)
{
    Suite *suite = suite_create("gearman_timeout");
    TCase *cases = tcase_create("time limits and retries");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, can_do_timeout_is_in_milliseconds_and_below_1000_counts_as_1000, 0,
                        COUNT(limits));
    tcase_add_loop_test(cases, can_do_timeout_of_0_or_of_no_number_registers_without_a_timeout, 0,
                        COUNT(no_limits));
    tcase_add_loop_test(cases, four_binary_bytes_register_without_a_timeout, 0, COUNT(binaries));
    tcase_add_loop_test(cases, a_number_too_large_to_come_true_is_no_early_timeout, 0, 3);
    tcase_add_loop_test(cases, the_last_registration_decides, 0, 2);
    add_expiry(cases);
    tcase_add_loop_test(cases, the_smaller_of_both_timeouts_wins, 0, COUNT(both));
    tcase_add_test(cases, the_timeout_of_the_function_holds_after_a_plain_can_do);
    tcase_add_loop_test(
        cases, after_as_many_workers_as_retries_allow_the_clients_get_work_warning_and_work_fail, 0,
        8);
    tcase_add_loop_test(cases, one_attempt_means_one_attempt, 0, 2);
    tcase_add_test(cases, a_background_task_that_has_cost_its_workers_is_gone);
    tcase_add_test(cases, a_worker_that_fails_a_task_ends_it_without_a_retry);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
