/* Rules of Gearman, "Administration": what maxqueue, create function, drop function and cancel job do. */
#include "admin_fixture.h"

#define BAD_LIMITS "ERR INVALID_ARGUMENTS maxqueue+takes+no+number,+one+or+three\r\n"
#define IN_USE     "ERR there are still connected workers or executing clients\r\n"
#define NO_ROOM    "ERR QUEUE_ERROR Too+many+functions\r\n"

static void is_refused(struct remote *client, const char *submission)
{
    say(client, "%s", submission);
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full");
}

/* ---- maxqueue ---- */

START_TEST(maxqueue_is_compared_with_the_total_including_running_and_later_ones)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    const char *running;
    struct remote *worker;

    is_ok(admin, "maxqueue f 3");
    running = submitted(client, "SUBMIT_JOB f||1");
    worker = worker_with("f", running);
    (void)submitted(client, "SUBMIT_JOB_EPOCH f||4000000000|2");
    (void)submitted(client, "SUBMIT_JOB_BG f||3"); /* that is the limit */
    say(client, "SUBMIT_JOB f||4");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=queue function=f used=3 of=3 "
                  "retry_ms=1000");
    is_refused(client, "SUBMIT_JOB_BG f||4");
    is_refused(client, "SUBMIT_JOB_EPOCH f||4000000000|4");
    is_refused(client, "SUBMIT_REDUCE_JOB f||r||4");
    (void)submitted(client, "SUBMIT_JOB other||4");
    say(worker, "WORK_COMPLETE %s|", running);
    (void)hear_of(client, "WORK_COMPLETE");
    (void)submitted(client, "SUBMIT_JOB f||4");
    is_refused(client, "SUBMIT_JOB f||5");
}
END_TEST

START_TEST(maxqueue_of_0_or_negative_or_absent_lifts)
{
    static const char *const lifts[] = {"maxqueue f", "maxqueue f 0", "maxqueue f -1",
                                        "maxqueue f 0 -7 0", "MAXQUEUE f -99999"};
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);

    is_ok(admin, "maxqueue f 1");
    (void)submitted(client, "SUBMIT_JOB f||1");
    is_refused(client, "SUBMIT_JOB f||2");
    is_ok(admin, lifts[_i]);
    for (int i = 0; i < 50; i++)
        (void)submitted(client, "SUBMIT_JOB f||3");
    (void)submitted(client, "SUBMIT_JOB_HIGH f||3");
    (void)submitted(client, "SUBMIT_JOB_LOW f||3");
}
END_TEST

START_TEST(maxqueue_lifts_what_the_configuration_says_of_every_function)
{
    struct rig_setup narrow = rig_setup_ample();
    struct remote *admin, *client;

    narrow.every_function.max_queue = 1;
    rig_replace(&narrow);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    is_ok(admin, "maxqueue f");
    (void)submitted(client, "SUBMIT_JOB f||1");
    (void)submitted(client, "SUBMIT_JOB f||2");
    (void)submitted(client, "SUBMIT_JOB g||1");
    is_refused(client, "SUBMIT_JOB g||2");
}
END_TEST

START_TEST(maxqueue_takes_one_limit_for_each_priority)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);

    is_ok(admin, "maxqueue f 3 2 1");
    (void)submitted(client, "SUBMIT_JOB_LOW f||1");
    is_refused(client, "SUBMIT_JOB_LOW f||2");
    is_refused(client, "SUBMIT_JOB_LOW_BG f||2");
    (void)submitted(client, "SUBMIT_JOB f||2");
    is_refused(client, "SUBMIT_JOB f||3");
    is_refused(client, "SUBMIT_JOB_BG f||3");
    (void)submitted(client, "SUBMIT_JOB_HIGH f||3");
    is_refused(client, "SUBMIT_JOB_HIGH f||4");
    is_refused(client, "SUBMIT_JOB_HIGH_BG f||4");
    is_ok(admin, "maxqueue f -1 0 4");
    for (int i = 0; i < 10; i++)
        (void)submitted(client, "SUBMIT_JOB_HIGH f||4");
    (void)submitted(client, "SUBMIT_JOB f||4");
    is_refused(client, "SUBMIT_JOB_LOW f||4");
}
END_TEST

START_TEST(coalescing_is_never_refused_for_maxqueue)
{
    static const char *const submissions[] = {"SUBMIT_JOB f|u|x", "SUBMIT_JOB f|-|x",
                                              "SUBMIT_JOB_BG f|u|x"};
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    const char *handle;

    is_ok(admin, "maxqueue f 1");
    handle = submitted(client, submissions[_i]);
    ck_assert_str_eq(submitted(client, submissions[_i]), handle);
    (void)worker_with("f", handle);
    ck_assert_str_eq(submitted(client, submissions[_i]), handle);
    is_refused(client, "SUBMIT_JOB f||x");
    is_refused(client, "SUBMIT_JOB f|another|x");
    say(client, "SUBMIT_JOB f|-|another"); /* which only its body can tell */
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=queue function=f used=1 of=1 "
                  "retry_ms=1000");
}
END_TEST

START_TEST(a_maxqueue_that_says_no_number_changes_nothing)
{
    static const char *const garbage[] = {"maxqueue f x",
                                          "maxqueue f 5x",
                                          "maxqueue f -",
                                          "maxqueue f --1",
                                          "maxqueue f +5",
                                          "maxqueue f 5.0",
                                          "maxqueue f 0x5",
                                          "maxqueue f 5 x 5",
                                          "maxqueue f 5 5",
                                          "maxqueue f 5 5 5 5",
                                          "maxqueue f 5 5 5 -x",
                                          "maxqueue f -5-",
                                          "maxqueue f 99999999999999999999999999",
                                          "maxqueue f 1 1 1 1 1 1 1 1 1 1"};
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);

    answers(admin, garbage[_i], BAD_LIMITS);
    LISTS(admin, "status", ".");
    is_ok(admin, "maxqueue f 1");
    answers(admin, garbage[_i], BAD_LIMITS);
    (void)submitted(client, "SUBMIT_JOB f||1");
    is_refused(client, "SUBMIT_JOB f||2");
}
END_TEST

START_TEST(maxqueue_takes_the_largest_number_there_is)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);

    is_ok(admin, "maxqueue f 18446744073709551615");
    (void)submitted(client, "SUBMIT_JOB f||1");
    is_ok(admin, "maxqueue f 1");
    is_refused(client, "SUBMIT_JOB f||2");
    answers(admin, "maxqueue f 18446744073709551616", BAD_LIMITS);
    is_refused(client, "SUBMIT_JOB f||2");
}
END_TEST

/* ---- functions ---- */

START_TEST(create_function_makes_it_once_and_keeps_every_letter)
{
    struct remote *admin = remote_new(&rig);

    is_ok(admin, "create function x");
    is_ok(admin, "create function yes\r");
    is_ok(admin, "CREATE Function x");
    LISTS(admin, "status", "x\t0\t0\t0\nyes\t0\t0\t0\n.");
}
END_TEST

/* A table of two functions: what commands have made stays, others make room. */
static struct remote *admin_of_two_functions(void)
{
    struct rig_setup two = rig_setup_ample();

    two.limits.functions = 2;
    rig_replace(&two);
    return remote_new(&rig);
}

START_TEST(what_create_function_or_maxqueue_made_stays_until_it_is_dropped)
{
    struct remote *admin = admin_of_two_functions();
    struct remote *client = remote_new(&rig);

    is_ok(admin, _i == 0 ? "create function made" : "maxqueue made 5");
    for (int i = 0; i < 5; i++) {
        struct remote *worker = worker_for(text("function-%d", i));

        remote_free(worker);
    }
    LISTS(admin, "status", "made\t0\t0\t0\nfunction-4\t0\t0\t0\n.");
    is_ok(admin, "drop function made");
    LISTS(admin, "status", "function-4\t0\t0\t0\n.");
    (void)submitted(client, "SUBMIT_JOB a||x");
    (void)submitted(client, "SUBMIT_JOB b||x");
    LISTS(admin, "status", "a\t1\t0\t0\nb\t1\t0\t0\n.");
}
END_TEST

START_TEST(a_limit_goes_with_the_function_that_is_dropped)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);

    is_ok(admin, "maxqueue f 1");
    is_ok(admin, "drop function f");
    (void)submitted(client, "SUBMIT_JOB f||1");
    (void)submitted(client, "SUBMIT_JOB f||2");
}
END_TEST

START_TEST(a_full_table_of_functions_refuses_by_name_and_lifting_needs_no_place)
{
    struct remote *admin = admin_of_two_functions();

    is_ok(admin, "create function a");
    is_ok(admin, "maxqueue b 1");
    answers(admin, "create function c", NO_ROOM);
    answers(admin, "maxqueue c 1", NO_ROOM);
    is_ok(admin, "maxqueue c 0");
    is_ok(admin, "create function a");
    LISTS(admin, "status", "a\t0\t0\t0\nb\t0\t0\t0\n.");
}
END_TEST

START_TEST(the_name_of_a_function_has_its_limit)
{
    static const char refusal[] = "ERR INVALID_ARGUMENTS Function+name+too+long+or+with+a+NUL\r\n";
    static const char with_nul[] = "create function a\0b\n";
    static const struct {
        const char *ahead, *behind;
    } commands[] = {{"create function", ""}, {"maxqueue", " 5"}, {"maxqueue", ""}};
    const char *ahead = commands[_i].ahead, *behind = commands[_i].behind;
    struct remote *admin = remote_new(&rig);

    answers(admin, text("%s %0*d%s", ahead, LONGEST + 1, 0, behind), refusal);
    remote_post(admin, with_nul, sizeof with_nul - 1);
    rig_turn(&rig);
    hears_bytes(admin, refusal);
    LISTS(admin, "status", ".");
    is_ok(admin, text("%s %0*d%s", ahead, LONGEST, 0, behind));
    LISTS(admin, "status", text("%0*d\t0\t0\t0\n.", LONGEST, 0));
}
END_TEST

START_TEST(drop_function_with_tasks_of_any_kind_or_workers_is_refused)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *queued;

    answers(admin, "drop function f", IN_USE);
    say(worker, "CANT_DO f");
    queued = submitted(client, "SUBMIT_JOB f||x");
    answers(admin, "drop function f", IN_USE);
    say(worker, "CAN_DO f");
    grabs(worker, queued);
    say(worker, "RESET_ABILITIES");
    answers(admin, "drop function f", IN_USE); /* it runs */
    is_ok(admin, text("cancel job %s", queued));
    answers(admin, "drop function f", IN_USE); /* it is in its worker's hand */
    say(worker, "WORK_FAIL %s", queued);
    (void)hear_out(client);
    post_header(client, "|REQ", GM_SUBMIT_JOB, 20);
    remote_post(client, "f\0\0", 3);
    rig_turn(&rig);
    answers(admin, "drop function f", IN_USE); /* it arrives */
    remote_leave(client);
    (void)submitted(worker, "SUBMIT_JOB_EPOCH f|u|4000000000|x");
    answers(admin, "drop function f", IN_USE); /* it is not due */
    LISTS(admin, "status", "f\t1\t0\t0\n.");
}
END_TEST

START_TEST(drop_function_without_either_forgets_it)
{
    struct remote *admin = remote_new(&rig);
    struct remote *slow = remote_new(&rig);
    const char *handle = submitted(slow, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    slow->appetite = 0;
    say(worker, "WORK_COMPLETE %s|r", handle);
    remote_leave(worker);
    is_ok(admin, "drop function f"); /* its client has not been told yet */
    LISTS(admin, "status", ".");
    answers(admin, "drop function f", "ERR function not found\r\n");
    slow->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(slow, "WORK_COMPLETE %s|r", handle);
    (void)submitted(slow, "SUBMIT_JOB f||x");
    LISTS(admin, "status", "f\t1\t0\t0\n.");
}
END_TEST

/* ---- cancel job ---- */

enum { WAITING = 3 /* clients of one task */ };

START_TEST(cancel_job_of_a_queued_task_is_one_bare_work_fail_and_never_assigned)
{
    static const char *const submissions[] = {"SUBMIT_JOB f|u|x", "SUBMIT_JOB_HIGH f|u|x",
                                              "SUBMIT_JOB_LOW f|u|x", "SUBMIT_REDUCE_JOB f|u|r||x"};
    struct remote *admin = remote_new(&rig);
    struct remote *clients[WAITING];
    const char *handle = NULL;

    for (size_t i = 0; i < WAITING; i++) {
        clients[i] = remote_new(&rig);
        handle = submitted(clients[i], submissions[_i]);
    }
    is_ok(admin, text("cancel job %s", handle));
    for (size_t i = 0; i < WAITING; i++)
        hears_exactly(clients[i], GM_WORK_FAIL, handle);
    answers(admin, text("cancel job %s", handle), "ERR UNKNOWN_JOB\r\n");
    grabs_nothing(worker_for("f"));
    ck_assert_uint_eq(rig_counts(&rig).cancelled, 1);
    ck_assert_uint_eq(tasks_used(), 0);
    counts_balance();
}
END_TEST

START_TEST(cancel_job_of_a_task_for_later_lets_it_never_run)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *joined = remote_new(&rig);
    const char *handle =
        submitted(client, text("SUBMIT_JOB_EPOCH f|u|%ld|x", (long)(RIG_WALL_US / SECOND_US) + 5));

    ck_assert_str_eq(submitted(joined, "SUBMIT_JOB f|u|x"), handle);
    is_ok(admin, text("cancel job %s", handle));
    hears_exactly(joined, GM_WORK_FAIL, handle);
    HEARS_NOTHING(client);
    rig_sleep(&rig, 10 * SECOND_US);
    grabs_nothing(worker_for("f"));
    ck_assert_uint_eq(tasks_used(), 0);
    counts_balance();
}
END_TEST

START_TEST(cancel_job_of_a_running_task_is_work_fail_once_and_the_later_result_is_swallowed)
{
    static const struct {
        const char *packet, *data;
    } results[] = {{"WORK_COMPLETE", "|r"}, {"WORK_FAIL", ""}, {"WORK_EXCEPTION", "|r"}};
    struct remote *admin = remote_new(&rig);
    struct remote *clients[WAITING];
    const char *handle = NULL;
    struct remote *worker;

    for (size_t i = 0; i < WAITING; i++) {
        clients[i] = remote_new(&rig);
        handle = submitted(clients[i], "SUBMIT_JOB f|u|x");
    }
    say(clients[0], "OPTION_REQ exceptions");
    (void)hear_of(clients[0], "OPTION_RES");
    worker = worker_with("f", handle);
    is_ok(admin, text("cancel job %s", handle));
    for (size_t i = 0; i < WAITING; i++)
        hears_exactly(clients[i], GM_WORK_FAIL, handle);
    answers(admin, text("cancel job %s", handle), "ERR UNKNOWN_JOB\r\n");
    say(worker, "WORK_DATA %s|some", handle);
    say(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, "%s %s%s", results[_i].packet, handle, results[_i].data);
    for (size_t i = 0; i < WAITING; i++)
        HEARS_NOTHING(clients[i]);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).cancelled, 1);
    ck_assert_uint_eq(tasks_used(), 0);
    counts_balance();
}
END_TEST

START_TEST(cancel_job_of_an_ended_task_is_unknown_job)
{
    struct remote *admin = remote_new(&rig);
    struct remote *slow = remote_new(&rig);
    const char *handle = submitted(slow, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    slow->appetite = 0;
    say(worker, "WORK_COMPLETE %s|r", handle);
    answers(admin, text("cancel job %s", handle), "ERR UNKNOWN_JOB\r\n");
    slow->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(slow, "WORK_COMPLETE %s|r", handle);
    answers(admin, text("cancel job %s", handle), "ERR UNKNOWN_JOB\r\n");
    answers(admin, text("cancel job 0%s", handle), "ERR UNKNOWN_JOB\r\n");
    answers(admin, text("cancel job %s%064d", handle, 0), "ERR UNKNOWN_JOB\r\n");
}
END_TEST

START_TEST(who_cancels_may_be_the_client_and_the_worker_too)
{
    struct remote *all = remote_new(&rig);
    const char *queued = submitted(all, "SUBMIT_JOB f||1");
    const char *running = submitted(all, "SUBMIT_JOB_HIGH f||2");

    say(all, "CAN_DO f");
    grabs(all, running);
    say_line(all, text("cancel job %s", queued));
    HEARS(all, "WORK_FAIL %s", queued);
    HEARS(all, "OK\\x0d");
    say_line(all, text("cancel job %s", running));
    HEARS(all, "WORK_FAIL %s", running);
    HEARS(all, "OK\\x0d");
    say(all, "WORK_COMPLETE %s|r", running);
    HEARS_NOTHING(all);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

static void add_limits(TCase *cases)
{
    tcase_add_test(cases, maxqueue_is_compared_with_the_total_including_running_and_later_ones);
    tcase_add_loop_test(cases, maxqueue_of_0_or_negative_or_absent_lifts, 0, 5);
    tcase_add_test(cases, maxqueue_lifts_what_the_configuration_says_of_every_function);
    tcase_add_test(cases, maxqueue_takes_one_limit_for_each_priority);
    tcase_add_loop_test(cases, coalescing_is_never_refused_for_maxqueue, 0, 3);
    tcase_add_loop_test(cases, a_maxqueue_that_says_no_number_changes_nothing, 0, 14);
    tcase_add_test(cases, maxqueue_takes_the_largest_number_there_is);
}

static void add_functions(TCase *cases)
{
    tcase_add_test(cases, create_function_makes_it_once_and_keeps_every_letter);
    tcase_add_loop_test(cases, what_create_function_or_maxqueue_made_stays_until_it_is_dropped, 0,
                        2);
    tcase_add_test(cases, a_limit_goes_with_the_function_that_is_dropped);
    tcase_add_test(cases, a_full_table_of_functions_refuses_by_name_and_lifting_needs_no_place);
    tcase_add_loop_test(cases, the_name_of_a_function_has_its_limit, 0, 3);
    tcase_add_test(cases, drop_function_with_tasks_of_any_kind_or_workers_is_refused);
    tcase_add_test(cases, drop_function_without_either_forgets_it);
}

static void add_cancelling(TCase *cases)
{
    tcase_add_loop_test(cases, cancel_job_of_a_queued_task_is_one_bare_work_fail_and_never_assigned,
                        0, 4);
    tcase_add_test(cases, cancel_job_of_a_task_for_later_lets_it_never_run);
    tcase_add_loop_test(
        cases, cancel_job_of_a_running_task_is_work_fail_once_and_the_later_result_is_swallowed, 0,
        3);
    tcase_add_test(cases, cancel_job_of_an_ended_task_is_unknown_job);
    tcase_add_test(cases, who_cancels_may_be_the_client_and_the_worker_too);
}

int main(void)
{
    Suite *suite = suite_create("gearman_change");
    TCase *cases = tcase_create("changes");

    tcase_add_checked_fixture(cases, setup, teardown);
    add_limits(cases);
    add_functions(cases);
    add_cancelling(cases);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
