/* Who is taken in, and what holds when there is little left: connections kept back, bodies that are
 * announced and do not come, allocations that fail, and the figures that tell of it. */
#include "gearman_fixture.h"

/* ---- connections kept for those who empty the queues ---- */

enum { CONNECTIONS = 6, KEPT = 2 };

static void setup_connections(void)
{
    struct rig_setup few = rig_setup_ample();

    few.limits.connections = CONNECTIONS;
    few.limits.connections_reserved = KEPT;
    rig_replace(&few);
}

START_TEST(the_last_connections_are_for_those_who_may_work_or_administer)
{
    setup_connections();
    for (int i = 0; i < CONNECTIONS - KEPT; i++) {
        ck_assert(router_has_room(rig.router, RIGHT_SUBMIT));
        (void)remote_with(&rig, RIGHT_SUBMIT);
    }
    ck_assert(!router_has_room(rig.router, RIGHT_SUBMIT | RIGHT_OBSERVE));
    ck_assert(router_has_room(rig.router, RIGHT_WORK));
    ck_assert(router_has_room(rig.router, RIGHT_ADMIN));
    (void)remote_new(&rig);
    (void)remote_new(&rig);
    ck_assert(!router_has_room(rig.router, RIGHT_ALL));
}
END_TEST

START_TEST(a_daemon_full_of_clients_can_be_emptied)
{
    struct remote *clients[CONNECTIONS - KEPT];
    const char *handles[CONNECTIONS - KEPT];
    struct remote *worker;

    setup_connections();
    for (int i = 0; i < CONNECTIONS - KEPT; i++) {
        clients[i] = remote_new(&rig);
        handles[i] = submitted(clients[i], "SUBMIT_JOB f||x");
    }
    worker = worker_for("f");
    for (int i = 0; i < CONNECTIONS - KEPT; i++) {
        grabs(worker, handles[i]);
        say(worker, "WORK_COMPLETE %s|r", handles[i]);
        HEARS(clients[i], "WORK_COMPLETE %s|r", handles[i]);
    }
}
END_TEST

START_TEST(who_submits_on_a_connection_kept_for_workers_is_refused_and_closed)
{
    struct remote *late;

    setup_connections();
    for (int i = 0; i < CONNECTIONS - KEPT; i++)
        (void)remote_new(&rig);
    late = remote_new(&rig);
    say(late, "SUBMIT_JOB f||x");
    HEARS(late, "ERROR QUEUE_ERROR|Job queue is full: limit=connections function=f used=5 of=4 "
                "retry_ms=1000");
    ck_assert_ptr_null(late->seat);
    late = remote_new(&rig);
    say(late, "CAN_DO f");
    say_line(late, "status");
    ck_assert_str_eq(hear_listing(late), "f\t0\t0\t1\n.");
}
END_TEST

/* ---- bodies that are announced ---- */

enum { LARGE = 1 << 20 };

static char large[LARGE];

/* Somebody announces a large body for `f`, sends a little of it, and stops. */
static struct remote *staller(void)
{
    struct remote *remote = remote_new(&rig);

    post_header(remote, "|REQ", GM_SUBMIT_JOB_BG, 3 + LARGE);
    remote_post(remote, "f\0\0a little", 11);
    rig_turn(&rig);
    return remote;
}

START_TEST(who_announces_large_bodies_and_stops_leaves_half_the_pool_to_others)
{
    struct rig_setup watched = rig_setup_ample();
    struct remote *client;
    size_t size, held;

    watched.limits.frame_timeout_us = 30 * SECOND_US;
    watched.limits.payload_max = LARGE;
    rig_replace(&watched);
    size = rig.setup.tasks.pool_size;
    for (int i = 0; i < 12; i++)
        (void)staller();
    held = tasks_used();
    ck_assert_uint_le(held, size * 55 / 100);
    ck_assert_uint_ge(held, size * 35 / 100);

    /* Small ones, and large ones once others have given up, are served. */
    bystander_is_served();
    client = remote_new(&rig);
    for (int i = 0; i < 1000; i++)
        (void)submitted(client, "SUBMIT_JOB_BG f||small");
    post_data(client, "SUBMIT_JOB_BG f||", large, LARGE);
    rig_turn(&rig);
    HEARS_NOTHING(client);
    rig_sleep(&rig, 31 * SECOND_US);
    (void)created(client);
    rig_sleep(&rig, 31 * SECOND_US);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 0);
}
END_TEST

START_TEST(bodies_that_come_go_on_while_others_wait_for_their_turn)
{
    struct rig_setup wide = rig_setup_ample();
    struct remote *clients[40];

    wide.limits.payload_max = LARGE;
    rig_replace(&wide);
    for (int i = 0; i < 40; i++) {
        clients[i] = remote_new(&rig);
        clients[i]->piece = 50000;
        post_data(clients[i], i % 2 ? "SUBMIT_JOB f||" : "SUBMIT_JOB_BG f||", large, LARGE / 8);
    }
    rig_turn(&rig);
    for (int i = 0; i < 40; i++)
        (void)created(clients[i]);
}
END_TEST

/* ---- allocations that fail ---- */

START_TEST(the_allocation_that_fails_is_the_one_asked_for)
{
    struct remote *client = remote_new(&rig);

    (void)router_scarcity(rig.router, 0, false);
    (void)submitted(client, "SUBMIT_JOB f||x");
    ck_assert_uint_eq(router_scarcity(rig.router, 3, false), 3); /* answer, envelope, waiter */
    say(client, "SUBMIT_JOB f||x");
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=pool function=f ");
    (void)submitted(client, "SUBMIT_JOB f||x");
    (void)router_scarcity(rig.router, 2, true);
    for (int i = 0; i < 2 * ROUTER_LANE_ANSWERS; i++) { /* a refusal needs nothing */
        say(client, "SUBMIT_JOB f||x");
        hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=pool function=f ");
    }
    (void)router_scarcity(rig.router, 0, false);
    (void)submitted(client, "SUBMIT_JOB f||x");
}
END_TEST

/* ---- figures ---- */

/* The figure of that name, or -1. */
static long figure(struct remote *asker, const char *name)
{
    const char *row;
    size_t size = strlen(name);
    long value = -1;

    say_line(asker, "stats");
    while (row = hear(asker), row[0] != 0 && strcmp(row, ".") != 0)
        if (strncmp(row, name, size) == 0 && row[size] == '\t')
            value = strtol(row + size + 1, NULL, 10);
    return value;
}

START_TEST(stats_tells_limits_use_and_refusals_by_reason)
{
    struct rig_setup small = rig_setup_ample();
    struct remote *client, *asker;

    small.limits.submissions_per_connection = 2;
    small.limits.payload_max = 8;
    rig_replace(&small);
    client = remote_new(&rig);
    asker = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f||x");
    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    (void)submitted(client, "SUBMIT_JOB f||x");
    say(client, "SUBMIT_JOB f||123456789");
    for (int i = 0; i < 3; i++)
        say(client, "SUBMIT_JOB f||x");
    (void)worker_for("f");

    ck_assert_int_eq(figure(asker, "peers"), 3);
    ck_assert_int_eq(figure(asker, "workers"), 1);
    ck_assert_int_eq(figure(asker, "tasks"), 3);
    ck_assert_int_eq(figure(asker, "queued"), 3);
    ck_assert_int_eq(figure(asker, "waiters"), 2);
    ck_assert_int_eq(figure(asker, "submitted"), 3);
    ck_assert_int_eq(figure(asker, "refused"), 4);
    ck_assert_int_eq(figure(asker, "refused_payload"), 1);
    ck_assert_int_eq(figure(asker, "refused_connection"), 3);
    ck_assert_int_eq(figure(asker, "refused_queue"), 0);
    ck_assert_int_eq(figure(asker, "limit_payload_max"), 8);
    ck_assert_int_eq(figure(asker, "limit_submissions_per_connection"), 2);
    ck_assert_int_eq(figure(asker, "limit_tasks"), (long)small.limits.tasks);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_admission");
    TCase *cases = tcase_create("admission");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_last_connections_are_for_those_who_may_work_or_administer);
    tcase_add_test(cases, a_daemon_full_of_clients_can_be_emptied);
    tcase_add_test(cases, who_submits_on_a_connection_kept_for_workers_is_refused_and_closed);
    tcase_add_test(cases, who_announces_large_bodies_and_stops_leaves_half_the_pool_to_others);
    tcase_add_test(cases, bodies_that_come_go_on_while_others_wait_for_their_turn);
    tcase_add_test(cases, the_allocation_that_fails_is_the_one_asked_for);
    tcase_add_test(cases, stats_tells_limits_use_and_refusals_by_reason);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
