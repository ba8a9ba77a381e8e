/* Time: who is dropped when, and who is not; and the end: drain, abandon. */
#include "router_fixture.h"

enum { GRACE_US = 5000000, FRAME_US = 20000000, IDLE_US = 30000000 };

static void setup_timed(void)
{
    struct rig_setup timed = rig_setup_ample();

    timed.limits.outbox_max = 10000;
    timed.limits.slow_peer_grace_us = GRACE_US;
    timed.limits.frame_timeout_us = FRAME_US;
    timed.limits.idle_timeout_us = IDLE_US;
    setup();
    rig_replace(&timed);
}

static bool is_here(const struct remote *remote)
{
    return remote->seat != NULL;
}

START_TEST(a_peer_that_never_says_anything_is_dropped_after_idle_timeout)
{
    struct remote *silent = remote_new(&rig);
    struct remote *other;

    rig_sleep(&rig, IDLE_US / 2);
    other = remote_new(&rig);
    rig_sleep(&rig, IDLE_US / 2 - 1);
    ck_assert(is_here(silent));
    ck_assert_uint_eq(rig.next_us, rig.now.mono_us + 1);
    rig_sleep(&rig, 1);
    ck_assert(!is_here(silent));
    ck_assert(is_here(other));
    ck_assert_uint_eq(rig_counts(&rig).dropped_silent, 1);
}
END_TEST

START_TEST(who_has_spoken_once_may_be_silent_for_ever)
{
    struct remote *worker = worker_for("f");
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB g||x");
    say(worker, "PRE_SLEEP");
    rig_sleep(&rig, (uint64_t)1000 * IDLE_US);
    ck_assert(is_here(worker));
    ck_assert(is_here(client));
    ck_assert_uint_eq(rig.next_us, UINT64_MAX);
}
END_TEST

/* Peers that hold all of the pool wire with beginnings of lines cannot be read for want of room. That
 * must not stop their clock, or nobody would ever be read again. */
START_TEST(unfinished_frames_that_hold_all_the_room_are_given_up_in_time)
{
    enum { HOLDERS = 40, PART = 4000 };
    static char part[PART];
    struct rig_setup small = rig_setup_ample();
    struct remote *holders[HOLDERS];
    struct remote *other;

    small.limits.payload_max = 40000;
    small.limits.text_line_max = 65536;
    small.limits.frame_timeout_us = FRAME_US;
    small.limits.idle_timeout_us = 0;
    small.wire = (struct pmad_layout){.pool_size = router_wire_floor(&small.limits) + 90000,
                                      .class_count = 2,
                                      .classes = {{256, 20}, {8192, 80}}};
    rig_replace(&small);
    memset(part, 'a', sizeof part);
    for (int i = 0; i < HOLDERS; i++) {
        holders[i] = remote_new(&rig);
        remote_post(holders[i], part, sizeof part);
    }
    rig_turn(&rig);
    for (int i = 0; i < HOLDERS; i++)
        remote_post(holders[i], "b", 1);
    rig_turn(&rig);
    ck_assert_uint_gt(rig_counts(&rig).starved, 0);
    /* Those who found no room so far take the place of the first, once. */
    rig_sleep(&rig, FRAME_US + 1);
    rig_sleep(&rig, FRAME_US + 1);
    ck_assert_uint_gt(rig_counts(&rig).dropped_silent, HOLDERS / 2);
    other = remote_new(&rig);
    say(other, "ECHO_REQ alive");
    HEARS(other, "ECHO_RES alive");
}
END_TEST

START_TEST(a_woken_worker_that_does_not_ask_does_not_keep_others_asleep)
{
    struct remote *hung = worker_for("f");
    struct remote *willing = worker_for("f");

    say(hung, "PRE_SLEEP");
    say(willing, "PRE_SLEEP");
    (void)submitted(remote_new(&rig), "SUBMIT_JOB_BG f||x");
    HEARS(hung, "NOOP");
    HEARS_NOTHING(willing);
    rig_sleep(&rig, 1000001);
    HEARS(willing, "NOOP");
    HEARS_NOTHING(hung);
}
END_TEST

/* What has come of a frame when its sender falls silent: part of a header, of arguments, of a body
 * that is wanted, of one that is skipped, of a line. */
static const struct {
    uint32_t type, size;
    const char *bytes;
    size_t count;
} begun[] = {{0, 0, "\0RE", 3},
             {7, 1000, "f\0u", 3},
             {7, 1000, "f\0u\0body", 8},
             {99, 1000, "nothing we know", 15},
             {0, 0, "stat", 4}};

START_TEST(an_incomplete_frame_is_waited_for_until_frame_timeout)
{
    struct remote *slow = remote_new(&rig);

    say(slow, "CAN_DO f");
    rig_sleep(&rig, (uint64_t)3 * FRAME_US);
    if (begun[_i].type != 0)
        post_header(slow, "|REQ", begun[_i].type, begun[_i].size);
    remote_post(slow, begun[_i].bytes, begun[_i].count);
    rig_turn(&rig);
    rig_sleep(&rig, FRAME_US - 1);
    ck_assert(is_here(slow));
    rig_sleep(&rig, 1);
    ck_assert(!is_here(slow));
    ck_assert_uint_eq(rig_counts(&rig).dropped_silent, 1);
    ck_assert_uint_eq(tasks_used(), 0);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(every_frame_has_its_own_time)
{
    struct remote *slow = remote_new(&rig);

    remote_post(slow, "\0", 1);
    rig_turn(&rig);
    for (int i = 0; i < 5; i++) {
        rig_sleep(&rig, FRAME_US - 1);
        ck_assert(is_here(slow));
        remote_post(slow, "REQ\0\0\0\x10\0\0\0\0\0",
                    12); /* the rest of an ECHO_REQ, and one byte */
        rig_turn(&rig);
        HEARS(slow, "ECHO_RES");
    }
    rig_sleep(&rig, FRAME_US);
    ck_assert(!is_here(slow));
}
END_TEST

START_TEST(bytes_in_between_do_not_prolong_a_frames_time)
{
    struct remote *slow = remote_new(&rig);

    post_header(slow, "|REQ", 7, 1000);
    remote_post(slow, "f\0u\0", 4);
    rig_turn(&rig);
    for (int i = 0; i < 10 && is_here(slow); i++) {
        rig_sleep(&rig, FRAME_US / 10);
        remote_post(slow, "x", 1);
        rig_turn(&rig);
    }
    ck_assert(!is_here(slow));
}
END_TEST

/* A client above outbox_max, by WORK_DATA that it does not read. */
static struct remote *make_slow(struct remote *worker, const char **handle)
{
    struct remote *slow = remote_new(&rig);

    *handle = submitted(slow, "SUBMIT_JOB f||x");
    say(worker, "GRAB_JOB");
    (void)hear_out(worker);
    slow->appetite = 0;
    for (int i = 0; i < 20; i++)
        post(worker, "WORK_DATA %s|%01000d", *handle, i);
    rig_turn(&rig);
    return slow;
}

START_TEST(a_client_above_outbox_max_is_dropped_after_the_grace_and_nobody_else)
{
    struct remote *worker = worker_for("f");
    struct remote *other = remote_new(&rig);
    const char *of_slow;
    const char *of_other;
    struct remote *slow = make_slow(worker, &of_slow);

    of_other = submitted(other, "SUBMIT_JOB f||y");
    rig_sleep(&rig, GRACE_US - 1);
    ck_assert(is_here(slow));
    rig_sleep(&rig, 1);
    ck_assert(!is_here(slow));
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, 1);
    say(worker, "WORK_COMPLETE %s|taken silently", of_slow);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|y", of_other);
    say(worker, "WORK_COMPLETE %s|r", of_other);
    HEARS(other, "WORK_COMPLETE %s|r", of_other);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(a_client_that_gets_below_outbox_max_in_time_stays)
{
    struct remote *worker = worker_for("f");
    const char *handle;
    struct remote *slow = make_slow(worker, &handle);

    rig_sleep(&rig, GRACE_US - 1);
    slow->appetite = 12000;
    rig_turn(&rig);
    rig_sleep(&rig, (uint64_t)10 * GRACE_US);
    ck_assert(is_here(slow));
    slow->appetite = SIZE_MAX;
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(slow), 20);
}
END_TEST

START_TEST(a_client_below_outbox_max_need_not_read)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    client->appetite = 0;
    say(worker, "GRAB_JOB");
    say(worker, "WORK_COMPLETE %s|r", handle);
    rig_sleep(&rig, (uint64_t)100 * GRACE_US);
    ck_assert(is_here(client));
    client->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
}
END_TEST

START_TEST(who_does_not_read_his_answers_is_not_read_either)
{
    struct remote *remote = remote_new(&rig);

    remote->appetite = 0;
    remote->piece = 500;
    for (int i = 0; i < 100; i++)
        post(remote, "ECHO_REQ %0400d", i);
    rig_turn(&rig);
    ck_assert(!peer_is_read(&remote->seat->peer));
    ck_assert_uint_gt(remote->to_send.size, 0);
    ck_assert_uint_lt(remote->seat->peer.outbox.size, 12000);
    remote->appetite = SIZE_MAX;
    rig_turn(&rig);
    for (int i = 0; i < 100; i++)
        HEARS(remote, "ECHO_RES %0400d", i);
    HEARS_NOTHING(remote);
}
END_TEST

START_TEST(a_dropped_worker_gives_its_tasks_back)
{
    struct remote *client = remote_new(&rig);
    struct remote *lost = worker_for("f");
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    say(lost, "GRAB_JOB");
    post_header(lost, "|REQ", 13, 1000);
    rig_turn(&rig);
    rig_sleep(&rig, FRAME_US);
    ck_assert(!is_here(lost));
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
}
END_TEST

/* ---- the end ---- */

START_TEST(a_draining_router_refuses_submissions_and_goes_on_otherwise)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||x");

    ck_assert(!router_is_empty(rig.router));
    router_drain(rig.router);
    for (int i = 0; i < 2; i++) {
        say(client, i == 0 ? "SUBMIT_JOB f||x" : "SUBMIT_JOB_LOW_BG f||x");
        HEARS(client, "ERROR QUEUE_ERROR|Job queue is full: limit=draining function=f used=0 of=0 "
                      "retry_ms=1000");
    }
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    ck_assert(router_is_empty(rig.router));
}
END_TEST

START_TEST(abandoning_fails_what_is_waited_for_and_counts_what_is_lost)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *running = submitted(client, "SUBMIT_JOB f||x");
    const char *queued = submitted(client, "SUBMIT_JOB f||x");

    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG f||x");
    say(worker, "GRAB_JOB"); /* one in the background runs */
    (void)hear_out(worker);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", running);
    ck_assert_uint_eq(router_abandon(rig.router), 2);
    rig_turn(&rig);
    for (int i = 0; i < 2; i++) {
        const char *heard = hear_of(client, "WORK_FAIL");

        ck_assert(strcmp(heard, running) == 0 || strcmp(heard, queued) == 0);
    }
    HEARS_NOTHING(client);
    ck_assert(router_is_empty(rig.router));
    ck_assert_uint_eq(rig_counts(&rig).failed, 4);
    say(worker, "WORK_COMPLETE %s|late", running);
    HEARS(worker, "ERROR JOB_NOT_FOUND|Job given in work result not found");
}
END_TEST

START_TEST(abandoning_while_a_worker_reads_its_assignment_harms_nobody)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f||payload");

    worker->appetite = (size_t)_i;
    say(worker, "GRAB_JOB");
    (void)router_abandon(rig.router);
    rig_check(&rig);
    worker->appetite = SIZE_MAX;
    rig_turn(&rig);
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
    say(client, "ECHO_REQ still here");
    HEARS(client, "ECHO_RES still here");
    ck_assert(router_is_empty(rig.router));
}
END_TEST

START_TEST(abandoning_leaves_alone_what_is_still_arriving)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    post_header(client, "|REQ", 7, 8);
    remote_post(client, "f\0u\0ha", 6);
    rig_turn(&rig);
    ck_assert_uint_eq(router_abandon(rig.router), 0);
    rig_check(&rig);
    remote_post(client, "lf", 2);
    rig_turn(&rig);
    handle = created(client);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|half", handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_time");
    TCase *cases = tcase_create("time and the end");

    tcase_add_checked_fixture(cases, setup_timed, teardown);
    tcase_add_test(cases, a_peer_that_never_says_anything_is_dropped_after_idle_timeout);
    tcase_add_test(cases, who_has_spoken_once_may_be_silent_for_ever);
    tcase_add_test(cases, unfinished_frames_that_hold_all_the_room_are_given_up_in_time);
    tcase_add_test(cases, a_woken_worker_that_does_not_ask_does_not_keep_others_asleep);
    tcase_add_loop_test(cases, an_incomplete_frame_is_waited_for_until_frame_timeout, 0,
                        sizeof begun / sizeof *begun);
    tcase_add_test(cases, every_frame_has_its_own_time);
    tcase_add_test(cases, bytes_in_between_do_not_prolong_a_frames_time);
    tcase_add_test(cases, a_client_above_outbox_max_is_dropped_after_the_grace_and_nobody_else);
    tcase_add_test(cases, a_client_that_gets_below_outbox_max_in_time_stays);
    tcase_add_test(cases, a_client_below_outbox_max_need_not_read);
    tcase_add_test(cases, who_does_not_read_his_answers_is_not_read_either);
    tcase_add_test(cases, a_dropped_worker_gives_its_tasks_back);
    tcase_add_test(cases, a_draining_router_refuses_submissions_and_goes_on_otherwise);
    tcase_add_test(cases, abandoning_fails_what_is_waited_for_and_counts_what_is_lost);
    tcase_add_loop_test(cases, abandoning_while_a_worker_reads_its_assignment_harms_nobody, 0, 60);
    tcase_add_test(cases, abandoning_leaves_alone_what_is_still_arriving);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
