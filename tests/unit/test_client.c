#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdint.h>

#include "fake_server.h"

enum { SOON = 50, LONG = 10000 }; /* ms: a timeout that is to happen, and one that is not */

#define OPTION    HEAR(REQ("\x1a", "\x0a") "exceptions"), SAY(RES("\x1b", "\x0a") "exceptions")
#define SUBMIT    HEAR(REQ("\x07", "\x09") "wc\0\0hello")
#define SUBMIT_BG HEAR(REQ("\x12", "\x09") "wc\0\0hello")
#define CREATED   SAY(RES("\x08", "\x05") "H:x:1")

static const struct pmadc_task task = {.function = "wc", .data = "hello", .size = 5};

static void expect_result(const struct pmadc_result *result, const char *handle, const char *data,
                          size_t size)
{
    ck_assert_str_eq(result->handle, handle);
    ck_assert_uint_eq(result->size, size);
    ck_assert_mem_eq(result->data, data, size);
}

/* ---- one task ---- */

START_TEST(a_task_goes_out_and_its_result_comes_back_byte_for_byte)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        DRIP(RES("\x08", "\x05") "H:x:1" RES("\x0d", "\x0a") "H:x:1\0a\0b\n"),
        SUBMIT, /* the option is not asked for again */
        SAY(RES("\x08", "\x05") "H:x:2" RES("\x0d", "\x06") "H:x:2\0"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:1", "a\0b\n", 4);
    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:2", "", 0);
    server_finish(&server, client);
}
END_TEST

START_TEST(payloads_and_unique_ids_pass_whatever_bytes_they_are)
{
    static const struct step script[] = {
        OPTION,
        HEAR(REQ("\x15", "\x0b") "f\0id\0\0\0\xff\0\n\r"),
        SAY(RES("\x08", "\x05") "H:x:1" RES("\x0d", "\x09") "H:x:1\0\0\0\0"),
        END,
    };
    const struct pmadc_task odd = {.function = "f",
                                   .unique = "id",
                                   .priority = PMADC_HIGH,
                                   .data = "\0\0\xff\0\n\r",
                                   .size = 6};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &odd, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:1", "\0\0\0", 3);
    server_finish(&server, client);
}
END_TEST

START_TEST(background_tasks_of_every_priority_are_their_own_packets)
{
    static const struct step script[] = {
        HEAR(REQ("\x12", "\x04") "f\0\0x"),
        DRIP(RES("\x08", "\x05") "H:x:1"),
        HEAR(REQ("\x20", "\x04") "f\0\0x"),
        SAY(RES("\x08", "\x05") "H:x:2"),
        HEAR(REQ("\x22", "\x04") "f\0\0x"),
        SAY(RES("\x08", "\x05") "H:x:3"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    char expected[] = "H:x:0";
    char handle[64];

    for (int priority = PMADC_NORMAL; priority <= PMADC_LOW; priority++) {
        struct pmadc_task one = {
            .function = "f", .priority = (enum pmadc_priority)priority, .data = "x", .size = 1};

        ck_assert_int_eq(pmadc_submit_background(client, &one, LONG, handle), PMADC_OK);
        expected[4]++;
        ck_assert_str_eq(handle, expected);
    }
    server_finish(&server, client);
}
END_TEST

struct told {
    char text[128];
};

static void told_data(void *arg, const void *data, size_t size)
{
    struct told *told = arg;

    (void)sprintf(told->text + strlen(told->text), "data %.*s, ", (int)size, (const char *)data);
}

static void told_warning(void *arg, const void *data, size_t size)
{
    struct told *told = arg;

    (void)sprintf(told->text + strlen(told->text), "warning %.*s, ", (int)size, (const char *)data);
}

static void told_status(void *arg, uint64_t numerator, uint64_t denominator)
{
    struct told *told = arg;

    (void)sprintf(told->text + strlen(told->text), "%d of %d, ", (int)numerator, (int)denominator);
}

START_TEST(events_are_told_in_their_order_and_before_the_end)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        SAY(RES("\x08", "\x05") "H:x:1" RES("\x1c", "\x08") "H:x:1\0ab"),
        DRIP(RES("\x0c", "\x09") "H:x:1\0003\0007" RES("\x1d", "\x09") "H:x:1\0hot"),
        SAY(RES("\x1c", "\x07") "H:x:1\0c" RES("\x0d", "\x07") "H:x:1\0d"),
        END,
    };
    struct told told = {""};
    const struct pmadc_events events = {told_data, told_warning, told_status, &told};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, &events, LONG, &result), PMADC_OK);
    ck_assert_str_eq(told.text, "data ab, 3 of 7, warning hot, data c, ");
    expect_result(&result, "H:x:1", "d", 1);
    server_finish(&server, client);
}
END_TEST

START_TEST(a_task_can_fail_with_and_without_a_reason)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        CREATED,
        SAY(RES("\x0e", "\x05") "H:x:1"),
        SUBMIT,
        CREATED,
        SAY(RES("\x19", "\x0a") "H:x:1\0why?" RES("\x0e", "\x05") "H:x:1"),
        SUBMIT,
        CREATED,
        SAY(RES("\x0d", "\x06") "H:x:1\0"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_FAILED);
    ck_assert_uint_eq(result.size, 0);
    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_FAILED);
    expect_result(&result, "H:x:1", "why?", 4);
    /* gearmand's WORK_FAIL behind an exception concerns nobody any more. */
    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_OK);
    server_finish(&server, client);
}
END_TEST

START_TEST(a_refusal_has_code_and_text_and_leaves_the_connection_usable)
{
    static const struct step script[] = {
        HEAR(REQ("\x1a", "\x0a") "exceptions"),
        SUBMIT, /* an old server does not know the option: that is not about the task */
        SAY(RES("\x13", "\x13") "UNKNOWN_OPTION\0what" RES("\x13", "\x10") "QUEUE_ERROR\0full"),
        SUBMIT,
        CREATED,
        SAY(RES("\x0d", "\x06") "H:x:1\0"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error_code(client), "QUEUE_ERROR");
    ck_assert_str_eq(pmadc_error(client), "QUEUE_ERROR: full");
    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_OK);
    ck_assert_str_eq(pmadc_error_code(client), "");
    server_finish(&server, client);
}
END_TEST

/* ---- several tasks ---- */

START_TEST(tasks_end_in_any_order_and_keep_what_came_while_others_were_submitted)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        SAY(RES("\x08", "\x05") "H:x:1"),
        SUBMIT, /* the first one's result arrives ahead of the second one's handle */
        SAY(RES("\x0d", "\x09") "H:x:1\0one" RES("\x08", "\x05") "H:x:2"),
        SUBMIT,
        SAY(RES("\x08", "\x05") "H:x:3" RES("\x0e", "\x05") "H:x:3"),
        SAY(RES("\x0d", "\x09") "H:x:2\0two"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;
    char handle[64];

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pmadc_submit(client, &task, LONG, handle), PMADC_OK);
    ck_assert_str_eq(handle, "H:x:3");
    ck_assert_int_eq(pmadc_wait(client, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:1", "one", 3);
    ck_assert_int_eq(pmadc_wait(client, NULL, LONG, &result), PMADC_FAILED);
    ck_assert_str_eq(result.handle, "H:x:3");
    ck_assert_int_eq(pmadc_wait(client, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:2", "two", 3);
    ck_assert_int_eq(pmadc_wait(client, NULL, LONG, &result), PMADC_INVALID);
    server_finish(&server, client);
}
END_TEST

START_TEST(submissions_under_one_handle_get_a_copy_each)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        CREATED,
        AWAIT,
        SUBMIT, /* the same handle: it joined the first, which has given up by now */
        CREATED,
        SAY(RES("\x1c", "\x07") "H:x:1\0a" RES("\x1c", "\x07") "H:x:1\0a"),
        SAY(RES("\x0d", "\x07") "H:x:1\0b" RES("\x0d", "\x07") "H:x:1\0b"),
        HEAR(REQ("\x10", "\x08") "\1\0\0\0\0\0\0\0"),
        SAY(RES("\x11", "\x08") "\1\0\0\0\0\0\0\0"),
        END,
    };
    struct told told = {""};
    const struct pmadc_events events = {.data = told_data, .arg = &told};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, SOON, &result), PMADC_TIMEOUT);
    ck_assert_str_eq(result.handle, "H:x:1");
    server_go(&server);
    ck_assert_int_eq(pmadc_run(client, &task, &events, LONG, &result), PMADC_OK);
    ck_assert_str_eq(told.text, "data a, ");
    ck_assert_int_eq(pmadc_ping(client, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_wait(client, NULL, 0, &result), PMADC_INVALID);
    server_finish(&server, client);
}
END_TEST

/* ---- time, and the end ---- */

START_TEST(an_answer_that_comes_too_late_is_nobodys)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        AWAIT,
        HEAR(REQ("\x0f", "\x05") "H:x:2"),
        SAY(RES("\x08", "\x05") "H:x:1" RES("\x0d", "\x0a") "H:x:1\0late"),
        SAY(RES("\x14", "\x0e") "H:x:2\0001\0001\0002\00099"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_progress progress;
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, SOON, &result), PMADC_TIMEOUT);
    server_go(&server);
    ck_assert_int_eq(pmadc_task_status(client, "H:x:2", LONG, &progress), PMADC_OK);
    ck_assert(progress.known && progress.running);
    ck_assert_uint_eq(progress.numerator, 2);
    ck_assert_uint_eq(progress.denominator, 99);
    server_finish(&server, client);
}
END_TEST

START_TEST(who_has_a_unique_id_is_told_how_many_wait)
{
    static const struct step script[] = {
        HEAR(REQ("\x29", "\x02") "id"),
        SAY(RES("\x2a", "\x0d") "id\0001\0001\0002\00099\0003"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_progress progress;

    ck_assert_int_eq(pmadc_unique_status(client, "id", LONG, &progress), PMADC_OK);
    ck_assert(progress.known && progress.running);
    ck_assert_uint_eq(progress.numerator, 2);
    ck_assert_uint_eq(progress.denominator, 99);
    ck_assert_uint_eq(progress.clients, 3);
    ck_assert_int_eq(pmadc_unique_status(client, "", LONG, &progress), PMADC_INVALID);
    server_finish(&server, client);
}
END_TEST

/* The handle that a result had while an event was told. */
struct about {
    const struct pmadc_result *result;
    char handle[64];
};

static void note_handle(void *arg, const void *data, size_t size)
{
    struct about *about = arg;

    (void)data;
    (void)size;
    memcpy(about->handle, about->result->handle, sizeof about->handle);
}

/* Two tasks of one connection say something before they end, the later one first. */
START_TEST(an_event_says_which_task_it_is_about)
{
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        CREATED,
        SUBMIT,
        SAY(RES("\x08", "\x05") "H:x:2" RES("\x1c", "\x07") "H:x:2\0b" RES("\x0d",
                                                                           "\x06") "H:x:1\0"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;
    struct about about = {.result = &result};
    const struct pmadc_events events = {.data = note_handle, .arg = &about};
    char handle[64];

    ck_assert_int_eq(pmadc_submit(client, &task, LONG, handle), PMADC_OK);
    ck_assert_int_eq(pmadc_submit(client, &task, LONG, handle), PMADC_OK);
    ck_assert_int_eq(pmadc_wait(client, &events, LONG, &result), PMADC_OK);
    ck_assert_str_eq(about.handle, "H:x:2");
    ck_assert_str_eq(result.handle, "H:x:1");
    server_finish(&server, client);
}
END_TEST

START_TEST(a_connection_lost_in_mid_frame_is_lost_and_stays_so)
{
    static const struct step script[] = {OPTION, SUBMIT, SAY(RES("\x08", "\x05") "H:x"), HANG_UP};
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_result result;

    ck_assert_int_eq(pmadc_run(client, &task, NULL, LONG, &result), PMADC_LOST);
    ck_assert_str_eq(pmadc_error(client), "the daemon closed the connection");
    ck_assert_int_eq(pmadc_ping(client, LONG), PMADC_LOST);
    ck_assert_str_eq(pmadc_error(client), "the daemon closed the connection");
    server_finish(&server, client);
}
END_TEST

static const struct step nonsense[][4] = {
    {SUBMIT_BG, SAY("HTTP/1.1 400 Bad Request"), HANG_UP},
    {SUBMIT_BG, SAY(REQ("\x08", "\x05") "H:x:1"), HANG_UP}, /* a request */
    {SUBMIT_BG, SAY(RES("\x07", "\x05") "H:x:1"), HANG_UP}, /* what only clients send */
    {SUBMIT_BG, SAY(RES("\x7f", "\0") ""), HANG_UP},        /* what nobody sends */
    {SUBMIT_BG, SAY(RES("\x11", "\0") ""), HANG_UP},        /* an answer to another question */
    {SUBMIT_BG, SAY(RES("\x13", "\x03") "two"), HANG_UP},   /* an argument is missing */
    {SUBMIT_BG, SAY(RES("\x08", "\0") ""), HANG_UP},        /* no handle */
    {SUBMIT_BG,
     SAY(RES("\x08", "\x40") "H:345678901234567890123456789012345678901234567890123456789012345"),
     HANG_UP},
};

START_TEST(what_a_server_must_not_send_ends_the_connection)
{
    struct fake_server server;
    struct pmadc *client = server_start(&server, nonsense[_i]);
    char handle[64];

    ck_assert_int_eq(pmadc_submit_background(client, &task, LONG, handle), PMADC_PROTOCOL);
    ck_assert_int_eq(pmadc_ping(client, LONG), PMADC_LOST);
    server_finish(&server, client);
}
END_TEST

START_TEST(arguments_out_of_their_limits_send_nothing)
{
    static const struct step script[] = {
        HEAR(REQ("\x1a", "\x0a") "exceptions"),
        END,
    };
    static char long_name[514];
    static const char long_unique[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_progress progress;
    const char *text;
    char handle[64];

    memset(long_name, 'n', sizeof long_name - 1);
    const struct pmadc_task bad[] = {
        {.function = ""},
        {.function = NULL},
        {.function = long_name},
        {.function = "f", .unique = long_unique},
        {.function = "f", .priority = (enum pmadc_priority)3},
        {.function = "f", .size = 1},
        {.function = "f", .data = "x", .size = UINT32_MAX - 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(pmadc_submit(client, &bad[i], LONG, handle), PMADC_INVALID);
    ck_assert_int_eq(pmadc_task_status(client, "", LONG, &progress), PMADC_INVALID);
    ck_assert_int_eq(pmadc_task_status(client, long_unique, LONG, &progress), PMADC_INVALID);
    ck_assert_int_eq(pmadc_admin(client, "", LONG, &text), PMADC_INVALID);
    ck_assert_int_eq(pmadc_admin(client, "a\nb", LONG, &text), PMADC_INVALID);
    server_finish(&server, client);
}
END_TEST

/* Neither side reads what the other has to say until it has said its own: somebody has to. */
START_TEST(two_full_sockets_do_not_wait_for_each_other)
{
    enum { SIZE = 8 << 20 };
    static const char big_head[] = "\0REQ\0\0\0\x12\0\x80\0\x04wc\0\0";
    static char out[16 + SIZE];
    static const char result_head[] = "\0RES\0\0\0\x0d\0\x80\0\x06H:x:1\0";
    static char in[18 + SIZE];
    static const struct step script[] = {
        OPTION,
        SUBMIT,
        CREATED,
        {ACT_SAY, in, sizeof in},
        {ACT_HEAR, out, sizeof out},
        SAY(RES("\x08", "\x05") "H:x:2"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    struct pmadc_task big = {.function = "wc", .data = out + 16, .size = SIZE};
    struct pmadc_result result;
    char handle[64];

    memcpy(out, big_head, sizeof big_head - 1);
    memset(out + 16, 'o', SIZE);
    memcpy(in, result_head, sizeof result_head - 1);
    memset(in + 18, 'i', SIZE);
    ck_assert_int_eq(pmadc_submit(client, &task, LONG, handle), PMADC_OK);
    ck_assert_int_eq(pmadc_submit_background(client, &big, LONG, handle), PMADC_OK);
    ck_assert_str_eq(handle, "H:x:2");
    ck_assert_int_eq(pmadc_wait(client, NULL, LONG, &result), PMADC_OK);
    expect_result(&result, "H:x:1", in + 18, SIZE);
    server_finish(&server, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *cases = tcase_create("client");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_task_goes_out_and_its_result_comes_back_byte_for_byte);
    tcase_add_test(cases, payloads_and_unique_ids_pass_whatever_bytes_they_are);
    tcase_add_test(cases, background_tasks_of_every_priority_are_their_own_packets);
    tcase_add_test(cases, events_are_told_in_their_order_and_before_the_end);
    tcase_add_test(cases, a_task_can_fail_with_and_without_a_reason);
    tcase_add_test(cases, a_refusal_has_code_and_text_and_leaves_the_connection_usable);
    tcase_add_test(cases, tasks_end_in_any_order_and_keep_what_came_while_others_were_submitted);
    tcase_add_test(cases, submissions_under_one_handle_get_a_copy_each);
    tcase_add_test(cases, an_answer_that_comes_too_late_is_nobodys);
    tcase_add_test(cases, who_has_a_unique_id_is_told_how_many_wait);
    tcase_add_test(cases, an_event_says_which_task_it_is_about);
    tcase_add_test(cases, a_connection_lost_in_mid_frame_is_lost_and_stays_so);
    tcase_add_loop_test(cases, what_a_server_must_not_send_ends_the_connection, 0,
                        sizeof nonsense / sizeof *nonsense);
    tcase_add_test(cases, arguments_out_of_their_limits_send_nothing);
    tcase_add_test(cases, two_full_sockets_do_not_wait_for_each_other);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
