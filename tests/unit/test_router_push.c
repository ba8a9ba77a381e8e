/* Pushed assignment: workers that say how many tasks they take unasked. */
#include "rules_fixture.h"

/* A worker for `function` with so much credit. */
static struct remote *pushed_for(const char *function, unsigned credit)
{
    struct remote *worker = worker_for(function);

    say(worker, "OPTION_REQ pmad-push=%u", credit);
    HEARS(worker, "OPTION_RES pmad-push=%u", credit);
    return worker;
}

/* So many background tasks of `f`, whose payload is their number, from 1. */
static void submit_numbers(struct remote *client, unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        (void)submitted(client, text("SUBMIT_JOB_BG f||%u", i));
}

/* It is assigned the task with that payload; its handle. */
static const char *assigned(struct remote *worker, const char *payload)
{
    static char handles[64][64];
    static size_t next;
    char *into = handles[next++ % 64];
    const char *heard = hear_of(worker, "JOB_ASSIGN_UNIQ");

    keep(into, text("%.*s", (int)strcspn(heard, "|"), heard));
    ck_assert_str_eq(strrchr(heard, '|') + 1, payload);
    return into;
}

/* Says PACKET|REST of a task. */
static void say_of(struct remote *worker, const char *words, const char *handle)
{
    int name = (int)strcspn(words, "|");

    say(worker, "%.*s %s%s", name, words, handle, words + name);
}

static void complete(struct remote *worker, const char *handle)
{
    say(worker, "WORK_COMPLETE %s|", handle);
}

/* ---- credit ---- */

START_TEST(a_task_comes_unasked_in_the_form_that_grab_job_all_gets)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 2);
    const char *plain = submitted(client, "SUBMIT_JOB f|u|x");
    const char *reduced = submitted(client, "SUBMIT_REDUCE_JOB f|v|r|1|y");

    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u|x", plain);
    HEARS(worker, "JOB_ASSIGN_ALL %s|f|v|r|y", reduced);
    HEARS_NOTHING(worker);
    say(worker, "WORK_COMPLETE %s|done", plain);
    HEARS(client, "WORK_COMPLETE %s|done", plain);
}
END_TEST

START_TEST(tasks_that_wait_already_come_with_the_option)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker;

    submit_numbers(client, 3);
    worker = pushed_for("f", 2);
    (void)assigned(worker, "1");
    (void)assigned(worker, "2");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(each_last_word_about_a_task_gives_its_credit_back)
{
    static const char *const last_words[] = {"WORK_COMPLETE|x", "WORK_FAIL", "WORK_EXCEPTION|x"};
    static const char *const other_words[] = {"WORK_DATA|x", "WORK_WARNING|x", "WORK_STATUS|1|2"};
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 2);
    const char *first;

    submit_numbers(client, 4);
    first = assigned(worker, "1");
    (void)assigned(worker, "2");
    for (size_t i = 0; i < COUNT(other_words); i++)
        say_of(worker, other_words[i], first);
    HEARS_NOTHING(worker);
    say_of(worker, last_words[_i], first);
    (void)assigned(worker, "3");
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).assigned, 2);
}
END_TEST

START_TEST(more_credit_counts_at_once_and_less_when_tasks_have_ended)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);
    const char *handles[3];

    submit_numbers(client, 6);
    handles[0] = assigned(worker, "1");
    HEARS_NOTHING(worker);
    say(worker, "OPTION_REQ pmad-push=3");
    HEARS(worker, "OPTION_RES pmad-push=3");
    handles[1] = assigned(worker, "2");
    handles[2] = assigned(worker, "3");
    say(worker, "OPTION_REQ pmad-push=1");
    HEARS(worker, "OPTION_RES pmad-push=1");
    complete(worker, handles[0]);
    complete(worker, handles[1]);
    HEARS_NOTHING(worker);
    complete(worker, handles[2]);
    (void)assigned(worker, "4");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(with_no_credit_a_worker_asks_and_sleeps_again)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);

    say(worker, "OPTION_REQ pmad-push=0");
    HEARS(worker, "OPTION_RES pmad-push=0");
    submit_numbers(client, 1);
    HEARS_NOTHING(worker);
    say(worker, "PRE_SLEEP");
    HEARS(worker, "NOOP");
    say(worker, "GRAB_JOB_UNIQ");
    (void)assigned(worker, "1");
}
END_TEST

START_TEST(a_pushed_worker_may_ask_beyond_its_credit)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);

    submit_numbers(client, 2);
    (void)assigned(worker, "1");
    say(worker, "GRAB_JOB_UNIQ");
    (void)assigned(worker, "2");
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "NO_JOB");
    say(worker, "PRE_SLEEP");
    submit_numbers(client, 1);
    HEARS(worker, "NOOP");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(who_has_credit_is_given_tasks_and_not_woken)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);

    say(worker, "PRE_SLEEP");
    submit_numbers(client, 1);
    (void)assigned(worker, "1");
    HEARS_NOTHING(worker);
}
END_TEST

static const char *const wrong_options[] = {
    "pmad-push",       "pmad-push=",   "pmad-push=x",      "pmad-push=-1",
    "pmad-push=65536", "pmad-push=1 ", "pmad-push=+1",     "pmad-push=0x10",
    "PMAD-PUSH=1",     "pmad-pull=1",  "pmad-push=1|more", "pmad-push=99999999999999999999"};

START_TEST(another_number_is_no_option_and_changes_nothing)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);

    say(worker, "OPTION_REQ %s", wrong_options[_i]);
    hears_start(worker, "ERROR UNKNOWN_OPTION|");
    submit_numbers(client, 2);
    (void)assigned(worker, "1");
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(the_most_credit_there_is_is_taken)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", ROUTER_CREDIT_MAX);

    submit_numbers(client, 100);
    ck_assert_uint_eq(hear_out(worker), 100);
}
END_TEST

START_TEST(who_may_not_work_is_given_nothing)
{
    struct remote *client = remote_with(&rig, RIGHT_SUBMIT);

    say(client, "OPTION_REQ pmad-push=1");
    HEARS(client, "ERROR ACCESS_DENIED|OPTION_REQ: this connection has no right to it");
    ck_assert_uint_eq(client->seat->peer.credit, 0);
}
END_TEST

/* ---- abilities ---- */

START_TEST(abilities_count_at_once)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("g", 9);

    submit_numbers(client, 1);
    HEARS_NOTHING(worker);
    say(worker, "CAN_DO f");
    (void)assigned(worker, "1");
    say(worker, "CANT_DO f");
    submit_numbers(client, 1);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).assigned, 1);
}
END_TEST

START_TEST(what_is_urgent_comes_first_over_all_functions)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);
    const char *running;

    say(worker, "CAN_DO g");
    (void)submitted(client, "SUBMIT_JOB_BG f||runs");
    running = assigned(worker, "runs");
    (void)submitted(client, "SUBMIT_JOB_LOW_BG f||low");
    (void)submitted(client, "SUBMIT_JOB_BG f||normal");
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG g||high");
    complete(worker, running);
    running = assigned(worker, "high");
    complete(worker, running);
    running = assigned(worker, "normal");
    complete(worker, running);
    (void)assigned(worker, "low");
}
END_TEST

/* ---- the order of those who wait ---- */

START_TEST(tasks_spread_before_they_fill)
{
    struct remote *client = remote_new(&rig);
    struct remote *workers[3];

    for (int i = 0; i < 3; i++)
        workers[i] = pushed_for("f", 2);
    submit_numbers(client, 6);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3; i++)
            (void)assigned(workers[i], text("%d", 3 * round + i + 1));
}
END_TEST

START_TEST(they_spread_over_functions_too)
{
    struct remote *client = remote_new(&rig);
    struct remote *one = pushed_for("f", 4);
    struct remote *other = pushed_for("f", 4);

    say(one, "CAN_DO g");
    say(other, "CAN_DO g");
    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    (void)submitted(client, "SUBMIT_JOB_BG g||2");
    (void)assigned(one, "1");
    (void)assigned(other, "2");
}
END_TEST

/* Who was given a task of one function waits behind the others for those of another, too. */
START_TEST(there_is_one_order_over_all_functions)
{
    static const char functions[] = "ffgghhfgh";
    struct remote *client = remote_new(&rig);
    struct remote *workers[3];

    for (int i = 0; i < 3; i++) {
        workers[i] = pushed_for("f", 9);
        say(workers[i], "CAN_DO g");
    }
    for (int i = 2; i >= 0; i--)
        say(workers[i], "CAN_DO h");
    for (int i = 0; functions[i]; i++) {
        (void)submitted(client, text("SUBMIT_JOB_BG %c||%d", functions[i], i));
        (void)assigned(workers[i % 3], text("%d", i));
    }
}
END_TEST

START_TEST(sleepers_and_workers_with_credit_wait_in_one_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *first = pushed_for("f", 1);
    struct remote *second = worker_for("f");
    struct remote *third = pushed_for("f", 1);

    say(second, "PRE_SLEEP"); /* behind the third */
    submit_numbers(client, 3);
    (void)assigned(first, "1");
    (void)assigned(third, "2");
    HEARS(second, "NOOP");
    say(second, "GRAB_JOB_UNIQ");
    (void)assigned(second, "3");
}
END_TEST

START_TEST(workers_that_were_full_take_turns)
{
    struct remote *client = remote_new(&rig);
    struct remote *one = pushed_for("f", 2);
    struct remote *other = pushed_for("f", 2);
    const char *of_one[2];
    const char *of_other[2];

    submit_numbers(client, 8);
    of_one[0] = assigned(one, "1");
    of_other[0] = assigned(other, "2");
    of_one[1] = assigned(one, "3");
    of_other[1] = assigned(other, "4");
    complete(other, of_other[0]);
    complete(one, of_one[0]);
    complete(one, of_one[1]);
    complete(other, of_other[1]);
    (void)assigned(other, "5");
    (void)assigned(one, "6");
    (void)assigned(one, "7");
    (void)assigned(other, "8");
}
END_TEST

/* ---- tasks that come back ---- */

START_TEST(a_worker_that_dies_gives_all_back_in_their_old_order)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 3);
    struct remote *heir;

    submit_numbers(client, 4);
    heir = pushed_for("f", 4);
    (void)assigned(heir, "4");
    remote_leave(worker);
    rig_turn(&rig);
    for (int i = 1; i <= 3; i++)
        (void)assigned(heir, text("%d", i));
    ck_assert_uint_eq(rig_counts(&rig).retried, 3);
}
END_TEST

START_TEST(what_is_tried_again_comes_before_what_waits)
{
    struct remote *client;
    struct remote *worker;
    const char *handle;

    setup_row("f", (struct router_function_rule){.retry_on_fail = true});
    client = remote_new(&rig);
    worker = pushed_for("f", 1);
    submit_numbers(client, 2);
    handle = assigned(worker, "1");
    say(worker, "WORK_FAIL %s", handle);
    ck_assert_str_eq(assigned(worker, "1"), handle);
    HEARS_NOTHING(worker);
}
END_TEST

START_TEST(a_time_limit_keeps_its_credit_until_the_worker_has_answered)
{
    static const char *const late[] = {"WORK_COMPLETE|x", "WORK_FAIL", "WORK_EXCEPTION|x"};
    struct remote *client;
    struct remote *worker;
    const char *handle;

    setup_row("f", (struct router_function_rule){.timeout_us = SECOND_US});
    client = remote_new(&rig);
    worker = pushed_for("f", 1);
    submit_numbers(client, 2);
    handle = assigned(worker, "1");
    rig_sleep(&rig, 2 * SECOND_US);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).queued, 2);
    say_of(worker, late[_i], handle);
    hears_start(worker, "ERROR JOB_NOT_FOUND|");
    ck_assert_str_eq(assigned(worker, "1"), handle);
    HEARS_NOTHING(worker);
}
END_TEST

/* It waits for its own task as a client, too, and is told so while that is taken from it. */
START_TEST(a_time_limit_costs_no_place_among_those_who_wait)
{
    struct remote *first;
    struct remote *second;

    setup_row("f", (struct router_function_rule){.timeout_us = SECOND_US, .retries = 1});
    first = pushed_for("f", 2);
    (void)submitted(first, "SUBMIT_JOB f||1");
    (void)assigned(first, "1");
    second = pushed_for("f", 2);
    rig_sleep(&rig, 2 * SECOND_US);
    (void)hear_of(first, "WORK_WARNING");
    (void)hear_of(first, "WORK_FAIL");
    (void)submitted(second, "SUBMIT_JOB_BG f||2");
    (void)assigned(first, "2");
    HEARS_NOTHING(second);
}
END_TEST

START_TEST(a_worker_that_never_answers_does_not_keep_tasks_from_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *dead = pushed_for("f", 2);
    struct remote *alive = pushed_for("f", 1);
    const char *handle;

    submit_numbers(client, 9);
    ck_assert_uint_eq(hear_out(dead), 2);
    handle = assigned(alive, "2");
    for (int i = 4; i <= 9; i++) {
        complete(alive, handle);
        handle = assigned(alive, text("%d", i));
    }
    ck_assert_uint_eq(rig_counts(&rig).assigned, 3);
}
END_TEST

START_TEST(an_answer_to_nothing_brings_no_credit)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = pushed_for("f", 1);

    submit_numbers(client, 2);
    (void)assigned(worker, "1");
    say(worker, "WORK_COMPLETE H:box:0|");
    hears_start(worker, "ERROR JOB_NOT_FOUND|");
    HEARS_NOTHING(worker);
}
END_TEST

/* ---- who does not read ---- */

START_TEST(a_worker_that_does_not_read_has_no_credit_for_the_moment)
{
    static char body[60000];
    struct rig_setup tight = rig_setup_ample();
    struct remote *client;
    struct remote *slow;
    struct remote *other;

    tight.limits.outbox_max = 2 * sizeof body;
    rig_replace(&tight);
    client = remote_new(&rig);
    slow = pushed_for("f", 100);
    slow->appetite = 0;
    for (int i = 0; i < 6; i++) {
        say_data(client, "SUBMIT_JOB_BG f||", body, sizeof body);
        (void)created(client);
    }
    ck_assert_uint_lt(rig_counts(&rig).assigned, 3);
    other = pushed_for("f", 1);
    ck_assert_uint_eq(hear_out(other), 1);
    slow->appetite = SIZE_MAX;
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).queued, 0);
    ck_assert_uint_eq(hear_out(slow), 5);
}
END_TEST

/* ---- who finds no room for another ---- */

START_TEST(where_memory_is_short_every_worker_has_one_task_and_gets_more_later)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    submit_numbers(client, 4);
    (void)router_scarcity(rig.router, 1, true);
    say(worker, "OPTION_REQ pmad-push=3");
    HEARS(worker, "OPTION_RES pmad-push=3");
    handle = assigned(worker, "1");
    HEARS_NOTHING(worker);
    complete(worker, handle);
    (void)assigned(worker, "2");
    HEARS_NOTHING(worker);
    (void)router_scarcity(rig.router, 0, false);
    rig_turn(&rig);
    (void)assigned(worker, "3");
    (void)assigned(worker, "4");
}
END_TEST

START_TEST(who_asks_for_more_than_there_is_room_for_is_told_so_and_woken_when_there_is)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    struct remote *other = worker_for("f");

    say(other, "PRE_SLEEP");
    submit_numbers(client, 2);
    HEARS(other, "NOOP");
    (void)router_scarcity(rig.router, 1, true);
    say(worker, "GRAB_JOB_UNIQ");
    (void)assigned(worker, "1");
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "NO_JOB");
    say(worker, "PRE_SLEEP");
    HEARS_NOTHING(worker);
    (void)router_scarcity(rig.router, 0, false);
    remote_leave(other);
    rig_turn(&rig);
    HEARS(worker, "NOOP");
    say(worker, "GRAB_JOB_UNIQ");
    (void)assigned(worker, "2");
}
END_TEST

START_TEST(a_task_does_not_wait_for_one_that_was_woken_and_is_short)
{
    struct remote *client = remote_new(&rig);
    struct remote *woken = worker_for("f");
    struct remote *other = worker_for("f");

    submit_numbers(client, 1);
    say(woken, "GRAB_JOB_UNIQ");
    (void)assigned(woken, "1");
    say(woken, "PRE_SLEEP");
    (void)submitted(client, "SUBMIT_JOB_BG f||2");
    HEARS(woken, "NOOP");
    (void)router_scarcity(rig.router, 1, true);
    say(woken, "OPTION_REQ pmad-push=9");
    HEARS(woken, "OPTION_RES pmad-push=9");
    HEARS_NOTHING(woken);
    say(other, "OPTION_REQ pmad-push=1");
    HEARS(other, "OPTION_RES pmad-push=1");
    (void)assigned(other, "2");
    (void)router_scarcity(rig.router, 0, false);
}
END_TEST

START_TEST(who_is_to_be_closed_is_given_nothing)
{
    struct remote *client = remote_new(&rig);
    struct remote *broken = pushed_for("f", 1);
    struct remote *sound = pushed_for("f", 1);

    broken->appetite = 0;
    post_header(broken, "|XXX", 1, 0);
    rig_turn(&rig);
    submit_numbers(client, 1);
    (void)assigned(sound, "1");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("push");
    TCase *cases = tcase_create("push");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_task_comes_unasked_in_the_form_that_grab_job_all_gets);
    tcase_add_test(cases, tasks_that_wait_already_come_with_the_option);
    tcase_add_loop_test(cases, each_last_word_about_a_task_gives_its_credit_back, 0, 3);
    tcase_add_test(cases, more_credit_counts_at_once_and_less_when_tasks_have_ended);
    tcase_add_test(cases, with_no_credit_a_worker_asks_and_sleeps_again);
    tcase_add_test(cases, a_pushed_worker_may_ask_beyond_its_credit);
    tcase_add_test(cases, who_has_credit_is_given_tasks_and_not_woken);
    tcase_add_loop_test(cases, another_number_is_no_option_and_changes_nothing, 0,
                        COUNT(wrong_options));
    tcase_add_test(cases, the_most_credit_there_is_is_taken);
    tcase_add_test(cases, who_may_not_work_is_given_nothing);
    tcase_add_test(cases, abilities_count_at_once);
    tcase_add_test(cases, what_is_urgent_comes_first_over_all_functions);
    tcase_add_test(cases, tasks_spread_before_they_fill);
    tcase_add_test(cases, they_spread_over_functions_too);
    tcase_add_test(cases, there_is_one_order_over_all_functions);
    tcase_add_test(cases, sleepers_and_workers_with_credit_wait_in_one_order);
    tcase_add_test(cases, workers_that_were_full_take_turns);
    tcase_add_test(cases, a_worker_that_dies_gives_all_back_in_their_old_order);
    tcase_add_test(cases, what_is_tried_again_comes_before_what_waits);
    tcase_add_loop_test(cases, a_time_limit_keeps_its_credit_until_the_worker_has_answered, 0, 3);
    tcase_add_test(cases, a_time_limit_costs_no_place_among_those_who_wait);
    tcase_add_test(cases, a_worker_that_never_answers_does_not_keep_tasks_from_others);
    tcase_add_test(cases, an_answer_to_nothing_brings_no_credit);
    tcase_add_test(cases, a_worker_that_does_not_read_has_no_credit_for_the_moment);
    tcase_add_test(cases, where_memory_is_short_every_worker_has_one_task_and_gets_more_later);
    tcase_add_test(cases,
                   who_asks_for_more_than_there_is_room_for_is_told_so_and_woken_when_there_is);
    tcase_add_test(cases, a_task_does_not_wait_for_one_that_was_woken_and_is_short);
    tcase_add_test(cases, who_is_to_be_closed_is_given_nothing);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
