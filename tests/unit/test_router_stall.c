/* Who reads little, asks much or stops half-way holds up himself: stories of a review, each of which
 * once held somebody else up for ever. */
#include "gearman_fixture.h"

static char zeros[1 << 20];

static struct rig_setup timed(void)
{
    struct rig_setup timed = rig_setup_ample();

    timed.limits.connections = 256;
    timed.limits.slow_peer_grace_us = 5 * SECOND_US;
    timed.limits.frame_timeout_us = 30 * SECOND_US;
    timed.limits.idle_timeout_us = 30 * SECOND_US;
    return timed;
}

/* Somebody who has asked for 12 large echoes and some small ones, and reads none of them. */
static struct remote *reader_of_nothing(int small)
{
    struct remote *reader = remote_new(&rig);

    reader->appetite = 0;
    for (int i = 0; i < 12; i++)
        post_data(reader, "ECHO_REQ ", zeros, 40000);
    for (int i = 0; i < small; i++)
        post(reader, "ECHO_REQ x");
    rig_turn(&rig);
    return reader;
}

/* ---- a byte now and then ---- */

/* 150 peers ask for echoes until the pool is full, and then read a byte a second. */
START_TEST(trickling_readers_do_not_starve_the_others)
{
    enum { READERS = 150, MINUTES = 5 };
    struct rig_setup limited = timed();
    struct remote *readers[READERS];
    struct remote *bystander;

    rig_replace(&limited);
    for (int i = 0; i < READERS; i++)
        readers[i] = reader_of_nothing(3000);
    bystander = remote_new(&rig);
    for (int minute = 0; minute < MINUTES; minute++) {
        post(bystander, "SUBMIT_JOB_BG f||x");
        for (int second = 0; second < 60; second++) {
            for (int i = 0; i < READERS; i++)
                readers[i]->appetite += readers[i]->seat != NULL;
            rig_sleep(&rig, SECOND_US);
        }
        (void)created(bystander);
    }
    ck_assert_uint_gt(rig_counts(&rig).dropped_slow, 0);
}
END_TEST

/* Three clients that do not read, each with a result of payload_max on its way; the pool has room for
 * one of them beside the lane. */
static void large_results_for(struct remote *clients[3])
{
    struct rig_setup limited = timed();
    struct remote *workers[3];
    const char *handles[3];

    limited.limits.payload_max = sizeof zeros;
    limited.wire.pool_size = 3 << 20;
    rig_replace(&limited);
    for (int i = 0; i < 3; i++) {
        clients[i] = remote_new(&rig);
        handles[i] = submitted(clients[i], text("SUBMIT_JOB f%d||x", i));
        workers[i] = worker_with(text("f%d", i), handles[i]);
        clients[i]->appetite = 0;
    }
    for (int i = 0; i < 3; i++)
        say_data(workers[i], text("WORK_COMPLETE %s|", handles[i]), zeros, sizeof zeros);
}

START_TEST(a_trickling_reader_does_not_keep_the_lane)
{
    struct remote *clients[3];

    large_results_for(clients);
    clients[2]->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS_NOTHING(clients[2]);
    for (int second = 0; second < 20; second++) {
        clients[0]->appetite = clients[1]->appetite = 1;
        rig_sleep(&rig, SECOND_US);
    }
    ck_assert_uint_eq(hear_out(clients[2]), 1);
    ck_assert_uint_ge(rig_counts(&rig).dropped_slow, 1);
}
END_TEST

START_TEST(who_reads_a_large_result_steadily_is_not_dropped_while_others_wait)
{
    struct remote *clients[3];

    large_results_for(clients);
    for (int tenth = 0; tenth < 120; tenth++) {
        for (int i = 0; i < 3; i++)
            clients[i]->appetite = sizeof zeros / 40;
        rig_sleep(&rig, SECOND_US / 10);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(hear_out(clients[i]), 1);
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, 0);
}
END_TEST

/* One client's results fill the pool and the lane; others do not wait for the whole of its grace. */
START_TEST(who_has_more_than_outbox_max_while_others_find_no_room_is_dropped_soon)
{
    enum { RESULTS = 40, SIZE = 90000 };
    struct rig_setup limited = timed();
    struct remote *hog, *worker, *client, *other;
    char handles[RESULTS][64];
    const char *handle;

    limited.limits.outbox_max = 256 << 10;
    limited.wire.pool_size = 3 << 20;
    rig_replace(&limited);
    hog = remote_new(&rig);
    worker = worker_for("f");
    for (int i = 0; i < RESULTS; i++) {
        keep(handles[i], submitted(hog, "SUBMIT_JOB f||x"));
        grabs(worker, handles[i]);
    }
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB g||x");
    other = worker_with("g", handle);
    hog->appetite = 0;
    for (int i = 0; i < RESULTS; i++)
        post_data(worker, text("WORK_COMPLETE %s|", handles[i]), zeros, SIZE);
    rig_turn(&rig);
    post_data(other, text("WORK_COMPLETE %s|", handle), zeros, SIZE);
    rig_turn(&rig);
    HEARS_NOTHING(client);
    rig_sleep(&rig, SECOND_US / 10 + 1);
    ck_assert_uint_eq(hear_out(client), 1);
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, 1);
    ck_assert_ptr_null(hog->seat);
}
END_TEST

START_TEST(who_has_spoken_and_cannot_be_read_is_not_silent)
{
    enum { READERS = 40 };
    struct rig_setup limited = timed();
    struct remote *readers[READERS];
    struct remote *speaker;

    limited.limits.slow_peer_grace_us = 60 * SECOND_US;
    limited.wire.pool_size = 1 << 20;
    rig_replace(&limited);
    for (int i = 0; i < READERS; i++)
        readers[i] = reader_of_nothing(300);
    speaker = remote_new(&rig);
    post(speaker, "ECHO_REQ here");
    rig_turn(&rig);
    rig_sleep(&rig, 45 * SECOND_US);
    HEARS_NOTHING(speaker);
    for (int i = 0; i < READERS; i++)
        remote_leave(readers[i]);
    rig_turn(&rig);
    HEARS(speaker, "ECHO_RES here");
}
END_TEST

/* ---- frames that have begun ---- */

START_TEST(a_client_that_stops_in_a_body_and_does_not_read_gives_it_up_in_time)
{
    struct rig_setup limited = timed();
    struct remote *client, *worker;
    const char *handle;

    limited.limits.outbox_max = 10000;
    rig_replace(&limited);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    post_header(client, "|REQ", GM_SUBMIT_JOB_BG, 3 + 90000);
    remote_post(client, "g\0\0hello", 8);
    rig_turn(&rig);
    client->appetite = 0;
    for (int i = 0; i < 2; i++)
        say_data(worker, text("WORK_DATA %s|", handle), zeros, 6000);
    remote_post(client, "z", 1);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 1);
    rig_sleep(&rig, 31 * SECOND_US);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 0);
}
END_TEST

START_TEST(a_client_that_writes_all_of_a_body_before_it_reads_is_served)
{
    struct rig_setup limited = timed();
    struct remote *client, *worker;
    const char *handle;

    limited.limits.outbox_max = 10000;
    limited.limits.slow_peer_grace_us = 3600 * SECOND_US;
    rig_replace(&limited);
    client = remote_new(&rig);
    client->piece = 5000;
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    client->appetite = 0;
    post_header(client, "|REQ", GM_SUBMIT_JOB_BG, 3 + 90000);
    remote_post(client, "g\0\0hello", 8);
    rig_turn(&rig);
    for (int i = 0; i < 2; i++)
        say_data(worker, text("WORK_DATA %s|", handle), zeros, 6000);
    remote_post(client, zeros, 90000 - 5);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 0);
    ck_assert_uint_eq(rig_counts(&rig).submitted, 2);
    client->appetite = SIZE_MAX;
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), 3);
}
END_TEST

/* The node that was held for a listener has no room for an error. */
START_TEST(news_that_are_over_when_their_task_was_abandoned_are_answered_by_nothing)
{
    struct rig_setup fine = rig_setup_ample();
    struct remote *client, *worker;
    const char *handle;

    fine.wire.classes[0].block_size = 64;
    rig_replace(&fine);
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    post_header(worker, "|REQ", GM_WORK_DATA, (uint32_t)strlen(handle) + 1 + 10);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "12345", 5);
    rig_turn(&rig);
    (void)router_abandon(rig.router);
    remote_post(worker, "67890", 5);
    rig_turn(&rig);
    HEARS_NOTHING(worker);
    HEARS(client, "WORK_FAIL %s", handle);
}
END_TEST

/* ---- workers ---- */

START_TEST(a_sleeper_that_has_not_read_its_last_noop_is_woken_for_the_next_task)
{
    struct remote *sleeper = worker_for("f");
    struct remote *other = worker_for("f");
    struct remote *client = remote_new(&rig);
    const char *second;

    say(sleeper, "PRE_SLEEP");
    sleeper->appetite = 0;
    grabs(other, submitted(client, "SUBMIT_JOB_BG f||1"));
    post(sleeper, "GRAB_JOB");
    say(sleeper, "PRE_SLEEP");
    second = submitted(client, "SUBMIT_JOB_BG f||2");
    sleeper->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(sleeper, "NOOP");
    HEARS(sleeper, "NO_JOB");
    HEARS(sleeper, "NOOP");
    HEARS_NOTHING(sleeper);
    grabs(sleeper, second);
}
END_TEST

START_TEST(a_cancelled_task_is_its_workers_no_longer_than_its_time_limit)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(worker, "CAN_DO_TIMEOUT f|1000");
    grabs(worker, handle);
    say_line(client, text("cancel job %s", handle));
    ck_assert_uint_eq(rig_counts(&rig).cancelled_running, 1);
    rig_sleep(&rig, 2 * SECOND_US);
    ck_assert_uint_eq(rig_counts(&rig).cancelled_running, 0);
    ck_assert_uint_eq(tasks_used(), 0);
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS(client, "OK\\x0d");
    HEARS_NOTHING(client);
    is_served(worker);
}
END_TEST

/* ---- news for a crowd ---- */

enum { CROWD = 1200 };

/* A pool `wire` that is little more than the lanes. */
static struct rig_setup crowded(void)
{
    struct rig_setup crowded = timed();

    crowded.limits.tasks = 8192;
    crowded.tasks.pool_size = 64 << 20;
    crowded.limits.payload_max = 1000;
    crowded.limits.waiters_per_task = CROWD;
    crowded.limits.submissions_per_connection = 1 << 20;
    crowded.limits.registrations_per_worker = 4;
    crowded.limits.function_name_max = 32;
    crowded.wire = (struct pmad_layout){
        .pool_size = 300000, .class_count = 2, .classes = {{64, 92}, {2048, 8}}};
    return crowded;
}

/* A task of `function` that as many wait for as may, and a worker that has it in hand. */
static struct remote *worker_of_crowd(struct remote *client, const char *function, char handle[64])
{
    for (int i = 0; i < CROWD; i++)
        post(client, "SUBMIT_JOB %s|u|x", function);
    rig_turn(&rig);
    keep(handle, created(client));
    (void)hear_out(client);
    return worker_with(function, handle);
}

START_TEST(a_worker_that_pipelines_news_for_a_crowd_is_heard_to_the_end)
{
    enum { NEWS = 3000 };
    struct rig_setup limited = crowded();
    struct remote *client, *worker;
    char handle[64];

    rig_replace(&limited);
    client = remote_new(&rig);
    worker = worker_of_crowd(client, "f", handle);
    for (int i = 0; i < NEWS; i++)
        post(worker, "WORK_DATA %s|x", handle);
    post(worker, "WORK_COMPLETE %s|", handle);
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), (size_t)(NEWS + 1) * CROWD);
    ck_assert_uint_eq(rig_counts(&rig).starved, 0);
}
END_TEST

START_TEST(workers_with_news_for_crowds_do_not_lock_each_other_out)
{
    enum { WORKERS = 6, NEWS = 1200, READERS = 4 };
    struct rig_setup limited = crowded();
    struct remote *client, *workers[WORKERS], *readers[READERS];
    char handles[WORKERS][64];

    rig_replace(&limited);
    client = remote_new(&rig);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = worker_of_crowd(client, (char[]){'f', (char)('0' + i), 0}, handles[i]);
    /* The rest of the pool is full of what somebody does not read, while they begin to speak. */
    for (int i = 0; i < READERS; i++) {
        readers[i] = remote_new(&rig);
        readers[i]->appetite = 0;
        for (int k = 0; k < 400; k++)
            post_data(readers[i], "ECHO_REQ ", zeros, 500);
        rig_turn(&rig);
    }
    for (int i = 0; i < WORKERS; i++) {
        for (int k = 0; k < NEWS; k++)
            post(workers[i], "WORK_DATA %s|x", handles[i]);
        post(workers[i], "WORK_COMPLETE %s|", handles[i]);
        rig_turn(&rig);
    }
    rig_sleep(&rig, 60 * SECOND_US);
    ck_assert_uint_eq(rig_counts(&rig).starved, 0);
    ck_assert_uint_eq(rig_counts(&rig).completed, WORKERS);
}
END_TEST

/* ---- turns by hand ---- */

/* Writes what the router has; returns how many bytes were for `watched`. */
static size_t write_all(const struct peer *watched)
{
    struct peer *peer;
    size_t heard = 0;

    do {
        while ((peer = router_next_output(rig.router))) {
            struct iovec slices[16];
            size_t count;

            while ((count = peer_output(peer, slices, 16)) > 0) {
                size_t bytes = 0;

                for (size_t i = 0; i < count; i++)
                    bytes += slices[i].iov_len;
                peer_output_sent(peer, bytes);
                heard += peer == watched ? bytes : 0;
            }
        }
    } while (router_settle(rig.router));
    return heard;
}

static void ask(struct peer *peer, const void *bytes, size_t size)
{
    struct iovec room[2];

    ck_assert_uint_eq(peer_input(peer, room, 2), 1);
    memcpy(room[0].iov_base, bytes, size);
    peer_input_got(peer, size);
}

static void next_turn(void)
{
    rig.now.mono_us += 1000;
    router_tick(rig.router, rig.now);
}

START_TEST(a_listing_goes_on_while_others_begin_new_ones)
{
    enum { TASKS = 4000 };
    static const char line[] = "show jobs\n";
    struct remote *client = remote_new(&rig);
    struct peer patient, hasty;
    int turns = 0;

    for (int i = 0; i < TASKS; i++)
        (void)submitted(client, "SUBMIT_JOB_BG f||x");
    router_connect(rig.router, &patient, 900, "patient", RIGHT_ALL);
    next_turn();
    ask(&patient, line, sizeof line - 1);
    (void)write_all(NULL);
    for (; patient.listing.kind != 0 && turns < 100; turns++) {
        next_turn();
        router_connect(rig.router, &hasty, 901, "hasty", RIGHT_ALL);
        ask(&hasty, line, sizeof line - 1);
        (void)write_all(NULL);
        router_disconnect(rig.router, &hasty);
    }
    router_disconnect(rig.router, &patient);
    ck_assert_int_lt(turns, 100);
}
END_TEST

START_TEST(news_for_a_crowd_are_told_over_several_turns)
{
    enum { NEWS = 100 };
    struct rig_setup limited = crowded();
    struct remote *client, *asker;
    struct peer worker;
    char handle[64];
    uint8_t frames[NEWS * 64];
    size_t size = 0, told;

    rig_replace(&limited);
    client = remote_new(&rig);
    asker = worker_of_crowd(client, "f", handle);
    remote_leave(asker);
    router_connect(rig.router, &worker, 900, "worker", RIGHT_ALL);
    ask(&worker, "\0REQ\0\0\0\1\0\0\0\1f\0REQ\0\0\0\11\0\0\0\0", 25);
    for (int i = 0; i < NEWS; i++) {
        const struct gm_slice args[] = {gm_text(handle), gm_text("1"), gm_text("2")};

        size +=
            gm_head_encode(frames + size, sizeof frames - size, GM_REQ, GM_WORK_STATUS, args, 0);
    }
    next_turn();
    ask(&worker, frames, size);
    told = NEWS - worker.inbox.parked_size / (size / NEWS);
    ck_assert_uint_ge(told, 1);
    ck_assert_uint_le(told * CROWD, 16384 + CROWD);
    router_disconnect(rig.router, &worker);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_stall");
    TCase *cases = tcase_create("stall");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, trickling_readers_do_not_starve_the_others);
    tcase_add_test(cases, a_trickling_reader_does_not_keep_the_lane);
    tcase_add_test(cases, who_reads_a_large_result_steadily_is_not_dropped_while_others_wait);
    tcase_add_test(cases, who_has_more_than_outbox_max_while_others_find_no_room_is_dropped_soon);
    tcase_add_test(cases, who_has_spoken_and_cannot_be_read_is_not_silent);
    tcase_add_test(cases, a_client_that_stops_in_a_body_and_does_not_read_gives_it_up_in_time);
    tcase_add_test(cases, a_client_that_writes_all_of_a_body_before_it_reads_is_served);
    tcase_add_test(cases, news_that_are_over_when_their_task_was_abandoned_are_answered_by_nothing);
    tcase_add_test(cases, a_sleeper_that_has_not_read_its_last_noop_is_woken_for_the_next_task);
    tcase_add_test(cases, a_cancelled_task_is_its_workers_no_longer_than_its_time_limit);
    tcase_add_test(cases, a_worker_that_pipelines_news_for_a_crowd_is_heard_to_the_end);
    tcase_add_test(cases, workers_with_news_for_crowds_do_not_lock_each_other_out);
    tcase_add_test(cases, a_listing_goes_on_while_others_begin_new_ones);
    tcase_add_test(cases, news_for_a_crowd_are_told_over_several_turns);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
