/* Rules for functions by their names: [function LABEL] of pmadd.conf(5), as the core keeps them. */
#include "rules_fixture.h"

/* ---- which rule holds ---- */

static const struct {
    const char *pattern, *name;
    bool matches;
} patterns[] = {
    {"img:*", "img:resize", true},
    {"img:*", "img:", true},
    {"img:*", "img", false},
    {"img:*", "xximg:a", false},
    {"*", "anything", true},
    {"*:small", "img:small", true},
    {"*:small", "img:smaller", false},
    {"a?c", "abc", true},
    {"a?c", "ac", false},
    {"a?c", "abbc", false},
    {"a*b*c", "aXbYc", true},
    {"a*b*c", "abbbc", true},
    {"a*b*c", "acb", false},
    {"*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    {"**", "a", true},
    {"exact", "exact", true},
    {"exact", "exactly", false},
};

START_TEST(a_pattern_matches_whole_names)
{
    struct remote *client;

    setup_row(patterns[_i].pattern, (struct router_function_rule){.max_queue = 1});
    client = remote_new(&rig);
    (void)submitted(client, text("SUBMIT_JOB %s||1", patterns[_i].name));
    say(client, "SUBMIT_JOB %s||2", patterns[_i].name);
    if (patterns[_i].matches)
        is_refused_by(client, "queue", "");
    else
        (void)created(client);
}
END_TEST

START_TEST(of_several_rules_that_match_the_first_holds)
{
    const struct router_function_row rows[] = {
        row_of("img:thumb", (struct router_function_rule){.max_queue = 2}),
        row_of("img:*", (struct router_function_rule){.max_queue = 1}),
    };
    struct rig_setup ruled = rig_setup_ample();
    struct remote *client;

    ruled.functions = rows;
    ruled.function_count = COUNT(rows);
    ruled.every_function.max_queue = 3;
    rig_replace(&ruled);
    client = remote_new(&rig);
    for (int i = 0; i < 3; i++) {
        (void)submitted(client, "SUBMIT_JOB other||x");
        if (i < 2)
            (void)submitted(client, "SUBMIT_JOB img:thumb||x");
        if (i < 1)
            (void)submitted(client, "SUBMIT_JOB img:large||x");
    }
    say(client, "SUBMIT_JOB img:large||x");
    is_refused_by(client, "queue", "function=img:large used=1 of=1 ");
    say(client, "SUBMIT_JOB img:thumb||x");
    is_refused_by(client, "queue", "function=img:thumb used=2 of=2 ");
    say(client, "SUBMIT_JOB other||x");
    is_refused_by(client, "queue", "function=other used=3 of=3 ");
}
END_TEST

START_TEST(every_function_that_a_pattern_matches_has_the_limit_for_itself)
{
    struct remote *client;

    setup_row("f*", (struct router_function_rule){.max_queue = 1});
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f1||x");
    (void)submitted(client, "SUBMIT_JOB f2||x");
    say(client, "SUBMIT_JOB f2||x");
    is_refused_by(client, "queue", "function=f2 used=1 of=1 ");
}
END_TEST

START_TEST(a_time_limit_holds_for_the_functions_it_is_for)
{
    struct remote *client, *slow, *other;
    const char *limited, *free;

    setup_row("slow", (struct router_function_rule){.timeout_us = 5 * SECOND_US});
    client = remote_new(&rig);
    limited = submitted(client, "SUBMIT_JOB slow||x");
    free = submitted(client, "SUBMIT_JOB other||x");
    slow = worker_with("slow", limited);
    other = worker_with("other", free);
    rig_sleep(&rig, 6 * SECOND_US);
    say(slow, "WORK_COMPLETE %s|r", limited);
    HEARS(slow, NOT_FOUND);
    say(other, "WORK_COMPLETE %s|r", free);
    HEARS_NOTHING(other);
    HEARS(client, "WORK_COMPLETE %s|r", free);
}
END_TEST

START_TEST(maxqueue_lifts_the_rule_and_a_new_function_of_that_name_has_it_again)
{
    struct remote *admin, *client;

    setup_row("f", (struct router_function_rule){.max_queue = 1});
    admin = remote_new(&rig);
    client = remote_new(&rig);
    say_line(admin, "maxqueue f");
    HEARS(admin, "OK\\x0d");
    for (int i = 0; i < 3; i++)
        (void)submitted(client, "SUBMIT_JOB f||x");
    remote_leave(client);
    say_line(admin, "drop function f");
    HEARS(admin, "OK\\x0d");
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB f||x");
    say(client, "SUBMIT_JOB f||x");
    is_refused_by(client, "queue", "function=f used=1 of=1 ");
}
END_TEST

/* ---- max_bytes ---- */

START_TEST(bytes_beyond_max_bytes_are_refused_by_name)
{
    struct remote *client, *worker;
    const char *handle;

    setup_row("f", (struct router_function_rule){.max_bytes = 10});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||123456");
    say(client, "SUBMIT_JOB f||12345");
    is_refused_by(client, "bytes", "function=f used=6 of=10 retry_ms=1000");
    (void)submitted(client, "SUBMIT_JOB f||1234");
    (void)submitted(client, "SUBMIT_JOB f||");
    say(client, "SUBMIT_JOB f||1");
    is_refused_by(client, "bytes", "function=f used=10 of=10 ");

    worker = worker_with("f", handle);
    say(client, "SUBMIT_JOB f||1"); /* a running task counts as one that waits does */
    is_refused_by(client, "bytes", "function=f used=10 of=10 ");
    say(worker, "WORK_COMPLETE %s|", handle);
    HEARS(client, "WORK_COMPLETE %s|", handle);
    (void)submitted(client, "SUBMIT_JOB f||123456");
}
END_TEST

START_TEST(one_body_above_max_bytes_is_refused_by_an_empty_function)
{
    struct remote *client;

    setup_row("f", (struct router_function_rule){.max_bytes = 4});
    client = remote_new(&rig);
    say(client, "SUBMIT_JOB f||12345");
    is_refused_by(client, "bytes", "function=f used=0 of=4 ");
    (void)submitted(client, "SUBMIT_JOB f||1234");
}
END_TEST

START_TEST(bytes_that_are_still_arriving_count)
{
    struct remote *client, *other;

    setup_row("f", (struct router_function_rule){.max_bytes = 100});
    client = remote_new(&rig);
    other = remote_new(&rig);
    post_header(other, "|REQ", GM_SUBMIT_JOB, 3 + 90);
    remote_post(other,
                "f\0\0"
                "begun",
                8);
    rig_turn(&rig);
    say_data(client, "SUBMIT_JOB f||", "12345678901", 11);
    is_refused_by(client, "bytes", "function=f used=90 of=100 ");
    remote_leave(other);
    (void)submitted(client, "SUBMIT_JOB f||12345678901");
}
END_TEST

START_TEST(a_submission_that_joins_a_task_is_not_refused_for_its_bytes)
{
    struct remote *client;
    const char *handle;

    setup_row("f", (struct router_function_rule){.max_bytes = 4});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f|u|1234");
    ck_assert_str_eq(submitted(client, "SUBMIT_JOB f|u|1234"), handle);
    /* Where the payload is the id, only the body tells: this one joins, the other does not. */
    setup_row("f", (struct router_function_rule){.max_bytes = 4});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f|-|1234");
    ck_assert_str_eq(submitted(client, "SUBMIT_JOB f|-|1234"), handle);
    say(client, "SUBMIT_JOB f|-|4321");
    is_refused_by(client, "bytes", "function=f used=4 of=4 ");
}
END_TEST

/* ---- retries that end ---- */

START_TEST(work_fail_is_the_end_of_a_task_where_nothing_else_is_said)
{
    struct remote *client, *worker;
    const char *handle;

    setup_row("f", (struct router_function_rule){.retries = 3});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    worker = worker_with("f", handle);
    say(worker, "WORK_FAIL %s", handle);
    HEARS(client, "WORK_FAIL %s", handle);
}
END_TEST

START_TEST(with_retry_on_fail_a_failed_task_is_tried_again_until_it_has_cost_retries_workers)
{
    struct remote *client, *first, *second;
    const char *handle;

    setup_row("f", (struct router_function_rule){.retries = 3, .retry_on_fail = true});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    first = worker_with("f", handle);
    say(first, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
    HEARS_NOTHING(first);
    second = worker_with("f", handle);
    remote_leave(second);
    HEARS_NOTHING(client);
    grabs(first, handle);
    say(first, "WORK_FAIL %s", handle);
    HEARS(client, "WORK_WARNING %s|given up: it has cost 3 workers; the last one said WORK_FAIL",
          handle);
    HEARS(client, "WORK_FAIL %s", handle);
    HEARS_NOTHING(client);
    grabs_nothing(first);
    ck_assert_uint_eq(rig_counts(&rig).retried, 2);
    counts_balance();
}
END_TEST

START_TEST(a_failed_task_that_is_tried_again_is_the_next_one_of_its_queue)
{
    struct remote *client, *worker;
    const char *first;

    setup_row("f", (struct router_function_rule){.retries = 9, .retry_on_fail = true});
    client = remote_new(&rig);
    first = submitted(client, "SUBMIT_JOB f||1");
    (void)submitted(client, "SUBMIT_JOB f||2");
    worker = worker_with("f", first);
    say(worker, "WORK_FAIL %s", first);
    grabs(worker, first);
}
END_TEST

START_TEST(an_expired_time_limit_costs_a_worker_too)
{
    struct remote *client;
    const char *handle;

    setup_row("f", (struct router_function_rule){.retries = 2, .timeout_us = SECOND_US});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    remote_leave(worker_with("f", handle));
    (void)worker_with("f", handle);
    rig_sleep(&rig, 2 * SECOND_US);
    HEARS(client, "WORK_WARNING %s|given up: it has cost 2 workers; the last one took too long",
          handle);
    HEARS(client, "WORK_FAIL %s", handle);
}
END_TEST

START_TEST(retries_of_one_function_are_not_those_of_another)
{
    struct remote *client;
    const char *limited, *free;

    setup_row("f", (struct router_function_rule){.retries = 1});
    client = remote_new(&rig);
    limited = submitted(client, "SUBMIT_JOB f||x");
    free = submitted(client, "SUBMIT_JOB g||x");
    remote_leave(worker_with("f", limited));
    remote_leave(worker_with("g", free));
    (void)hear_of(client, "WORK_WARNING");
    HEARS(client, "WORK_FAIL %s", limited);
    HEARS_NOTHING(client);
    (void)worker_with("g", free);
}
END_TEST

/* ---- functions come and go ---- */

START_TEST(undeclared_functions_do_not_use_the_table_up)
{
    struct rig_setup narrow = rig_setup_ample();
    struct remote *client;

    narrow.limits.functions = 4;
    rig_replace(&narrow);
    client = remote_new(&rig);
    for (int i = 0; i < 3; i++)
        (void)submitted(client, text("SUBMIT_JOB kept%d||x", i));
    for (int i = 0; i < 1000; i++) {
        struct remote *worker = worker_for(text("passing%d", i));

        grabs_nothing(worker);
        remote_free(worker);
    }
    ck_assert_int_eq(status_of("kept0", 0), 1);
    ck_assert_int_eq(status_of("passing999", 0), 0);
    ck_assert_int_eq(status_of("passing998", 0), -1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_rules");
    TCase *cases = tcase_create("rules");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_pattern_matches_whole_names, 0, COUNT(patterns));
    tcase_add_test(cases, of_several_rules_that_match_the_first_holds);
    tcase_add_test(cases, every_function_that_a_pattern_matches_has_the_limit_for_itself);
    tcase_add_test(cases, a_time_limit_holds_for_the_functions_it_is_for);
    tcase_add_test(cases, maxqueue_lifts_the_rule_and_a_new_function_of_that_name_has_it_again);
    tcase_add_test(cases, bytes_beyond_max_bytes_are_refused_by_name);
    tcase_add_test(cases, one_body_above_max_bytes_is_refused_by_an_empty_function);
    tcase_add_test(cases, bytes_that_are_still_arriving_count);
    tcase_add_test(cases, a_submission_that_joins_a_task_is_not_refused_for_its_bytes);
    tcase_add_test(cases, work_fail_is_the_end_of_a_task_where_nothing_else_is_said);
    tcase_add_test(
        cases, with_retry_on_fail_a_failed_task_is_tried_again_until_it_has_cost_retries_workers);
    tcase_add_test(cases, a_failed_task_that_is_tried_again_is_the_next_one_of_its_queue);
    tcase_add_test(cases, an_expired_time_limit_costs_a_worker_too);
    tcase_add_test(cases, retries_of_one_function_are_not_those_of_another);
    tcase_add_test(cases, undeclared_functions_do_not_use_the_table_up);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
