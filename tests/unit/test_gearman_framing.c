/* Rules of Gearman, "Framing": what a frame is, what a line is, and what is done with the rest. A
 * conversation cut at any byte, and all cuts at which a peer may leave, are in
 * test_router_frames.c. */
#include "gearman_fixture.h"

enum { LARGE = (8 << 20) + 7, PAYLOAD_MAX = 9 << 20, POOL_SIZE = 64 << 20, LINE_MAX = 1024 };

static uint8_t large[LARGE];

static void setup_large(void)
{
    struct rig_setup wide = rig_setup_ample();

    wide.limits.payload_max = PAYLOAD_MAX;
    wide.tasks.pool_size = POOL_SIZE;
    wide.wire.pool_size = POOL_SIZE;
    setup();
    rig_replace(&wide);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

/* ---- lines and frames ---- */

START_TEST(text_and_binary_of_clients_and_workers_mix_on_one_connection_split_anywhere)
{
    struct remote *peer = remote_new(&rig);
    const char *handle;

    peer->piece = (size_t)_i;
    post(peer, "CAN_DO f");
    remote_post(peer, "version\r\n", 9);
    post(peer, "SUBMIT_JOB f|u|x\ny");
    remote_post(peer, "VERSION\nversion\n", 16);
    post(peer, "GRAB_JOB_UNIQ");
    post(peer, "ECHO_REQ version\n");
    rig_turn(&rig);
    HEARS(peer, "OK 1.2.3");
    handle = created(peer);
    HEARS(peer, "OK 1.2.3");
    HEARS(peer, "OK 1.2.3");
    HEARS(peer, "JOB_ASSIGN_UNIQ %s|f|u|x\\x0ay", handle);
    HEARS(peer, "ECHO_RES version\\x0a");
    HEARS_NOTHING(peer);
}
END_TEST

START_TEST(a_first_byte_of_0_is_binary_and_any_other_begins_a_line)
{
    struct remote *peer = remote_new(&rig);

    for (int byte = 1; byte < 256; byte++) {
        char line[] = {(char)byte, 'w', 'i', 'n', 'g', 's', '\n'};

        remote_post(peer, line, sizeof line);
        rig_turn(&rig);
        hears_start(peer, "ERR UNKNOWN_COMMAND ");
        if (byte == '\n') /* a line of its own */
            hears_start(peer, "ERR UNKNOWN_COMMAND ");
        HEARS_NOTHING(peer);
    }
    is_served(peer);
}
END_TEST

START_TEST(a_line_ends_with_lf_and_not_before)
{
    struct remote *peer = remote_new(&rig);

    remote_post(peer, "version\r", 8);
    rig_turn(&rig);
    HEARS_NOTHING(peer);
    remote_post(peer, "\n", 1);
    rig_turn(&rig);
    HEARS(peer, "OK 1.2.3");
}
END_TEST

static const char *const versions[] = {"version", "version\r", "VERSION", "vErSiOn\r"};

START_TEST(a_cr_before_lf_is_dropped_and_commands_are_case_insensitive)
{
    struct remote *peer = remote_new(&rig);

    say_line(peer, versions[_i]);
    HEARS(peer, "OK 1.2.3");
    HEARS_NOTHING(peer);
}
END_TEST

START_TEST(the_length_of_a_line_is_bounded_whether_it_ends_or_not)
{
    struct remote *peer = remote_new(&rig);
    char line[LINE_MAX];

    memset(line, 'a', sizeof line);
    remote_post(peer, line, sizeof line);
    if (_i == 1)
        remote_post(peer, "\n", 1);
    rig_turn(&rig);
    hears_start(peer, "ERR ");
    ck_assert_ptr_null(peer->seat);
    bystander_is_served();
}
END_TEST

/* ---- the header ---- */

START_TEST(type_and_size_are_big_endian)
{
    struct remote *peer = remote_new(&rig);
    uint8_t frame[12 + 0x102] = {0, 'R', 'E', 'Q', 0, 0, 0, 16, 0, 0, 1, 2};
    uint8_t answer[sizeof frame] = {0, 'R', 'E', 'S', 0, 0, 0, 17, 0, 0, 1, 2};

    memset(frame + 12, 'x', 0x102);
    memset(answer + 12, 'x', 0x102);
    remote_post(peer, frame, sizeof frame);
    rig_turn(&rig);
    ck_assert_uint_eq(peer->heard.size, sizeof answer);
    ck_assert_mem_eq(peer->heard.at, answer, sizeof answer);
}
END_TEST

static const uint32_t high_numbers[] = {0x7fffffff, 0x80000000, 0x80000007, 0xfffffffe, 0xffffffff};

START_TEST(types_are_compared_as_unsigned)
{
    struct remote *peer = remote_new(&rig);

    post_header(peer, "|REQ", high_numbers[_i], 3);
    remote_post(peer, "a|b", 3);
    rig_turn(&rig);
    HEARS(peer, "ERROR INVALID_COMMAND|Command not expected");
    is_served(peer);
}
END_TEST

START_TEST(sizes_are_compared_as_unsigned)
{
    struct remote *peer = remote_new(&rig);

    post_header(peer, "|REQ", GM_SUBMIT_JOB, high_numbers[_i]);
    remote_post(peer, "f\0u\0", 4);
    rig_turn(&rig);
    HEARS(peer,
          "ERROR QUEUE_ERROR|Job queue is full: limit=payload function=f used=%u of=100000 "
          "retry_ms=0",
          high_numbers[_i] - 4);
    HEARS_NOTHING(peer);
    bystander_is_served();
}
END_TEST

START_TEST(exactly_size_bytes_belong_to_a_frame)
{
    struct remote *peer = remote_new(&rig);

    post_header(peer, "|REQ", GM_ECHO_REQ, 3);
    remote_post(peer, "abcversion\n", 11);
    post_header(peer, "|REQ", GM_ECHO_REQ, 0);
    remote_post(peer, "version\n", 8);
    rig_turn(&rig);
    HEARS(peer, "ECHO_RES abc");
    HEARS(peer, "OK 1.2.3");
    HEARS(peer, "ECHO_RES");
    HEARS(peer, "OK 1.2.3");
    HEARS_NOTHING(peer);
}
END_TEST

START_TEST(arguments_are_looked_for_only_inside_the_announced_size)
{
    struct remote *peer = remote_new(&rig);

    /* The NUL that is missing begins the next frame. */
    post_header(peer, "|REQ", GM_SUBMIT_JOB, 3);
    remote_post(peer, "f\0u", 3);
    post(peer, "ECHO_REQ next");
    rig_turn(&rig);
    hears_start(peer, "ERROR INVALID_COMMAND|");
    HEARS(peer, "ECHO_RES next");
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

/* NULs that a request of this type cannot do without; more than one way to leave them out. */
static uint32_t separators_needed(uint32_t type)
{
    const struct gm_packet *packet = gm_packet(type);

    if (packet == NULL || !(packet->direction & GM_FROM_PEER) || packet->data_omitted)
        return 0;
    return packet->data || packet->args == 0 ? packet->args : packet->args - 1u;
}

START_TEST(missing_separators_are_refused)
{
    struct remote *peer = remote_new(&rig);
    uint32_t type = (uint32_t)_i;

    for (uint32_t there = 0; there < separators_needed(type); there++) {
        post_header(peer, "|REQ", type, 2 * there + 1);
        for (uint32_t i = 0; i < there; i++)
            remote_post(peer, "1", 2); /* and its NUL */
        remote_post(peer, "1", 1);
        rig_turn(&rig);
        hears_start(peer, "ERROR INVALID_COMMAND|");
        is_served(peer);
    }
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

static const char *const may_omit[] = {"WORK_COMPLETE", "WORK_DATA", "WORK_WARNING",
                                       "WORK_EXCEPTION"};

START_TEST(four_results_without_nul_mean_empty_data)
{
    struct remote *client = remote_new(&rig);
    const char *handle;

    say(client, "OPTION_REQ exceptions");
    HEARS(client, "OPTION_RES exceptions");
    handle = submitted(client, "SUBMIT_JOB f||x");
    say(worker_with("f", handle), "%s %s", may_omit[_i], handle);
    HEARS(client, "%s %s|", may_omit[_i], handle);
    HEARS_NOTHING(client);
}
END_TEST

/* ---- magic and type ---- */

static const char *const bad_magics[] = {"|req", "|REX", "|RE|", "||EQ", "|SUB", "|\xff\xff\xff"};

START_TEST(magic_that_is_neither_req_nor_res_closes)
{
    struct remote *peer = remote_new(&rig);

    post_header(peer, bad_magics[_i], GM_ECHO_REQ, 0);
    rig_turn(&rig);
    ck_assert_ptr_null(peer->seat);
    bystander_is_served();
}
END_TEST

START_TEST(res_as_a_request_gets_invalid_magic)
{
    struct remote *peer = remote_new(&rig);

    for (uint32_t type = 0; type <= GM_TYPES; type++) {
        post_header(peer, "|RES", type, 15);
        remote_post(peer, "a\0b\0c\0d\0e\0f\0g\0h", 15);
        rig_turn(&rig);
        HEARS(peer, "ERROR INVALID_MAGIC|Request magic expected");
        is_served(peer);
    }
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(an_unknown_type_gets_an_error)
{
    static const uint32_t types[] = {0, 43, 44, 255, 256, 65543, 0x504d0001};
    struct remote *peer = remote_new(&rig);

    for (size_t i = 0; i < COUNT(types); i++) {
        post_header(peer, "|REQ", types[i], 8);
        remote_post(peer, "what\0is\0", 8);
        rig_turn(&rig);
        HEARS(peer, "ERROR INVALID_COMMAND|Command not expected");
        is_served(peer);
    }
}
END_TEST

/* True for what only a server says, ALL_YOURS, SUBMIT_JOB_SCHED, and 5. */
static bool is_not_for_us(uint32_t type)
{
    const struct gm_packet *packet = gm_packet(type);

    return type == GM_ALL_YOURS || type == GM_SUBMIT_JOB_SCHED || type == GM_UNUSED_5 ||
           packet->direction == GM_FROM_SERVER;
}

START_TEST(what_only_a_server_sends_and_24_35_and_5_get_invalid_command_and_the_connection_stays)
{
    struct remote *peer = remote_new(&rig);
    size_t count = 0;

    for (uint32_t type = 1; type < GM_TYPES; type++) {
        if (!is_not_for_us(type))
            continue;
        count++;
        post_header(peer, "|REQ", type, 15);
        remote_post(peer, "f\0b\0c\0d\0e\0f\0g\0h", 15);
        rig_turn(&rig);
        HEARS(peer, "ERROR INVALID_COMMAND|Command not expected");
        is_served(peer);
    }
    ck_assert_uint_eq(count, 14);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

/* ---- arguments ---- */

START_TEST(surplus_data_after_a_request_without_arguments_is_skipped)
{
    static const char *const grabs_all[] = {"GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"};
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    for (size_t i = 0; i < 3; i++) {
        say_data(worker, text("%s ", grabs_all[i]), large, 70000);
        HEARS(worker, "NO_JOB");
    }
    say(worker, "PRE_SLEEP surplus|REQ|");
    handle = submitted(client, "SUBMIT_JOB f||x");
    HEARS(worker, "NOOP");
    grabs(worker, handle);
    say(worker, "RESET_ABILITIES f|g");
    ck_assert_uint_eq(rig_counts(&rig).registrations, 0);
    is_served(worker);
}
END_TEST

START_TEST(a_request_with_one_argument_takes_the_whole_body)
{
    struct remote *worker = worker_for("f");
    struct remote *asker = remote_new(&rig);

    say(worker, "CANT_DO f|g"); /* a name that nobody can have */
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 1);
    say(worker, "SET_CLIENT_ID who|am|I");
    say_line(asker, "workers");
    ck_assert_str_eq(hear_listing(asker), "1 remote-1 who_am_I : f\n2 remote-2 - :\n.");
    say(asker, "OPTION_REQ exceptions|and more");
    HEARS(asker, "ERROR UNKNOWN_OPTION|Server does not recognize given option");
}
END_TEST

START_TEST(get_status_tolerates_a_trailing_nul)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(client, "GET_STATUS %s|", handle);
    hears_exactly(client, GM_STATUS_RES, text("%s|1|0|0|0", handle));
    say(client, "GET_STATUS %s", handle);
    hears_exactly(client, GM_STATUS_RES, text("%s|1|0|0|0", handle));
}
END_TEST

/* ---- large frames ---- */

/* Hears a frame of `type` that ends with the large body. */
static void hears_large(struct remote *remote, uint32_t type)
{
    struct heard_frame frame;

    ck_assert(hear_frame(remote, &frame));
    ck_assert_uint_eq(frame.type, type);
    ck_assert_uint_gt(frame.size, LARGE);
    ck_assert_uint_eq(frame.bytes[frame.size - LARGE - 1], 0);
    ck_assert_mem_eq(frame.bytes + frame.size - LARGE, large, LARGE);
}

START_TEST(frames_of_more_than_8_mib_go_both_ways)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    say_data(client, "SUBMIT_JOB f|u|", large, LARGE);
    handle = created(client);
    say(worker, "GRAB_JOB_ALL");
    hears_large(worker, GM_JOB_ASSIGN_UNIQ);
    say_data(worker, text("WORK_DATA %s|", handle), large, LARGE);
    hears_large(client, GM_WORK_DATA);
    say_data(worker, text("WORK_COMPLETE %s|", handle), large, LARGE);
    hears_large(client, GM_WORK_COMPLETE);
    ck_assert_uint_eq(tasks_used(), 0);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

/* What a header alone may hold: the few bytes that were read of it. */
START_TEST(a_large_announced_size_reserves_nothing_until_the_bytes_come)
{
    static const uint32_t types[] = {GM_SUBMIT_JOB, GM_SUBMIT_JOB_EPOCH, GM_SUBMIT_REDUCE_JOB,
                                     GM_WORK_COMPLETE, GM_WORK_DATA};

    for (size_t i = 0; i < COUNT(types); i++) {
        struct remote *peer = remote_new(&rig);

        post_header(peer, "|REQ", types[i], LARGE);
        rig_turn(&rig);
        ck_assert_uint_eq(tasks_used(), 0);
        ck_assert_uint_lt(wire_used(), 1024);
        remote_free(peer);
        ck_assert_uint_eq(wire_used(), 0);
    }
}
END_TEST

START_TEST(a_large_announced_size_is_judged_against_the_limit_at_once)
{
    struct remote *client = remote_new(&rig);
    struct remote *peer = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    struct remote *worker = worker_with("f", handle);

    post_header(peer, "|REQ", GM_SUBMIT_JOB_BG, PAYLOAD_MAX + 5);
    remote_post(peer, "f\0u\0", 4);
    post_header(worker, "|REQ", GM_WORK_DATA, PAYLOAD_MAX + 100);
    remote_post(worker, handle, strlen(handle) + 1);
    rig_turn(&rig);
    hears_start(peer, "ERROR QUEUE_ERROR|Job queue is full: limit=payload ");
    hears_start(worker, "ERROR QUEUE_ERROR|Job queue is full: limit=payload ");
    ck_assert_uint_eq(rig_counts(&rig).arriving, 0);
    ck_assert_uint_eq(wire_used(), 0);
    bystander_is_served();
}
END_TEST

static TCase *cases_bytes(void)
{
    TCase *cases = tcase_create("lines, header, magic");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(
        cases, text_and_binary_of_clients_and_workers_mix_on_one_connection_split_anywhere, 1, 40);
    tcase_add_test(cases, a_first_byte_of_0_is_binary_and_any_other_begins_a_line);
    tcase_add_test(cases, a_line_ends_with_lf_and_not_before);
    tcase_add_loop_test(cases, a_cr_before_lf_is_dropped_and_commands_are_case_insensitive, 0,
                        COUNT(versions));
    tcase_add_loop_test(cases, the_length_of_a_line_is_bounded_whether_it_ends_or_not, 0, 2);
    tcase_add_test(cases, type_and_size_are_big_endian);
    tcase_add_loop_test(cases, types_are_compared_as_unsigned, 0, COUNT(high_numbers));
    tcase_add_loop_test(cases, sizes_are_compared_as_unsigned, 0, COUNT(high_numbers));
    tcase_add_test(cases, exactly_size_bytes_belong_to_a_frame);
    tcase_add_loop_test(cases, magic_that_is_neither_req_nor_res_closes, 0, COUNT(bad_magics));
    tcase_add_test(cases, res_as_a_request_gets_invalid_magic);
    tcase_add_test(cases, an_unknown_type_gets_an_error);
    tcase_add_test(
        cases,
        what_only_a_server_sends_and_24_35_and_5_get_invalid_command_and_the_connection_stays);
    return cases;
}

static TCase *cases_arguments(void)
{
    TCase *cases = tcase_create("arguments");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, arguments_are_looked_for_only_inside_the_announced_size);
    tcase_add_loop_test(cases, missing_separators_are_refused, 1, GM_TYPES);
    tcase_add_loop_test(cases, four_results_without_nul_mean_empty_data, 0, COUNT(may_omit));
    tcase_add_test(cases, surplus_data_after_a_request_without_arguments_is_skipped);
    tcase_add_test(cases, a_request_with_one_argument_takes_the_whole_body);
    tcase_add_test(cases, get_status_tolerates_a_trailing_nul);
    return cases;
}

static TCase *cases_large(void)
{
    TCase *cases = tcase_create("large frames");

    tcase_add_checked_fixture(cases, setup_large, teardown);
    tcase_add_test(cases, frames_of_more_than_8_mib_go_both_ways);
    tcase_add_test(cases, a_large_announced_size_reserves_nothing_until_the_bytes_come);
    tcase_add_test(cases, a_large_announced_size_is_judged_against_the_limit_at_once);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("gearman_framing");

    suite_add_tcase(suite, cases_bytes());
    suite_add_tcase(suite, cases_arguments());
    suite_add_tcase(suite, cases_large());
    return suite_run(suite);
}
