/* Frames as the network leaves them: cut anywhere, many at once, and not frames at all; and bodies of
 * every size. */
#include "router_fixture.h"

enum { PAYLOAD_MAX = 100000 };

static uint8_t pattern[PAYLOAD_MAX + 2];

static void setup_pattern(void)
{
    setup();
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + (i >> 8) * 13);
}

/* Hears a frame of `type` that ends in `size` bytes of the pattern. */
static void hears_pattern(struct remote *remote, uint32_t type, size_t size)
{
    struct heard_frame frame;

    ck_assert(hear_frame(remote, &frame));
    ck_assert(!frame.is_line);
    ck_assert_uint_eq(frame.type, type);
    ck_assert_uint_ge(frame.size, size);
    ck_assert_int_eq(memcmp(frame.bytes + frame.size - size, pattern, size), 0);
    if (frame.size > size)
        ck_assert_uint_eq(frame.bytes[frame.size - size - 1], 0);
}

/* ---- cut anywhere ---- */

static void post_conversation(struct remote *remote)
{
    post(remote, "CAN_DO f");
    post(remote, "PRE_SLEEP");
    post(remote, "SUBMIT_JOB f|u|payload");
    post(remote, "GRAB_JOB_UNIQ");
    remote_post(remote, "version\r\n", 9);
    post(remote, "ECHO_REQ bytes|of|an echo");
    post(remote, "WORK_FAIL nobody");
    post_header(remote, "|RES", 16, 3);
    remote_post(remote, "abc", 3);
    post(remote, "OPTION_REQ exceptions");
}

static void hears_conversation(struct remote *remote)
{
    const char *handle = created(remote);

    HEARS(remote, "NOOP");
    HEARS(remote, "JOB_ASSIGN_UNIQ %s|f|u|payload", handle);
    HEARS(remote, "OK 1.2.3");
    HEARS(remote, "ECHO_RES bytes|of|an echo");
    HEARS(remote, "ERROR JOB_NOT_FOUND|Job given in work result not found");
    HEARS(remote, "ERROR INVALID_MAGIC|Request magic expected");
    HEARS(remote, "OPTION_RES exceptions");
    HEARS_NOTHING(remote);
}

START_TEST(a_conversation_is_the_same_in_pieces_of_any_size)
{
    struct remote *remote = remote_new(&rig);

    remote->piece = (size_t)_i;
    post_conversation(remote);
    rig_turn(&rig);
    hears_conversation(remote);
}
END_TEST

START_TEST(a_conversation_is_the_same_cut_at_any_byte)
{
    struct remote *remote = remote_new(&rig);
    struct bytes whole = {0};
    size_t cut;

    post_conversation(remote);
    whole = remote->to_send;
    remote->to_send = (struct bytes){0};
    for (cut = 1; cut < whole.size; cut++) {
        struct remote *again = remote_new(&rig);

        remote_post(again, whole.at, cut);
        rig_turn(&rig);
        remote_post(again, whole.at + cut, whole.size - cut);
        rig_turn(&rig);
        hears_conversation(again);
        remote_free(again);
    }
    bytes_free(&whole);
}
END_TEST

START_TEST(what_a_peer_is_told_is_the_same_in_pieces_of_any_size)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    client->appetite = worker->appetite = 0;
    client->slices = worker->slices = (size_t)_i % 4;
    say(client, "SUBMIT_JOB f|u|");
    say(worker, "GRAB_JOB_UNIQ");
    for (int i = 0; i < 200; i++) {
        client->appetite = worker->appetite = (size_t)_i;
        rig_turn(&rig);
    }
    handle = created(client);
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u|", handle);
    post(worker, "WORK_DATA %s|some", handle);
    post(worker, "WORK_STATUS %s|1|2", handle);
    say(worker, "WORK_COMPLETE %s|rest", handle);
    for (int i = 0; i < 200; i++) {
        client->appetite = (size_t)_i;
        rig_turn(&rig);
    }
    HEARS(client, "WORK_DATA %s|some", handle);
    HEARS(client, "WORK_STATUS %s|1|2", handle);
    HEARS(client, "WORK_COMPLETE %s|rest", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(thousands_of_frames_may_come_in_one_write)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    for (int i = 0; i < 4000; i++)
        post(client, "SUBMIT_JOB f|u%d|payload %d", i, i);
    rig_turn(&rig);
    for (int i = 0; i < 4000; i++)
        post(worker, "GRAB_JOB_ALL");
    rig_turn(&rig);
    for (int i = 0; i < 4000; i++) {
        const char *handle = created(client);

        HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u%d|payload %d", handle, i, i);
        post(worker, "WORK_COMPLETE %s|%d", handle, i);
    }
    HEARS_NOTHING(client);
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), 4000);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).completed, 4000);
}
END_TEST

/* ---- not frames at all ---- */

static const char *const bad_magics[] = {"|ReQ", "|REX", "||EQ", "|xyz", "|\xff\xff\xff"};

START_TEST(bad_magic_is_answered_and_closes)
{
    struct remote *remote = remote_new(&rig);
    struct remote *other = remote_new(&rig);

    post_header(remote, bad_magics[_i], 16, 5);
    remote_post(remote, "hello", 5);
    say(remote, "ECHO_REQ next");
    HEARS(remote, "ERROR INVALID_MAGIC|Request magic expected");
    HEARS_NOTHING(remote);
    ck_assert_ptr_null(remote->seat);
    say(other, "ECHO_REQ hello");
    HEARS(other, "ECHO_RES hello");
}
END_TEST

static const char *const incomplete[] = {
    "SUBMIT_JOB f",      "SUBMIT_JOB f|u",     "SUBMIT_JOB ",      "WORK_STATUS H:x",
    "WORK_STATUS H:x|1", "SUBMIT_JOB_BG only", "SUBMIT_JOB_HIGH a"};

START_TEST(missing_arguments_are_refused_and_the_connection_stays)
{
    struct remote *remote = remote_new(&rig);

    post(remote, "%s", incomplete[_i]);
    say(remote, "ECHO_REQ next");
    ck_assert_msg(strncmp(hear(remote), "ERROR INVALID_COMMAND|", 22) == 0, "no INVALID_COMMAND");
    HEARS(remote, "ECHO_RES next");
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(arguments_without_end_are_refused_before_they_are_all_there)
{
    struct remote *remote = remote_new(&rig);

    memset(pattern, 'x', sizeof pattern);
    post_header(remote, "|REQ", 7, PAYLOAD_MAX);
    remote_post(remote, pattern, PAYLOAD_MAX / 2);
    rig_turn(&rig);
    ck_assert_msg(strncmp(hear(remote), "ERROR INVALID_COMMAND|", 22) == 0, "no INVALID_COMMAND");
    ck_assert_uint_eq(wire_used(), 0);
    remote_post(remote, pattern, PAYLOAD_MAX / 2);
    say(remote, "ECHO_REQ next");
    HEARS(remote, "ECHO_RES next");
}
END_TEST

START_TEST(a_declared_length_of_four_gigabytes_takes_nothing)
{
    struct remote *remote = remote_new(&rig);
    size_t used;

    post_header(remote, "|REQ", 7, 0xffffffff);
    remote_post(remote, "f\0u\0", 4);
    rig_turn(&rig);
    HEARS(remote,
          "ERROR QUEUE_ERROR|Job queue is full: limit=payload function=f used=4294967291 of=100000 "
          "retry_ms=0");
    used = wire_used();
    remote_post(remote, pattern, sizeof pattern);
    rig_turn(&rig);
    HEARS_NOTHING(remote);
    ck_assert_uint_eq(wire_used(), used);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

static const uint32_t all_types[] = {1, 2, 3, 4, 9, 14, 15, 22, 26, 30, 39, 0x80000000, 13, 28, 12};

START_TEST(no_type_reads_beyond_a_declared_length_of_four_gigabytes)
{
    struct remote *remote = remote_new(&rig);
    struct remote *other = remote_new(&rig);

    post_header(remote, "|REQ", all_types[_i], 0xffffffff);
    remote_post(remote, pattern, 70000);
    rig_turn(&rig);
    ck_assert_uint_eq(tasks_used(), 0);
    say(other, "ECHO_REQ hello");
    HEARS(other, "ECHO_RES hello");
}
END_TEST

START_TEST(surplus_bytes_behind_a_request_without_arguments_are_skipped)
{
    struct remote *remote = remote_new(&rig);

    post_data(remote, "GRAB_JOB ", pattern, 50000);
    post(remote, "RESET_ABILITIES what|ever");
    say(remote, "ECHO_REQ next");
    HEARS(remote, "NO_JOB");
    HEARS(remote, "ECHO_RES next");
    HEARS_NOTHING(remote);
}
END_TEST

START_TEST(a_peer_may_leave_in_the_middle_of_any_frame)
{
    struct remote *remote = remote_new(&rig);
    struct bytes whole = {0};

    post_conversation(remote);
    post_data(remote, "ECHO_REQ ", pattern, 3000);
    whole = remote->to_send;
    remote->to_send = (struct bytes){0};
    for (size_t cut = 1; cut < whole.size; cut += cut < 400 ? 1 : 97) {
        struct remote *again = remote_new(&rig);

        remote_post(again, whole.at, cut);
        rig_turn(&rig);
        remote_free(again);
        rig_turn(&rig);
        ck_assert_uint_eq(wire_used(), 0);
        ck_assert_uint_eq(tasks_used(), 0);
    }
    bytes_free(&whole);
}
END_TEST

/* ---- bodies of every size ---- */

/* Around what fits into an envelope, into the blocks of each class, and payload_max. */
static const size_t sizes[] = {0,     1,     2,     16,    31,    32,    33,    63,         64,
                               65,    80,    100,   120,   127,   128,   129,   200,        255,
                               256,   257,   800,   900,   960,   1007,  1008,  1009,       1023,
                               1024,  1025,  8000,  8175,  8176,  8177,  8191,  8192,       8193,
                               65519, 65520, 65521, 65535, 65536, 65537, 99999, PAYLOAD_MAX};

START_TEST(a_body_of_any_size_comes_to_the_worker_and_back)
{
    size_t size = sizes[_i];
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    client->piece = _i % 3 == 1 ? 1000 : RIG_ALL;
    worker->slices = _i % 3 == 2 ? 1 : RIG_ALL;
    say_data(client, "SUBMIT_JOB f|u|", pattern, size);
    handle = created(client);
    say(worker, "GRAB_JOB");
    hears_pattern(worker, 11, size);
    say_data(worker, text("WORK_DATA %s|", handle), pattern, size);
    hears_pattern(client, 28, size);
    say_data(worker, text("WORK_COMPLETE %s|", handle), pattern, size);
    hears_pattern(client, 13, size);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(tasks_used(), 0);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(an_echo_of_any_size_comes_back)
{
    struct remote *remote = remote_new(&rig);

    say_data(remote, "ECHO_REQ ", pattern, sizes[_i]);
    hears_pattern(remote, 17, sizes[_i]);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(a_payload_above_payload_max_is_refused_by_name_and_skipped)
{
    struct remote *client = remote_new(&rig);

    client->piece = (size_t)_i;
    post_data(client, "SUBMIT_JOB f|u|", pattern, PAYLOAD_MAX + 1);
    say(client, "ECHO_REQ next");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=payload function=f used=100001 "
                  "of=100000 retry_ms=0");
    HEARS(client, "ECHO_RES next");
    ck_assert_uint_eq(rig_counts(&rig).refused, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(a_result_above_payload_max_is_refused_and_its_task_fails)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say_data(worker, text("WORK_DATA %s|", handle), pattern, PAYLOAD_MAX + 1);
    HEARS(worker, "ERROR QUEUE_ERROR|Job queue is full: limit=payload function=f used=100001 "
                  "of=100000 retry_ms=0");
    HEARS_NOTHING(client);
    say_data(worker, text("WORK_COMPLETE %s|", handle), pattern, PAYLOAD_MAX + 1);
    (void)hear_of(worker, "ERROR");
    HEARS(client, "WORK_FAIL %s", handle);
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_frames");
    TCase *cases = tcase_create("frames");
    TCase *bodies = tcase_create("bodies");

    tcase_add_checked_fixture(cases, setup_pattern, teardown);
    tcase_add_loop_test(cases, a_conversation_is_the_same_in_pieces_of_any_size, 1, 40);
    tcase_add_test(cases, a_conversation_is_the_same_cut_at_any_byte);
    tcase_add_loop_test(cases, what_a_peer_is_told_is_the_same_in_pieces_of_any_size, 1, 24);
    tcase_add_test(cases, thousands_of_frames_may_come_in_one_write);
    tcase_add_loop_test(cases, bad_magic_is_answered_and_closes, 0,
                        sizeof bad_magics / sizeof *bad_magics);
    tcase_add_loop_test(cases, missing_arguments_are_refused_and_the_connection_stays, 0,
                        sizeof incomplete / sizeof *incomplete);
    tcase_add_test(cases, arguments_without_end_are_refused_before_they_are_all_there);
    tcase_add_test(cases, a_declared_length_of_four_gigabytes_takes_nothing);
    tcase_add_loop_test(cases, no_type_reads_beyond_a_declared_length_of_four_gigabytes, 0,
                        sizeof all_types / sizeof *all_types);
    tcase_add_test(cases, surplus_bytes_behind_a_request_without_arguments_are_skipped);
    tcase_add_test(cases, a_peer_may_leave_in_the_middle_of_any_frame);
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(bodies, setup_pattern, teardown);
    tcase_add_loop_test(bodies, a_body_of_any_size_comes_to_the_worker_and_back, 0,
                        sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(bodies, an_echo_of_any_size_comes_back, 0, sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(bodies, a_payload_above_payload_max_is_refused_by_name_and_skipped, 0, 2);
    tcase_add_test(bodies, a_result_above_payload_max_is_refused_and_its_task_fails);
    suite_add_tcase(suite, bodies);
    return suite_run(suite);
}
