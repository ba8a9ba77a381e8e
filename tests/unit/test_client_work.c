#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "fake_server.h"

enum { SOON = 50, LONG = 10000 }; /* ms: a timeout that is to happen, and one that is not */

#define CAN_DO    HEAR(REQ("\x01", "\x02") "wc")
#define GRAB      HEAR(REQ("\x1e", "\0") "")
#define NO_JOB    SAY(RES("\x0a", "\0") "")
#define PRE_SLEEP HEAR(REQ("\x04", "\0") "")
#define NOOP      RES("\x06", "\0") ""
#define ASSIGN    RES("\x1f", "\x11") "H:x:1\0wc\0id\0a\0b\nc"

/* What a function was given, and what it is to do. */
struct doing {
    char seen[64];
    bool fails, stops;
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
    return !doing->fails;
}

static bool says_much(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    (void)arg;
    *result = "";
    *size = 0;
    ck_assert_int_eq(pmadc_job_data(job, "one", 3), PMADC_OK);
    ck_assert_int_eq(pmadc_job_status(job, 1, 12), PMADC_OK);
    ck_assert_int_eq(pmadc_job_warning(job, "hot", 3), PMADC_OK);
    return true;
}

START_TEST(a_worker_asks_sleeps_wakes_asks_and_answers)
{
    static const struct step script[] = {
        HEAR(REQ("\x16", "\x02") "me"),
        CAN_DO,
        GRAB,
        NO_JOB,
        PRE_SLEEP,
        DRIP(NOOP),
        GRAB,
        DRIP(ASSIGN),
        HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"),
        END,
    };
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_set_id(client, "me"), PMADC_OK);
    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    ck_assert_str_eq(doing.seen, "H:x:1 wc id 5");
    server_finish(&server, client);
}
END_TEST

START_TEST(a_worker_at_work_asks_for_more_in_the_breath_of_its_answer)
{
    static const struct step script[] = {
        CAN_DO,
        GRAB,
        SAY(NOOP NOOP ASSIGN), /* a wake-up that comes late is harmless */
        HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc" REQ("\x1e", "\0") ""),
        HANG_UP,
    };
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work(client), PMADC_LOST);
    server_finish(&server, client);
}
END_TEST

START_TEST(a_failure_is_a_bare_handle_and_an_empty_result_is_not)
{
    static const struct step script[] = {
        CAN_DO,
        GRAB,
        SAY(ASSIGN),
        HEAR(REQ("\x0e", "\x05") "H:x:1"),
        HEAR(REQ("\x01", "\x02") "wc"),
        GRAB,
        SAY(RES("\x0b", "\x09") "H:x:2\0wc\0"), /* JOB_ASSIGN, and without a payload */
        HEAR(REQ("\x0d", "\x06") "H:x:2\0"),
        END,
    };
    struct doing fails = {.fails = true};
    struct doing works = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &fails), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &works), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    ck_assert_str_eq(works.seen, "H:x:2 wc  0");
    server_finish(&server, client);
}
END_TEST

START_TEST(a_function_tells_its_clients_something_now)
{
    static const struct step script[] = {
        CAN_DO,
        GRAB,
        SAY(ASSIGN),
        HEAR(REQ("\x1c", "\x09") "H:x:1\0one"),
        HEAR(REQ("\x0c", "\x0a") "H:x:1\0001\00012"),
        HEAR(REQ("\x1d", "\x09") "H:x:1\0hot"),
        HEAR(REQ("\x0d", "\x06") "H:x:1\0"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", says_much, NULL), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    server_finish(&server, client);
}
END_TEST

START_TEST(a_worker_that_hears_nothing_stays_asleep_and_goes_on_later)
{
    static const struct step script[] = {
        CAN_DO,    GRAB,        NO_JOB,
        PRE_SLEEP, AWAIT,       SAY(NOOP),
        GRAB,      SAY(ASSIGN), HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"),
        END,
    };
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, SOON), PMADC_TIMEOUT);
    server_go(&server);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    server_finish(&server, client);
}
END_TEST

/* The result of a task that was taken away meanwhile is nobody's fault. */
START_TEST(a_result_that_came_too_late_does_not_end_the_worker)
{
    static const struct step script[] = {
        CAN_DO,
        GRAB,
        SAY(ASSIGN),
        HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"),
        SAY(RES("\x13", "\x12") "JOB_NOT_FOUND\0gone"),
        GRAB,
        SAY(RES("\x13", "\x10") "QUEUE_ERROR\0long"),
        END,
    };
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error(client), "QUEUE_ERROR: long");
    server_finish(&server, client);
}
END_TEST

START_TEST(a_function_that_stops_its_worker_answers_and_asks_for_nothing_more)
{
    static const struct step script[] = {
        CAN_DO, GRAB, SAY(ASSIGN), HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"), END,
    };
    struct doing doing = {.stops = true};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work(client), PMADC_STOPPED);
    server_finish(&server, client);
}
END_TEST

/* The task may be on its way already; to drop it would cost the daemon a worker's death. */
START_TEST(a_worker_told_to_stop_while_it_asks_does_what_it_gets_first)
{
    static const struct step script[] = {
        CAN_DO, GRAB,  SAY(ASSIGN), HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"),
        GRAB,   AWAIT, SAY(ASSIGN), HEAR(REQ("\x0d", "\x0b") "H:x:1\0a\0b\nc"),
        END,
    };
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, SOON), PMADC_TIMEOUT); /* asked, not answered */
    pmadc_stop(client);
    server_go(&server);
    ck_assert_int_eq(pmadc_work(client), PMADC_STOPPED);
    server_finish(&server, client);
}
END_TEST

static void *stop_it(void *client)
{
    pmadc_stop(client);
    return NULL;
}

START_TEST(a_sleeping_worker_stops_at_once)
{
    static const struct step script[] = {CAN_DO, GRAB, NO_JOB, PRE_SLEEP, END};
    struct doing doing = {.fails = false};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    pthread_t other;

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, &doing), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, SOON), PMADC_TIMEOUT);
    ck_assert_int_eq(pthread_create(&other, NULL, stop_it, client), 0);
    ck_assert_int_eq(pmadc_work(client), PMADC_STOPPED);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    server_finish(&server, client);
}
END_TEST

START_TEST(a_daemon_that_hangs_up_on_a_worker_is_heard_to_the_end)
{
    static const struct step script[] = {SAY(RES("\x13", "\x11") "ACCESS_DENIED\0bye"), HANG_UP};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    server_join(&server);
    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, NULL), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error_code(client), "ACCESS_DENIED");
    ck_assert_int_eq(pmadc_work(client), PMADC_LOST);
    pmadc_close(client);
}
END_TEST

/* A worker may be a client on the same connection, and its task stays whole meanwhile. */
static bool asks_another(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    const struct pmadc_task task = {.function = "up", .data = job->data, .size = job->size};
    static char text[64];
    struct pmadc_result other;

    (void)arg;
    ck_assert_int_eq(pmadc_run(job->client, &task, NULL, LONG, &other), PMADC_OK);
    *size = (size_t)snprintf(text, sizeof text, "%s %s %.*s", job->handle, job->unique,
                             (int)other.size, (const char *)other.data);
    *result = text;
    return true;
}

START_TEST(a_function_can_submit_tasks_itself)
{
    static const struct step script[] = {
        CAN_DO,
        GRAB,
        SAY(RES("\x1f", "\x0f") "H:x:1\0wc\0id\0abc"),
        HEAR(REQ("\x1a", "\x0a") "exceptions"),
        SAY(RES("\x1b", "\x0a") "exceptions"),
        HEAR(REQ("\x07", "\x07") "up\0\0abc"),
        SAY(RES("\x08", "\x05") "H:x:2" RES("\x0d", "\x09") "H:x:2\0ABC"),
        HEAR(REQ("\x0d", "\x12") "H:x:1\0H:x:1 id ABC"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    ck_assert_int_eq(pmadc_can_do(client, "wc", asks_another, NULL), PMADC_OK);
    ck_assert_int_eq(pmadc_work_once(client, LONG), PMADC_OK);
    server_finish(&server, client);
}
END_TEST

static const struct step bad_tasks[][4] = {
    {CAN_DO, GRAB, SAY(RES("\x1f", "\x09") "H:x:1\0f\0\0"), HANG_UP}, /* of no function of ours */
    {CAN_DO, GRAB, SAY(RES("\x1f", "\x05") "\0wc\0\0"), HANG_UP},     /* without a handle */
    {CAN_DO, GRAB, SAY(RES("\x1f", "\x05") "H:x:1"), HANG_UP},        /* without arguments */
};

START_TEST(a_task_that_makes_no_sense_ends_the_connection)
{
    struct fake_server server;
    struct pmadc *client = server_start(&server, bad_tasks[_i]);

    ck_assert_int_eq(pmadc_can_do(client, "wc", echo, NULL), PMADC_OK);
    ck_assert_int_eq(pmadc_work(client), PMADC_PROTOCOL);
    ck_assert_int_eq(pmadc_work(client), PMADC_LOST);
    server_finish(&server, client);
}
END_TEST

START_TEST(names_out_of_their_limits_send_nothing)
{
    static const struct step script[] = {END};
    char long_name[514];
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    memset(long_name, 'n', sizeof long_name);
    long_name[513] = '\0';
    ck_assert_int_eq(pmadc_can_do(client, "", echo, NULL), PMADC_INVALID);
    ck_assert_int_eq(pmadc_can_do(client, long_name, echo, NULL), PMADC_INVALID);
    ck_assert_int_eq(pmadc_cant_do(client, ""), PMADC_INVALID);
    ck_assert_int_eq(pmadc_set_id(client, ""), PMADC_INVALID);
    ck_assert_int_eq(pmadc_set_id(client, "two words"), PMADC_INVALID);
    long_name[64] = '\0';
    ck_assert_int_eq(pmadc_set_id(client, long_name), PMADC_INVALID);
    server_finish(&server, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_work");
    TCase *cases = tcase_create("client_work");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_worker_asks_sleeps_wakes_asks_and_answers);
    tcase_add_test(cases, a_worker_at_work_asks_for_more_in_the_breath_of_its_answer);
    tcase_add_test(cases, a_failure_is_a_bare_handle_and_an_empty_result_is_not);
    tcase_add_test(cases, a_function_tells_its_clients_something_now);
    tcase_add_test(cases, a_worker_that_hears_nothing_stays_asleep_and_goes_on_later);
    tcase_add_test(cases, a_result_that_came_too_late_does_not_end_the_worker);
    tcase_add_test(cases, a_function_that_stops_its_worker_answers_and_asks_for_nothing_more);
    tcase_add_test(cases, a_worker_told_to_stop_while_it_asks_does_what_it_gets_first);
    tcase_add_test(cases, a_sleeping_worker_stops_at_once);
    tcase_add_test(cases, a_daemon_that_hangs_up_on_a_worker_is_heard_to_the_end);
    tcase_add_test(cases, a_function_can_submit_tasks_itself);
    tcase_add_loop_test(cases, a_task_that_makes_no_sense_ends_the_connection, 0,
                        sizeof bad_tasks / sizeof *bad_tasks);
    tcase_add_test(cases, names_out_of_their_limits_send_nothing);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
