/* Other rules while the router runs: router_change(), router_allow(), and the line `reload`. */
#include "rules_fixture.h"

/* What the rig goes by, to be changed. */
static struct rig_setup rules;
static struct router_function_row rows[4];

static void setup_rules(void)
{
    setup();
    rules = rig_setup_ample();
    rules.functions = rows;
}

/* The rig again, with these rules. */
static void begin(void)
{
    rig_replace(&rules);
}

static void change(void)
{
    ck_assert(rig_change(&rig, &rules));
    rig_turn(&rig);
}

static void add_row(const char *match, struct router_function_rule rule)
{
    ck_assert_uint_lt(rules.function_count, COUNT(rows));
    rows[rules.function_count++] = row_of(match, rule);
}

/* What it may do for every function, and nothing beside that. */
static void allow(const struct remote *remote, unsigned rights)
{
    const uint64_t some[PEER_RIGHTS] = {0};

    router_allow(&remote->seat->peer, rights, some);
    rig_turn(&rig);
}

/* ---- functions ---- */

START_TEST(a_function_that_is_there_goes_by_its_new_rule)
{
    struct remote *client;

    add_row("f", (struct router_function_rule){.max_queue = 1});
    begin();
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f||1");
    rows[0].rule.max_queue = 2;
    change();
    (void)submitted(client, "SUBMIT_JOB f||2");
    say(client, "SUBMIT_JOB f||3");
    is_refused_by(client, "queue", "function=f used=2 of=2 ");
    rules.function_count = 0;
    rules.every_function.max_bytes = 3;
    change();
    (void)submitted(client, "SUBMIT_JOB f||3");
    say(client, "SUBMIT_JOB f||4");
    is_refused_by(client, "bytes", "function=f used=3 of=3 ");
}
END_TEST

START_TEST(a_limit_that_maxqueue_has_set_stays)
{
    struct remote *client;

    begin();
    client = remote_new(&rig);
    say_line(client, "maxqueue f 1");
    HEARS(client, "OK\\x0d");
    rules.every_function.max_queue = 5;
    change();
    (void)submitted(client, "SUBMIT_JOB f||1");
    say(client, "SUBMIT_JOB f||2");
    is_refused_by(client, "queue", "function=f used=1 of=1 ");
}
END_TEST

START_TEST(a_time_limit_that_runs_goes_on_and_the_next_is_the_new_one)
{
    struct remote *client, *first, *second;
    const char *one, *two;

    rules.every_function.timeout_us = 10 * SECOND_US;
    begin();
    client = remote_new(&rig);
    one = submitted(client, "SUBMIT_JOB f||1");
    two = submitted(client, "SUBMIT_JOB f||2");
    first = worker_with("f", one);
    rules.every_function.timeout_us = 2 * SECOND_US;
    change();
    second = worker_with("f", two);
    rig_sleep(&rig, 5 * SECOND_US);
    say(second, "WORK_COMPLETE %s|late", two);
    HEARS(second, NOT_FOUND);
    say(first, "WORK_COMPLETE %s|in time", one);
    HEARS(client, "WORK_COMPLETE %s|in time", one);
}
END_TEST

START_TEST(retries_that_have_been_used_up_meanwhile_end_the_task_at_its_next_loss)
{
    struct remote *client;
    const char *handle;

    begin();
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    remote_leave(worker_with("f", handle));
    remote_leave(worker_with("f", handle));
    rules.every_function.retries = 1;
    change();
    HEARS_NOTHING(client);
    remote_leave(worker_with("f", handle));
    rig_turn(&rig);
    (void)hear_of(client, "WORK_WARNING");
    HEARS(client, "WORK_FAIL %s", handle);
}
END_TEST

/* ---- what stays ---- */

static size_t *const fixed[] = {
    &rules.limits.connections,
    &rules.limits.tasks,
    &rules.limits.functions,
    &rules.limits.payload_max,
    &rules.limits.waiters_per_task,
    &rules.limits.function_name_max,
    &rules.limits.registrations_per_worker,
};

START_TEST(limits_that_tables_were_made_for_are_refused_and_nothing_changes)
{
    struct remote *client;

    begin();
    rules.every_function.max_queue = 1;
    (*fixed[_i])--;
    ck_assert(!rig_change(&rig, &rules));
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f||1");
    (void)submitted(client, "SUBMIT_JOB f||2");
}
END_TEST

START_TEST(no_change_keeps_all_connections_back)
{
    begin();
    rules.limits.connections_reserved = rules.limits.connections;
    ck_assert(!rig_change(&rig, &rules));
}
END_TEST

START_TEST(reserves_stay_what_they_are_while_the_rest_of_their_rule_changes)
{
    struct remote *client;

    add_row("f", (struct router_function_rule){.reserve = 3, .reserve_size = 100});
    begin();
    rows[0].rule.reserve = 4;
    ck_assert(!rig_change(&rig, &rules));
    rows[0].rule.reserve = 3;
    rows[0].rule.reserve_size = 99;
    ck_assert(!rig_change(&rig, &rules));
    rows[0].rule.reserve_size = 100;
    add_row("g", (struct router_function_rule){.reserve = 1});
    ck_assert(!rig_change(&rig, &rules));
    rules.function_count = 0;
    ck_assert(!rig_change(&rig, &rules));

    add_row("g", (struct router_function_rule){.max_queue = 9});
    add_row("f", (struct router_function_rule){.reserve = 3, .reserve_size = 100, .max_queue = 3});
    change();
    ck_assert_uint_eq(rig_counts(&rig).reserved, 3);
    client = remote_new(&rig);
    for (int i = 0; i < 3; i++)
        (void)submitted(client, "SUBMIT_JOB f||x");
    ck_assert_uint_eq(rig_counts(&rig).reserved, 0);
    say(client, "SUBMIT_JOB f||x");
    is_refused_by(client, "queue", "function=f used=3 of=3 ");
}
END_TEST

/* ---- limits of peers ---- */

START_TEST(who_is_slow_by_the_new_outbox_max_has_the_grace_from_then_on)
{
    enum { RESULT = 50000 };
    static const uint8_t result[RESULT] = {0};
    struct remote *client, *worker;
    const char *handle;

    rules.limits.slow_peer_grace_us = 5 * SECOND_US;
    begin();
    client = remote_new(&rig);
    worker = worker_for("f");
    client->appetite = 0;
    for (int i = 0; i < 4; i++) {
        struct remote *other = remote_new(&rig);

        handle = submitted(other, text("SUBMIT_JOB f|%d|x", i));
        say(client, "SUBMIT_JOB f|%d|x", i);
        grabs(worker, handle);
        say_data(worker, text("WORK_COMPLETE %s|", handle), result, RESULT);
        remote_free(other);
    }
    rig_sleep(&rig, 6 * SECOND_US);
    ck_assert_ptr_nonnull(client->seat);
    rules.limits.outbox_max = 65536;
    change();
    rig_sleep(&rig, 4 * SECOND_US);
    ck_assert_ptr_nonnull(client->seat);
    rig_sleep(&rig, 2 * SECOND_US);
    ck_assert_ptr_null(client->seat);
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, 1);
}
END_TEST

START_TEST(a_new_idle_timeout_holds_for_who_is_silent_already)
{
    struct remote *silent;

    begin();
    silent = remote_new(&rig);
    rig_sleep(&rig, 60 * SECOND_US);
    ck_assert_ptr_nonnull(silent->seat);
    rules.limits.idle_timeout_us = 90 * SECOND_US;
    change();
    rig_sleep(&rig, 31 * SECOND_US);
    ck_assert_ptr_null(silent->seat);
}
END_TEST

/* ---- rights ---- */

START_TEST(what_was_taken_away_is_denied_and_what_was_given_is_done)
{
    struct remote *client;

    begin();
    client = remote_with(&rig, RIGHT_SUBMIT | RIGHT_OBSERVE);
    (void)submitted(client, "SUBMIT_JOB f||x");
    change();
    allow(client, RIGHT_OBSERVE | RIGHT_WORK);
    say(client, "SUBMIT_JOB f||x");
    hears_start(client, "ERROR ACCESS_DENIED|SUBMIT_JOB: ");
    grabs_nothing(client);
}
END_TEST

START_TEST(who_may_not_submit_any_more_still_gets_the_results_of_what_it_has)
{
    struct remote *client;
    const char *handle;

    begin();
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    change();
    allow(client, RIGHT_OBSERVE);
    say(worker_with("f", handle), "WORK_COMPLETE %s|done", handle);
    HEARS(client, "WORK_COMPLETE %s|done", handle);
}
END_TEST

static const unsigned without_work[] = {RIGHT_SUBMIT, 0};

START_TEST(a_worker_without_the_right_to_its_function_is_ended_and_its_task_goes_to_another)
{
    struct remote *client, *worker;
    const char *handle;

    begin();
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    change();
    allow(worker, without_work[_i]);
    HEARS(worker, "ERROR ACCESS_DENIED|The rights of this connection were taken away");
    ck_assert_ptr_null(worker->seat);
    (void)worker_with("f", handle);
}
END_TEST

START_TEST(a_task_in_hand_of_a_function_taken_back_counts_as_work_too)
{
    struct remote *worker;
    const char *handle;

    begin();
    handle = submitted(remote_new(&rig), "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    say(worker, "CANT_DO f");
    change();
    allow(worker, RIGHT_SUBMIT);
    hears_start(worker, "ERROR ACCESS_DENIED|");
    ck_assert_ptr_null(worker->seat);
}
END_TEST

START_TEST(who_has_no_right_left_is_ended)
{
    struct remote *silent;

    begin();
    silent = remote_new(&rig);
    change();
    allow(silent, 0);
    hears_start(silent, "ERROR ACCESS_DENIED|");
    ck_assert_ptr_null(silent->seat);
}
END_TEST

START_TEST(patterns_mean_what_they_are_now)
{
    const struct router_pattern before[] = {pattern_of("img:*")};
    const struct router_pattern after[] = {pattern_of("snd:*"), pattern_of("img:*")};
    uint64_t some[PEER_RIGHTS] = {1};
    struct remote *client;

    rules.patterns = before;
    rules.pattern_count = COUNT(before);
    begin();
    client = remote_with(&rig, RIGHT_OBSERVE);
    router_grant(rig.router, &client->seat->peer, RIGHT_SUBMIT, 0);
    (void)submitted(client, "SUBMIT_JOB img:a||x");
    rules.patterns = after;
    rules.pattern_count = COUNT(after);
    ck_assert(rig_change(&rig, &rules));
    router_allow(&client->seat->peer, RIGHT_OBSERVE, some);
    say(client, "SUBMIT_JOB img:a||x");
    hears_start(client, "ERROR ACCESS_DENIED|");
    (void)submitted(client, "SUBMIT_JOB snd:a||x");
}
END_TEST

/* ---- the line ---- */

START_TEST(nothing_more_is_heard_of_who_asked_until_it_is_answered)
{
    struct remote *admin, *other;

    begin();
    ck_assert_ptr_null(router_reload_asked(rig.router));
    admin = remote_new(&rig);
    other = remote_new(&rig);
    post(admin, "ECHO_REQ before");
    remote_post(admin, "reload\nversion\n", strlen("reload\nversion\n"));
    rig_turn(&rig);
    HEARS(admin, "ECHO_RES before");
    HEARS_NOTHING(admin);
    ck_assert_ptr_eq(router_reload_asked(rig.router), &admin->seat->peer);
    is_served(other);
    rig_check(&rig);
    router_reload_answer(&admin->seat->peer, "ERR a line\nwith \x7f in it");
    ck_assert_ptr_null(router_reload_asked(rig.router));
    rig_turn(&rig);
    HEARS(admin, "ERR a line?with ? in it\\x0d");
    HEARS(admin, "OK 1.2.3");
}
END_TEST

START_TEST(all_who_have_asked_are_named_in_their_order)
{
    struct remote *first, *second;

    begin();
    first = remote_new(&rig);
    second = remote_new(&rig);
    say_line(second, "reload");
    say_line(first, "reload");
    ck_assert_ptr_eq(router_reload_asked(rig.router), &second->seat->peer);
    router_reload_answer(&second->seat->peer, "OK");
    ck_assert_ptr_eq(router_reload_asked(rig.router), &first->seat->peer);
    router_reload_answer(&first->seat->peer, "OK");
    rig_turn(&rig);
    HEARS(first, "OK\\x0d");
    HEARS(second, "OK\\x0d");
}
END_TEST

START_TEST(who_leaves_without_its_answer_leaves_nothing_behind)
{
    struct remote *admin;
    size_t before;

    begin();
    before = wire_used();
    admin = remote_new(&rig);
    say_line(admin, "reload");
    ck_assert_uint_gt(wire_used(), before);
    remote_leave(admin);
    ck_assert_uint_eq(wire_used(), before);
    ck_assert_ptr_null(router_reload_asked(rig.router));
}
END_TEST

START_TEST(a_long_answer_is_cut_where_its_room_ends)
{
    char answer[ROUTER_RELOAD_MAX + 100];
    struct heard_frame frame;
    struct remote *admin;

    begin();
    memset(answer, 'x', sizeof answer - 1);
    answer[sizeof answer - 1] = 0;
    admin = remote_new(&rig);
    say_line(admin, "reload");
    router_reload_answer(&admin->seat->peer, answer);
    rig_turn(&rig);
    ck_assert(hear_frame(admin, &frame) && frame.is_line);
    ck_assert_uint_eq(frame.size, ROUTER_RELOAD_MAX + 1);
}
END_TEST

START_TEST(to_administer_some_functions_is_not_enough)
{
    const struct router_pattern patterns[] = {pattern_of("img:*")};
    struct remote *admin;

    rules.patterns = patterns;
    rules.pattern_count = COUNT(patterns);
    begin();
    admin = remote_with(&rig, RIGHT_OBSERVE);
    router_grant(rig.router, &admin->seat->peer, RIGHT_ADMIN, 0);
    say_line(admin, "reload");
    HEARS(admin, "ERR ACCESS_DENIED reload+needs+the+right+admin\\x0d");
    ck_assert_ptr_null(router_reload_asked(rig.router));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_reload");
    TCase *cases = tcase_create("reload");

    tcase_add_checked_fixture(cases, setup_rules, teardown);
    tcase_add_test(cases, a_function_that_is_there_goes_by_its_new_rule);
    tcase_add_test(cases, a_limit_that_maxqueue_has_set_stays);
    tcase_add_test(cases, a_time_limit_that_runs_goes_on_and_the_next_is_the_new_one);
    tcase_add_test(cases, retries_that_have_been_used_up_meanwhile_end_the_task_at_its_next_loss);
    tcase_add_loop_test(cases, limits_that_tables_were_made_for_are_refused_and_nothing_changes, 0,
                        COUNT(fixed));
    tcase_add_test(cases, no_change_keeps_all_connections_back);
    tcase_add_test(cases, reserves_stay_what_they_are_while_the_rest_of_their_rule_changes);
    tcase_add_test(cases, who_is_slow_by_the_new_outbox_max_has_the_grace_from_then_on);
    tcase_add_test(cases, a_new_idle_timeout_holds_for_who_is_silent_already);
    tcase_add_test(cases, what_was_taken_away_is_denied_and_what_was_given_is_done);
    tcase_add_test(cases, who_may_not_submit_any_more_still_gets_the_results_of_what_it_has);
    tcase_add_loop_test(
        cases, a_worker_without_the_right_to_its_function_is_ended_and_its_task_goes_to_another, 0,
        COUNT(without_work));
    tcase_add_test(cases, a_task_in_hand_of_a_function_taken_back_counts_as_work_too);
    tcase_add_test(cases, who_has_no_right_left_is_ended);
    tcase_add_test(cases, patterns_mean_what_they_are_now);
    tcase_add_test(cases, nothing_more_is_heard_of_who_asked_until_it_is_answered);
    tcase_add_test(cases, all_who_have_asked_are_named_in_their_order);
    tcase_add_test(cases, who_leaves_without_its_answer_leaves_nothing_behind);
    tcase_add_test(cases, a_long_answer_is_cut_where_its_room_ends);
    tcase_add_test(cases, to_administer_some_functions_is_not_enough);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
