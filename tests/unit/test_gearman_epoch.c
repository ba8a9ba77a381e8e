/* Rules of Gearman, "Submitting": SUBMIT_JOB_EPOCH, by a wall clock that the tests set. */
#include <inttypes.h>

#include "gearman_fixture.h"

/* So many seconds from now, as decimal text. */
static const char *in_seconds(int64_t seconds)
{
    return text("%" PRId64, rig.now.wall_us / SECOND_US + seconds);
}

static const char *submitted_for(struct remote *client, const char *second)
{
    return submitted(client, text("SUBMIT_JOB_EPOCH f||%s|payload", second));
}

START_TEST(an_epoch_task_is_in_the_background)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted_for(client, in_seconds(10));

    if (_i == 0) {
        rig_sleep(&rig, 11 * SECOND_US);
        say(worker, "GRAB_JOB_UNIQ");
        HEARS(worker, "JOB_ASSIGN_UNIQ %s|f||payload", handle);
        say(worker, "WORK_DATA %s|d", handle);
        say(worker, "WORK_COMPLETE %s|r", handle);
        HEARS_NOTHING(client);
    } else {
        remote_leave(client);
        rig_sleep(&rig, 11 * SECOND_US);
        grabs(worker, handle);
        say(worker, "WORK_COMPLETE %s|r", handle);
    }
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(it_does_not_run_before_its_second)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    int64_t second = rig.now.wall_us / SECOND_US + 10;
    const char *handle = submitted_for(client, in_seconds(10));

    grabs_nothing(worker);
    rig_set_wall(&rig, second * SECOND_US - 1);
    grabs_nothing(worker);
    rig_set_wall(&rig, second * SECOND_US);
    grabs(worker, handle);
}
END_TEST

START_TEST(meanwhile_it_is_known_and_not_running)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, text("SUBMIT_JOB_EPOCH f|u|%s|payload", in_seconds(10)));

    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
    say(client, "GET_STATUS_UNIQUE u");
    HEARS(client, "STATUS_RES_UNIQUE u|1|0|0|0|0");
    ck_assert_int_eq(status_of("f", 0), 1);
    ck_assert_int_eq(status_of("f", 1), 0);
    ck_assert_uint_eq(rig_counts(&rig).delayed, 1);
    ck_assert_uint_eq(rig_counts(&rig).queued, 0);
    rig_sleep(&rig, 11 * SECOND_US);
    ck_assert_uint_eq(rig_counts(&rig).delayed, 0);
    ck_assert_uint_eq(rig_counts(&rig).queued, 1);
    ck_assert_int_eq(status_of("f", 0), 1);
}
END_TEST

START_TEST(it_wakes_sleepers_when_it_is_due_and_not_before)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    say(worker, "PRE_SLEEP");
    handle = submitted_for(client, in_seconds(10));
    HEARS_NOTHING(worker);
    rig_sleep(&rig, 8 * SECOND_US);
    HEARS_NOTHING(worker);
    rig_sleep(&rig, 2 * SECOND_US);
    HEARS(worker, "NOOP");
    grabs(worker, handle);
    HEARS_NOTHING(worker);
}
END_TEST

/* The driver sleeps as long as the core says: in a few turns it is there, and not late. */
START_TEST(the_core_asks_for_a_turn_when_it_is_due)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    uint64_t begun = rig.now.mono_us;
    int turns = 0;

    say(worker, "PRE_SLEEP");
    (void)submitted_for(client, in_seconds(1000));
    while (rig_counts(&rig).delayed > 0) {
        uint64_t next = router_deadline(rig.router);

        ck_assert_uint_gt(next, rig.now.mono_us);
        ck_assert_int_lt(++turns, 20);
        rig_sleep(&rig, next - rig.now.mono_us);
    }
    ck_assert_uint_le(rig.now.mono_us, begun + 1000 * SECOND_US);
    HEARS(worker, "NOOP");
}
END_TEST

START_TEST(it_does_not_block_due_tasks_behind_it)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *later = submitted_for(client, in_seconds(20));
    const char *sooner = submitted_for(client, in_seconds(10));
    const char *now = submitted(client, "SUBMIT_JOB_LOW_BG f||x");

    grabs(worker, now);
    grabs_nothing(worker);
    rig_sleep(&rig, 11 * SECOND_US);
    grabs(worker, sooner);
    grabs_nothing(worker);
    rig_sleep(&rig, 10 * SECOND_US);
    grabs(worker, later);
}
END_TEST

START_TEST(tasks_of_one_second_come_in_the_order_of_submission)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handles[40];

    for (int i = 0; i < 40; i++)
        handles[i] = submitted_for(client, in_seconds(100));
    rig_sleep(&rig, 101 * SECOND_US);
    for (int i = 0; i < 40; i++)
        grabs(worker, handles[i]);
    grabs_nothing(worker);
}
END_TEST

static const char *const at_once[] = {"0", "1", "1699999999", "-1", "-9223372036854775808", "00"};

START_TEST(past_or_0_or_negative_means_now)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    say(worker, "PRE_SLEEP");
    handle = submitted_for(client, at_once[_i]);
    HEARS(worker, "NOOP");
    grabs(worker, handle);
}
END_TEST

static const char *const no_seconds[] = {
    "", "x", "12x", " 12", "12 ", "1.5", "+-1", "-", "9223372036854775808", "99999999999999999999"};

START_TEST(what_is_no_second_is_refused_with_the_packet_and_field)
{
    struct remote *client = remote_new(&rig);
    const char *heard;

    say(client, "SUBMIT_JOB_EPOCH f|u|%s|payload", no_seconds[_i]);
    heard = hear(client);
    ck_assert_ptr_eq(strstr(heard, "ERROR INVALID_COMMAND|"), heard);
    ck_assert_ptr_nonnull(strstr(heard, "SUBMIT_JOB_EPOCH"));
    ck_assert_ptr_nonnull(strstr(heard, "epoch"));
    is_served(client);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(the_last_second_of_all_is_taken_and_never_comes)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted_for(client, "9223372036854775807");

    rig_sleep(&rig, 1000000 * SECOND_US);
    grabs_nothing(worker);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
    rig_set_wall(&rig, INT64_MAX);
    grabs_nothing(worker);
}
END_TEST

START_TEST(a_clock_that_is_set_forward_brings_it_and_one_set_back_keeps_it)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    int64_t second = rig.now.wall_us / SECOND_US + 10;
    const char *handle = submitted_for(client, in_seconds(10));

    rig_set_wall(&rig, (second - 100000) * SECOND_US);
    grabs_nothing(worker);
    rig_set_wall(&rig, (second - 1) * SECOND_US);
    grabs_nothing(worker);
    say(worker, "PRE_SLEEP");
    rig_set_wall(&rig, (second + 100000) * SECOND_US);
    HEARS(worker, "NOOP");
    grabs(worker, handle);
    rig_set_wall(&rig, (second - 100000) * SECOND_US); /* what is running runs */
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(an_epoch_task_coalesces_by_its_unique_id_while_it_waits)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, text("SUBMIT_JOB_EPOCH f|u|%s|x", in_seconds(10)));

    ck_assert_str_eq(submitted(client, text("SUBMIT_JOB_EPOCH f|u|%s|x", in_seconds(10))), handle);
    rig_sleep(&rig, 11 * SECOND_US);
    grabs(worker, handle);
    grabs_nothing(worker);
}
END_TEST

START_TEST(thousands_of_epochs_come_in_the_order_of_their_seconds)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    int64_t base = rig.now.wall_us / SECOND_US;
    size_t got = 0;

    for (int i = 0; i < 2000; i++)
        post(client, "SUBMIT_JOB_EPOCH f||%" PRId64 "|%d", base + 1 + i * 7919 % 2000, i);
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), 2000);
    for (int second = 1; second <= 2000; second++) {
        rig_set_wall(&rig, (base + second) * SECOND_US);
        ck_assert_uint_eq(rig_counts(&rig).delayed, (size_t)(2000 - second));
        say(worker, "GRAB_JOB");
        got += strncmp(hear(worker), "JOB_ASSIGN ", 11) == 0;
    }
    ck_assert_uint_eq(got, 2000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_epoch");
    TCase *cases = tcase_create("epoch");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, an_epoch_task_is_in_the_background, 0, 2);
    tcase_add_test(cases, it_does_not_run_before_its_second);
    tcase_add_test(cases, meanwhile_it_is_known_and_not_running);
    tcase_add_test(cases, it_wakes_sleepers_when_it_is_due_and_not_before);
    tcase_add_test(cases, the_core_asks_for_a_turn_when_it_is_due);
    tcase_add_test(cases, it_does_not_block_due_tasks_behind_it);
    tcase_add_test(cases, tasks_of_one_second_come_in_the_order_of_submission);
    tcase_add_loop_test(cases, past_or_0_or_negative_means_now, 0, COUNT(at_once));
    tcase_add_loop_test(cases, what_is_no_second_is_refused_with_the_packet_and_field, 0,
                        COUNT(no_seconds));
    tcase_add_test(cases, the_last_second_of_all_is_taken_and_never_comes);
    tcase_add_test(cases, a_clock_that_is_set_forward_brings_it_and_one_set_back_keeps_it);
    tcase_add_test(cases, an_epoch_task_coalesces_by_its_unique_id_while_it_waits);
    tcase_add_test(cases, thousands_of_epochs_come_in_the_order_of_their_seconds);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
