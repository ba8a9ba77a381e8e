#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "fake_server.h"

enum { SOON = 50, LONG = 10000 }; /* ms: a timeout that is to happen, and one that is not */

#define CAN_DO          HEAR(REQ("\x01", "\x02") "wc")
#define GRAB            REQ("\x1e", "\0") ""
#define NO_JOB          RES("\x0a", "\0") ""
#define PRE_SLEEP       REQ("\x04", "\0") ""
#define NOOP            RES("\x06", "\0") ""
#define ASSIGN(handle)  RES("\x1f", "\x0f") handle "\0wc\0id\0abc"
#define DONE(handle)    REQ("\x0d", "\x09") handle "\0abc"
#define WANTS(credits)  REQ("\x1a", "\x0b") "pmad-push=" credits
#define GRANTS(credits) RES("\x1b", "\x0b") "pmad-push=" credits

/* What a function was given last, and what it is to do. */
struct doing {
    char seen[64];
    bool stops;
};

/* Gives the payload back. */
static bool echo(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    struct doing *doing = arg;

    (void)snprintf(doing->seen, sizeof doing->seen, "%s %s %s %zu", job->handle, job->function,
                   job->unique, job->size);
    *result = job->data;
    *size = job->size;
    if (doing->stops)
        pmadc_stop(job->client);
    return true;
}

/* A worker that can do "wc" by echo(). */
static struct pmadc *worker_start(struct fake_server *server, const struct step *script,
                                  struct doing *doing)
{
    struct pmadc *worker = server_start(server, script);

    ck_assert_int_eq(pmadc_can_do(worker, "wc", echo, doing), PMADC_OK);
    return worker;
}

static void work_times(struct pmadc *worker, int times)
{
    for (int i = 0; i < times; i++)
        ck_assert_int_eq(pmadc_work_once(worker, LONG), PMADC_OK);
}

START_TEST(a_worker_with_credit_is_sent_tasks_and_asks_for_none)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        SAY(GRANTS("1")),
        DRIP(ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1")),
        SAY(NOOP RES("\x28", "\x13") "H:x:2\0wc\0id\0sum\0abc"), /* a task with a reducer */
        HEAR(DONE("H:x:2")),
        HANG_UP,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work(worker), PMADC_LOST);
    ck_assert_str_eq(doing.seen, "H:x:2 wc id 3");
    server_finish(&server, worker);
}
END_TEST

START_TEST(tasks_sent_ahead_wait_in_hand_and_are_done_in_their_order)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("3")),
        SAY(GRANTS("3") ASSIGN("H:x:1") ASSIGN("H:x:2") ASSIGN("H:x:3")),
        HEAR(DONE("H:x:1")),
        SAY(ASSIGN("H:x:4")),
        HEAR(DONE("H:x:2") DONE("H:x:3") DONE("H:x:4")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 3, LONG), PMADC_OK);
    work_times(worker, 4);
    ck_assert_int_eq(pmadc_work_once(worker, SOON), PMADC_TIMEOUT);
    server_finish(&server, worker);
}
END_TEST

/* The number is changed while tasks are on their way: what came by then counts. */
START_TEST(without_credit_a_worker_does_what_it_has_and_then_asks)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("2")),
        SAY(GRANTS("2") ASSIGN("H:x:1") ASSIGN("H:x:2")),
        HEAR(DONE("H:x:1")),
        HEAR(WANTS("0")),
        SAY(ASSIGN("H:x:3") GRANTS("0")),
        HEAR(DONE("H:x:2") DONE("H:x:3") GRAB),
        SAY(ASSIGN("H:x:4")),
        HEAR(DONE("H:x:4")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 2, LONG), PMADC_OK);
    work_times(worker, 1);
    ck_assert_int_eq(pmadc_worker_credit(worker, 0, LONG), PMADC_OK);
    work_times(worker, 3);
    server_finish(&server, worker);
}
END_TEST

START_TEST(no_credit_at_all_is_not_worth_a_word)
{
    static const struct step script[] = {
        CAN_DO, HEAR(GRAB), SAY(ASSIGN("H:x:1")), HEAR(DONE("H:x:1")), END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 0, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_worker_credit(worker, 65536, LONG), PMADC_INVALID);
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

START_TEST(a_daemon_that_does_not_know_the_option_is_asked_for_each_task)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        SAY(RES("\x13", "\x11") "UNKNOWN_OPTION\0no"),
        HEAR(GRAB),
        SAY(NO_JOB),
        HEAR(PRE_SLEEP),
        SAY(NOOP),
        HEAR(GRAB),
        SAY(ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error_code(worker), "UNKNOWN_OPTION");
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

/* Perhaps it holds, perhaps not: who works with it has to know. */
START_TEST(a_credit_that_was_not_answered_in_time_is_asked_for_again)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        AWAIT,
        SAY(GRANTS("1") ASSIGN("H:x:1")),
        HEAR(WANTS("1")),
        SAY(GRANTS("1")),
        HEAR(DONE("H:x:1")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, SOON), PMADC_TIMEOUT);
    server_go(&server);
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

START_TEST(a_change_of_mind_does_not_trust_an_answer_that_is_still_to_come)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        SAY(GRANTS("1")),
        HEAR(WANTS("0")),
        AWAIT,
        HEAR(WANTS("1")),
        SAY(GRANTS("0") GRANTS("1") ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_worker_credit(worker, 0, SOON), PMADC_TIMEOUT);
    server_go(&server);
    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

/* Such as a result that was too large, which the daemon refuses when it comes to read it. */
START_TEST(an_objection_to_something_else_is_not_the_answer)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        SAY(RES("\x13", "\x10") "QUEUE_ERROR\0long" GRANTS("1")),
        HEAR(WANTS("1")),
        SAY(GRANTS("1") ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error(worker), "QUEUE_ERROR: long");
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

START_TEST(a_worker_that_slept_or_asked_before_misses_nothing)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(GRAB),
        SAY(NO_JOB),
        HEAR(PRE_SLEEP WANTS("1")),
        SAY(NOOP GRANTS("1") ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1") WANTS("0")),
        SAY(GRANTS("0")),
        HEAR(GRAB WANTS("1")), /* it does not sleep, and asks; and is not answered so soon */
        SAY(NO_JOB GRANTS("1") ASSIGN("H:x:2")),
        HEAR(DONE("H:x:2")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_work_once(worker, SOON), PMADC_TIMEOUT);
    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    work_times(worker, 1);
    ck_assert_int_eq(pmadc_worker_credit(worker, 0, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(worker, SOON), PMADC_TIMEOUT);
    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

START_TEST(a_sleeper_whose_credit_came_and_went_asks_before_it_sleeps_again)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(GRAB),
        SAY(NO_JOB),
        HEAR(PRE_SLEEP WANTS("1")),
        SAY(GRANTS("1")),
        HEAR(WANTS("0")),
        SAY(GRANTS("0")),
        HEAR(GRAB),
        SAY(ASSIGN("H:x:1")),
        HEAR(DONE("H:x:1")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_work_once(worker, SOON), PMADC_TIMEOUT);
    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_worker_credit(worker, 0, LONG), PMADC_OK);
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

/* Submits a task, and meanwhile another comes that it is to do itself. */
static bool asks_another(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    const struct pmadc_task task = {.function = "up", .data = job->data, .size = job->size};
    struct pmadc_result other;

    (void)arg;
    if (strcmp(job->handle, "H:x:1") == 0)
        ck_assert_int_eq(pmadc_run(job->client, &task, NULL, LONG, &other), PMADC_OK);
    *result = job->data;
    *size = job->size;
    return true;
}

START_TEST(a_task_that_comes_while_another_submits_waits_until_it_is_done)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("2")),
        SAY(GRANTS("2") ASSIGN("H:x:1")),
        HEAR(REQ("\x1a", "\x0a") "exceptions"),
        SAY(RES("\x1b", "\x0a") "exceptions"),
        HEAR(REQ("\x07", "\x07") "up\0\0abc"),
        SAY(RES("\x08", "\x05") "H:x:3" ASSIGN("H:x:2") RES("\x0d", "\x09") "H:x:3\0ABC"),
        HEAR(DONE("H:x:1") DONE("H:x:2")),
        END,
    };
    struct fake_server server;
    struct pmadc *worker = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(worker, "wc", asks_another, NULL), PMADC_OK);
    ck_assert_int_eq(pmadc_worker_credit(worker, 2, LONG), PMADC_OK);
    work_times(worker, 2);
    server_finish(&server, worker);
}
END_TEST

/* ---- stopping ---- */

/* The credit of the last answer would bring another task, which would have to go back. */
START_TEST(a_worker_that_stops_gives_its_credit_back_before_its_answer)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("2")),
        SAY(GRANTS("2") ASSIGN("H:x:1") ASSIGN("H:x:2")),
        HEAR(WANTS("0")),
        SAY(GRANTS("0")),
        HEAR(DONE("H:x:1") DONE("H:x:2")),
        END,
    };
    struct doing doing = {.stops = true};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 2, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work(worker), PMADC_STOPPED);
    server_finish(&server, worker);
}
END_TEST

START_TEST(an_idle_worker_that_stops_does_what_was_on_its_way_and_can_go_on)
{
    static const struct step script[] = {
        CAN_DO,
        HEAR(WANTS("1")),
        SAY(GRANTS("1")),
        HEAR(WANTS("0")),
        SAY(ASSIGN("H:x:1") GRANTS("0")),
        HEAR(DONE("H:x:1") WANTS("1")),
        SAY(GRANTS("1") ASSIGN("H:x:2")),
        HEAR(DONE("H:x:2")),
        END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(worker, SOON), PMADC_TIMEOUT);
    pmadc_stop(worker);
    ck_assert_int_eq(pmadc_work(worker), PMADC_STOPPED);
    ck_assert_str_eq(doing.seen, "H:x:1 wc id 3");
    work_times(worker, 1);
    server_finish(&server, worker);
}
END_TEST

static void *stop_it(void *worker)
{
    pmadc_stop(worker);
    return NULL;
}

START_TEST(a_daemon_that_does_not_answer_does_not_keep_a_worker_from_stopping)
{
    static const struct step script[] = {
        CAN_DO, HEAR(WANTS("1")), SAY(GRANTS("1")), HEAR(WANTS("0")), END,
    };
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);
    pthread_t other;

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pthread_create(&other, NULL, stop_it, worker), 0);
    ck_assert_int_eq(pmadc_work(worker), PMADC_STOPPED);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    server_finish(&server, worker);
}
END_TEST

/* ---- what no daemon does ---- */

static const struct step too_much[][5] = {
    {CAN_DO, HEAR(WANTS("1")), SAY(GRANTS("1") ASSIGN("H:x:1") ASSIGN("H:x:2")), AWAIT, HANG_UP},
    {CAN_DO, HEAR(WANTS("1")), SAY(ASSIGN("H:x:1") GRANTS("1")), AWAIT, HANG_UP},
    {CAN_DO, HEAR(WANTS("1")), SAY(GRANTS("2")), AWAIT, HANG_UP},
    {CAN_DO, HEAR(WANTS("1")), SAY(RES("\x1b", "\x0a") "exceptions"), AWAIT, HANG_UP},
};

/* What comes is kept until it can be done, so there has to be an end to it. */
START_TEST(more_than_was_agreed_on_ends_the_connection)
{
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, too_much[_i], &doing);
    enum pmadc_status status = pmadc_worker_credit(worker, 1, LONG);

    if (status == PMADC_OK)
        status = pmadc_ping(worker, LONG);
    ck_assert_int_eq(status, PMADC_PROTOCOL);
    ck_assert_int_eq(pmadc_work(worker), PMADC_LOST);
    server_go(&server);
    server_finish(&server, worker);
}
END_TEST

START_TEST(text_is_not_mixed_with_tasks_that_come_unasked)
{
    static const struct step script[] = {CAN_DO, HEAR(WANTS("1")), SAY(GRANTS("1")), END};
    struct doing doing = {.stops = false};
    struct fake_server server;
    struct pmadc *worker = worker_start(&server, script, &doing);
    const char *text;

    ck_assert_int_eq(pmadc_worker_credit(worker, 1, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_admin(worker, "version", LONG, &text), PMADC_INVALID);
    server_finish(&server, worker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_credit");
    TCase *cases = tcase_create("client_credit");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_worker_with_credit_is_sent_tasks_and_asks_for_none);
    tcase_add_test(cases, tasks_sent_ahead_wait_in_hand_and_are_done_in_their_order);
    tcase_add_test(cases, without_credit_a_worker_does_what_it_has_and_then_asks);
    tcase_add_test(cases, no_credit_at_all_is_not_worth_a_word);
    tcase_add_test(cases, a_daemon_that_does_not_know_the_option_is_asked_for_each_task);
    tcase_add_test(cases, a_credit_that_was_not_answered_in_time_is_asked_for_again);
    tcase_add_test(cases, a_change_of_mind_does_not_trust_an_answer_that_is_still_to_come);
    tcase_add_test(cases, an_objection_to_something_else_is_not_the_answer);
    tcase_add_test(cases, a_worker_that_slept_or_asked_before_misses_nothing);
    tcase_add_test(cases, a_sleeper_whose_credit_came_and_went_asks_before_it_sleeps_again);
    tcase_add_test(cases, a_task_that_comes_while_another_submits_waits_until_it_is_done);
    tcase_add_test(cases, a_worker_that_stops_gives_its_credit_back_before_its_answer);
    tcase_add_test(cases, an_idle_worker_that_stops_does_what_was_on_its_way_and_can_go_on);
    tcase_add_test(cases, a_daemon_that_does_not_answer_does_not_keep_a_worker_from_stopping);
    tcase_add_loop_test(cases, more_than_was_agreed_on_ends_the_connection, 0,
                        sizeof too_much / sizeof *too_much);
    tcase_add_test(cases, text_is_not_mixed_with_tasks_that_come_unasked);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
