/* Limits and pools that are used up: who is refused by which name, who waits, and that all is as
 * before when they have been emptied again. */
#include "router_fixture.h"

static uint8_t zeros[70000];

/* Hears a refusal that names this limit; everything that was accepted before is not disturbed. */
static void hears_refusal(struct remote *remote, const char *limit)
{
    const char *heard = hear(remote);
    const char *start = text("ERROR QUEUE_ERROR|Job queue is full: limit=%s ", limit);

    ck_assert_msg(strncmp(heard, start, strlen(start)) == 0, "heard \"%s\" instead of \"%s\"",
                  heard, start);
}

/* A worker takes and ends all tasks of the function there are; returns how many. */
static size_t work_off(const char *function)
{
    struct remote *worker = worker_for(function);
    size_t count = 0;

    for (;;) {
        const char *heard;
        char handle[64] = "";

        say(worker, "GRAB_JOB");
        heard = hear(worker);
        if (strcmp(heard, "NO_JOB") == 0)
            break;
        heard += strlen("JOB_ASSIGN ");
        memcpy(handle, heard, strcspn(heard, "|"));
        say(worker, "WORK_COMPLETE %s|done", handle);
        count++;
    }
    remote_free(worker);
    return count;
}

/* ---- tables ---- */

START_TEST(tasks_are_accepted_up_to_the_limit_and_again_when_one_has_ended)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *client;

    few.limits.tasks = 5;
    rig_replace(&few);
    client = remote_new(&rig);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            (void)submitted(client, i % 2 == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_BG f||x");
        say(client, "SUBMIT_JOB f||x");
        HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=tasks function=f used=5 of=5 "
                      "retry_ms=1000");
        ck_assert_uint_eq(work_off("f"), 5);
        ck_assert_uint_eq(hear_out(client), 3);
    }
    ck_assert_uint_eq(rig_counts(&rig).refused, 3);
}
END_TEST

START_TEST(functions_in_use_are_refused_beyond_the_limit_and_idle_ones_make_room)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *client;
    struct remote *worker;

    few.limits.functions = 2;
    rig_replace(&few);
    client = remote_new(&rig);
    worker = worker_for("a");
    (void)submitted(client, "SUBMIT_JOB_BG b||x");
    say(client, "SUBMIT_JOB c||x");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=functions function=c used=2 of=2 "
                  "retry_ms=1000");
    say(worker, "CAN_DO c");
    hears_refusal(worker, "functions");
    ck_assert_uint_eq(work_off("b"), 1); /* now it is idle */
    (void)submitted(client, "SUBMIT_JOB_BG c||x");
    say_line(client, "status");
    ck_assert_str_eq(hear_listing(client), "a\t0\t0\t1\nc\t1\t0\t0\n.");
}
END_TEST

START_TEST(the_longest_idle_function_makes_room_first)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *client;

    few.limits.functions = 3;
    rig_replace(&few);
    client = remote_new(&rig);
    for (const char *name = "cab"; *name != 0; name++) {
        (void)submitted(client, text("SUBMIT_JOB_BG %c||x", *name));
        ck_assert_uint_eq(work_off(text("%c", *name)), 1);
    }
    (void)submitted(client, "SUBMIT_JOB_BG d||x");
    say_line(client, "status");
    ck_assert_str_eq(hear_listing(client), "d\t1\t0\t0\na\t0\t0\t0\nb\t0\t0\t0\n.");
}
END_TEST

START_TEST(unfinished_foreground_submissions_of_one_connection_are_bounded)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *client;
    struct remote *other;

    few.limits.submissions_per_connection = 3;
    rig_replace(&few);
    client = remote_new(&rig);
    other = remote_new(&rig);
    for (int i = 0; i < 3; i++)
        (void)submitted(client, "SUBMIT_JOB f||x");
    say(client, "SUBMIT_JOB f||x");
    HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=connection function=f used=3 of=3 "
                  "retry_ms=100");
    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    (void)submitted(other, "SUBMIT_JOB f||x");
    ck_assert_uint_eq(work_off("f"), 5);
    ck_assert_uint_eq(hear_out(client), 3);
    (void)submitted(client, "SUBMIT_JOB f||x");
}
END_TEST

/* By the id the head can tell; by the payload only the whole of it. */
START_TEST(clients_that_wait_for_one_task_are_bounded)
{
    struct rig_setup few = rig_setup_ample();
    const char *unique = _i == 0 ? "id" : "-";
    struct remote *clients[3];
    struct remote *late, *worker;
    const char *handle = NULL;

    few.limits.waiters_per_task = 3;
    rig_replace(&few);
    late = remote_new(&rig);
    worker = worker_for("f");
    for (int i = 0; i < 3; i++) {
        clients[i] = remote_new(&rig);
        handle = submitted(clients[i], text("SUBMIT_JOB f|%s|x", unique));
    }
    say(late, "SUBMIT_JOB f|%s|x", unique);
    HEARS(late, "ERROR QUEUE_ERROR|Job queue is full: limit=waiters function=f used=3 of=3 "
                "retry_ms=1000");
    say(late, "SUBMIT_JOB_BG f|%s|x", unique); /* which waits for nothing */
    HEARS(late, "JOB_CREATED %s", handle);
    remote_leave(clients[0]);
    say(late, "SUBMIT_JOB f|%s|x", unique);
    HEARS(late, "JOB_CREATED %s", handle);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, "WORK_DATA %s|news", handle);
    HEARS(clients[1], "WORK_DATA %s|news", handle);
    HEARS(clients[2], "WORK_DATA %s|news", handle);
    HEARS(late, "WORK_DATA %s|news", handle);
    HEARS_NOTHING(late);
}
END_TEST

START_TEST(registrations_of_one_worker_are_bounded)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *worker;

    few.limits.registrations_per_worker = 2;
    rig_replace(&few);
    worker = worker_for("a");
    say(worker, "CAN_DO b");
    say(worker, "CAN_DO c");
    hears_refusal(worker, "registrations");
    say(worker, "CAN_DO a");
    HEARS_NOTHING(worker);
    say(worker, "CANT_DO a");
    say(worker, "CAN_DO c");
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).registrations, 2);
}
END_TEST

START_TEST(there_is_room_for_so_many_connections)
{
    struct rig_setup few = rig_setup_ample();
    struct remote *first;

    few.limits.connections = 2;
    rig_replace(&few);
    first = remote_new(&rig);
    ck_assert(router_has_room(rig.router, RIGHT_ALL));
    (void)remote_new(&rig);
    ck_assert(!router_has_room(rig.router, RIGHT_ALL));
    remote_leave(first);
    ck_assert(router_has_room(rig.router, RIGHT_ALL));
}
END_TEST

/* ---- the pool tasks ---- */

static struct rig_setup setup_small_tasks(void)
{
    struct rig_setup small = rig_setup_ample();

    small.limits.payload_max = 20000;
    small.tasks = (struct pmad_layout){
        .pool_size = 131072, .class_count = 2, .classes = {{512, 50}, {4096, 50}}};
    return small;
}

START_TEST(a_pool_that_is_used_up_refuses_by_its_class_and_recovers)
{
    struct rig_setup small = setup_small_tasks();
    struct remote *client;
    const char *heard;
    size_t accepted[2] = {0};

    rig_replace(&small);
    for (int round = 0; round < 2; round++) {
        client = remote_new(&rig);
        for (;;) {
            say_data(client, _i == 0 ? "SUBMIT_JOB f||" : "SUBMIT_JOB_BG f||", zeros, 2000);
            heard = hear(client);
            if (strncmp(heard, "JOB_CREATED ", 12) != 0)
                break;
            accepted[round]++;
        }
        ck_assert_msg(
            strncmp(heard, "ERROR QUEUE_ERROR|Job queue is full: limit=pool function=f ", 58) == 0,
            "heard \"%s\"", heard);
        ck_assert_msg(strstr(heard, " class=4096") != NULL || strstr(heard, " class=512") != NULL,
                      "no class in \"%s\"", heard);
        rig_check(&rig);
        ck_assert_uint_eq(work_off("f"), accepted[round]);
        ck_assert_uint_eq(hear_out(client), _i == 0 ? accepted[round] : 0);
        ck_assert_uint_eq(tasks_used(), 0);
        remote_free(client);
    }
    ck_assert_uint_gt(accepted[0], 10);
    ck_assert_uint_eq(accepted[0], accepted[1]);
}
END_TEST

START_TEST(a_refusal_is_said_before_the_body_has_come_and_the_body_is_skipped)
{
    struct rig_setup small = setup_small_tasks();
    struct remote *client;
    struct remote *arriving;

    rig_replace(&small);
    client = remote_new(&rig);
    do
        say_data(client, "SUBMIT_JOB_BG f||", zeros, 2000);
    while (strncmp(hear(client), "JOB_CREATED ", 12) == 0);
    arriving = remote_new(&rig);
    post_header(arriving, "|REQ", 7, 20000);
    remote_post(arriving, "f\0\0", 3);
    rig_turn(&rig);
    hears_refusal(arriving, "pool");
    remote_post(arriving, zeros, 20000 - 3);
    say(arriving, "ECHO_REQ next");
    HEARS(arriving, "ECHO_RES next");
}
END_TEST

START_TEST(a_body_may_be_a_chain_of_smaller_blocks)
{
    struct rig_setup small = setup_small_tasks();
    struct remote *client;
    struct remote *worker;
    struct heard_frame frame;
    uint8_t body[20000];

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 3 + i / 500);
    rig_replace(&small);
    client = remote_new(&rig);
    worker = worker_for("f");
    say_data(client, "SUBMIT_JOB f||", body, sizeof body);
    (void)created(client);
    say(worker, "GRAB_JOB");
    ck_assert(hear_frame(worker, &frame));
    ck_assert_int_eq(memcmp(frame.bytes + frame.size - sizeof body, body, sizeof body), 0);
}
END_TEST

/* ---- the pool wire ---- */

/* As small as router_init() takes it: one result beside one read, and hardly more. */
static struct rig_setup setup_small_wire(void)
{
    struct rig_setup small = rig_setup_ample();

    small.limits.payload_max = 40000;
    small.limits.outbox_max = 1000000;
    small.limits.slow_peer_grace_us = 5000000;
    small.wire = (struct pmad_layout){.pool_size = router_wire_floor(&small.limits) + 90000,
                                      .class_count = 2,
                                      .classes = {{256, 20}, {8192, 80}}};
    return small;
}

enum { PAIRS = 8 };

struct pairs {
    struct remote *clients[PAIRS], *workers[PAIRS];
    char handles[PAIRS][64];
};

/* Clients that have stopped reading, each with a task in the hand of a worker of its own. */
static void pairs_make(struct pairs *pairs)
{
    for (int i = 0; i < PAIRS; i++) {
        pairs->clients[i] = remote_new(&rig);
        pairs->workers[i] = worker_for(text("f%d", i));
        keep(pairs->handles[i], submitted(pairs->clients[i], text("SUBMIT_JOB f%d||x", i)));
        pairs->clients[i]->appetite = 0;
        say(pairs->workers[i], "GRAB_JOB");
        HEARS(pairs->workers[i], "JOB_ASSIGN %s|f%d|x", pairs->handles[i], i);
    }
}

START_TEST(a_result_without_room_waits_for_the_lane_and_everybody_gets_his_in_the_end)
{
    struct rig_setup small = setup_small_wire();
    struct pairs pairs;
    struct heard_frame frame;

    rig_replace(&small);
    pairs_make(&pairs);
    for (int i = 0; i < PAIRS; i++)
        say_data(pairs.workers[i], text("WORK_COMPLETE %s|", pairs.handles[i]), zeros, 40000);
    ck_assert_uint_gt(rig_counts(&rig).starved, 0);
    rig_check(&rig);
    for (int i = 0; i < PAIRS; i++)
        pairs.clients[(i + _i) % PAIRS]->appetite = SIZE_MAX;
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).starved, 0);
    for (int i = 0; i < PAIRS; i++) {
        ck_assert(hear_frame(pairs.clients[i], &frame));
        ck_assert_uint_eq(frame.type, 13);
        ck_assert_uint_eq(frame.size, strlen(pairs.handles[i]) + 1 + 40000);
        HEARS_NOTHING(pairs.clients[i]);
        HEARS_NOTHING(pairs.workers[i]);
    }
    ck_assert_uint_eq(rig_counts(&rig).completed, PAIRS);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(while_results_wait_others_are_not_disturbed)
{
    struct rig_setup small = setup_small_wire();
    struct pairs pairs;
    struct remote *client;
    struct remote *worker;
    const char *handle;

    rig_replace(&small);
    pairs_make(&pairs);
    for (int i = 0; i < PAIRS; i++)
        say_data(pairs.workers[i], text("WORK_COMPLETE %s|", pairs.handles[i]), zeros, 40000);
    ck_assert_uint_gt(rig_counts(&rig).starved, 0);
    client = remote_new(&rig);
    worker = worker_for("g");
    handle = submitted(client, "SUBMIT_JOB g||x");
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|g|x", handle);
    say(worker, "WORK_COMPLETE %s|small", handle);
    HEARS(client, "WORK_COMPLETE %s|small", handle);
}
END_TEST

START_TEST(who_does_not_read_while_others_starve_is_dropped_after_the_grace)
{
    struct rig_setup small = setup_small_wire();
    struct pairs pairs;

    rig_replace(&small);
    pairs_make(&pairs);
    for (int i = 0; i < PAIRS; i++)
        say_data(pairs.workers[i], text("WORK_COMPLETE %s|", pairs.handles[i]), zeros, 40000);
    ck_assert_uint_gt(rig_counts(&rig).starved, 0);
    for (int i = 0; i < 10 * PAIRS && rig_counts(&rig).starved > 0; i++)
        rig_sleep(&rig, 1000000);
    ck_assert_uint_eq(rig_counts(&rig).starved, 0);
    ck_assert_uint_gt(rig_counts(&rig).dropped_slow, 0);
    ck_assert_uint_eq(rig_counts(&rig).completed, PAIRS);
    for (int i = 0; i < PAIRS; i++)
        ck_assert_ptr_nonnull(pairs.workers[i]->seat);
}
END_TEST

START_TEST(a_worker_that_waits_for_room_may_leave_and_its_task_is_next_again)
{
    struct rig_setup small = setup_small_wire();
    struct pairs pairs;
    int waiting = -1;

    rig_replace(&small);
    pairs_make(&pairs);
    for (int i = 0; i < PAIRS; i++) {
        say_data(pairs.workers[i], text("WORK_COMPLETE %s|", pairs.handles[i]), zeros, 40000);
        if (!peer_is_read(&pairs.workers[i]->seat->peer))
            waiting = i;
    }
    ck_assert_int_ge(waiting, 0);
    remote_leave(pairs.workers[waiting]);
    rig_turn(&rig);
    rig_check(&rig);
    ck_assert_uint_eq(rig_counts(&rig).retried, 1);
    pairs.clients[waiting]->appetite = SIZE_MAX;
    ck_assert_uint_eq(work_off(text("f%d", waiting)), 1);
    HEARS(pairs.clients[waiting], "WORK_COMPLETE %s|done", pairs.handles[waiting]);
}
END_TEST

START_TEST(only_the_newest_status_waits_for_a_client_that_does_not_read)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");
    size_t used;

    say(worker, "GRAB_JOB");
    client->appetite = 0;
    say(worker, "WORK_STATUS %s|0|5000", handle);
    used = wire_used();
    for (int i = 1; i <= 5000; i++)
        post(worker, "WORK_STATUS %s|%d|5000", handle, i);
    rig_turn(&rig);
    ck_assert_uint_eq(wire_used(), used);
    rig_check(&rig);
    say(worker, "WORK_COMPLETE %s|r", handle);
    client->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(client, "WORK_STATUS %s|5000|5000", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
}
END_TEST

/* ---- what init refuses ---- */

START_TEST(a_pool_that_cannot_keep_the_promise_is_refused_at_init)
{
    struct rig_setup small = _i == 0 ? setup_small_tasks() : setup_small_wire();
    struct router_setup router = {
        .limits = small.limits, .handle_prefix = "H:box", .version = "1", .verbosity = "ERROR"};
    struct router *made;

    if (_i == 0)
        small.tasks.pool_size = 16384;
    else
        small.wire.pool_size = small.limits.payload_max;
    pools_map(&router.pools, &small.limits, &small.tasks, &small.wire);
    ck_assert_int_eq(router_init(&made, &router),
                     _i == 0 ? ROUTER_TASKS_TOO_SMALL : ROUTER_WIRE_TOO_SMALL);
    ck_assert_ptr_null(made);
    ck_assert_uint_eq(pool_used(router.pools.tasks) + pool_used(router.pools.wire) +
                          pool_used(router.pools.runtime),
                      0);
    pools_unmap(&router.pools);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_memory");
    TCase *tables = tcase_create("tables");
    TCase *pools = tcase_create("pools");

    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_test(tables, tasks_are_accepted_up_to_the_limit_and_again_when_one_has_ended);
    tcase_add_test(tables, functions_in_use_are_refused_beyond_the_limit_and_idle_ones_make_room);
    tcase_add_test(tables, the_longest_idle_function_makes_room_first);
    tcase_add_test(tables, unfinished_foreground_submissions_of_one_connection_are_bounded);
    tcase_add_loop_test(tables, clients_that_wait_for_one_task_are_bounded, 0, 2);
    tcase_add_test(tables, registrations_of_one_worker_are_bounded);
    tcase_add_test(tables, there_is_room_for_so_many_connections);
    suite_add_tcase(suite, tables);
    tcase_add_checked_fixture(pools, setup, teardown);
    tcase_add_loop_test(pools, a_pool_that_is_used_up_refuses_by_its_class_and_recovers, 0, 2);
    tcase_add_test(pools, a_refusal_is_said_before_the_body_has_come_and_the_body_is_skipped);
    tcase_add_test(pools, a_body_may_be_a_chain_of_smaller_blocks);
    tcase_add_loop_test(pools,
                        a_result_without_room_waits_for_the_lane_and_everybody_gets_his_in_the_end,
                        0, PAIRS);
    tcase_add_test(pools, while_results_wait_others_are_not_disturbed);
    tcase_add_test(pools, who_does_not_read_while_others_starve_is_dropped_after_the_grace);
    tcase_add_test(pools, a_worker_that_waits_for_room_may_leave_and_its_task_is_next_again);
    tcase_add_test(pools, only_the_newest_status_waits_for_a_client_that_does_not_read);
    tcase_add_loop_test(pools, a_pool_that_cannot_keep_the_promise_is_refused_at_init, 0, 2);
    suite_add_tcase(suite, pools);
    return suite_run(suite);
}
