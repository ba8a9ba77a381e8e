/* What the lines `functions` and `histograms` tell of each function. */
#include <inttypes.h>

#include "admin_fixture.h"
#include "rules_fixture.h"

#define MS UINT64_C(1000)

enum { LINE = 4096 };

/* The next line that it hears, in full. */
static const char *line_of(struct remote *asker)
{
    static char lines[4][LINE];
    static size_t next;
    char *into = lines[next++ % 4];
    struct heard_frame frame;

    ck_assert_msg(hear_frame(asker, &frame) && frame.is_line && frame.size < LINE,
                  "a listing has no end");
    memcpy(into, frame.bytes, frame.size);
    into[frame.size] = 0;
    return into;
}

static bool is_end(const char *line)
{
    return strcmp(line, ".") == 0;
}

/* Column `index` of a line, or NULL. */
static const char *cell(const char *line, size_t index)
{
    static char cells[4][LINE];
    static size_t next;
    char *into = cells[next++ % 4];

    for (; index > 0; index--) {
        line = strchr(line, '\t');
        if (line == NULL)
            return NULL;
        line++;
    }
    memcpy(into, line, strcspn(line, "\t"));
    into[strcspn(line, "\t")] = 0;
    return into;
}

/* The figure of that function whose column has that head; -1 where there is none. */
static long figure_of(const char *function, const char *head)
{
    struct remote *asker = remote_new(&rig);
    const char *line;
    size_t column = 0;
    long value = -1;

    say_line(asker, "functions");
    line = line_of(asker);
    while (cell(line, column) && strcmp(cell(line, column), head) != 0)
        column++;
    ck_assert_msg(cell(line, column) != NULL, "no column is called %s", head);
    while (line = line_of(asker), !is_end(line))
        if (strcmp(cell(line, 0), function) == 0)
            value = strtol(cell(line, column), NULL, 10);
    remote_free(asker);
    return value;
}

#define FIGURE(head, expected) ck_assert_int_eq(figure_of("f", head), expected)

/* That histogram of f: its sum and its buckets. */
static const char *histogram_of(const char *which)
{
    struct remote *asker = remote_new(&rig);
    const char *line, *found = "none";

    say_line(asker, "histograms");
    ck_assert_str_eq(line_of(asker), "function\thistogram\tsum\tbuckets");
    while (line = line_of(asker), !is_end(line))
        if (strcmp(cell(line, 0), "f") == 0 && strcmp(cell(line, 1), which) == 0)
            found = text("%s in %s", cell(line, 2), cell(line, 3));
    remote_free(asker);
    return found;
}

/* ---- what has happened ---- */

START_TEST(each_end_of_a_task_is_counted_for_its_function_alone)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||one");

    (void)submitted(client, "SUBMIT_JOB g||other");
    grabs(worker, handle);
    say(worker, "WORK_COMPLETE %s|", handle);
    handle = submitted(client, "SUBMIT_JOB_BG f||two");
    grabs(worker, handle);
    say(worker, "WORK_FAIL %s", handle);
    say_line(remote_new(&rig), text("cancel job %s", submitted(client, "SUBMIT_JOB_BG f||three")));
    (void)submitted(client, "SUBMIT_JOB f||four");
    (void)submitted(client, "SUBMIT_JOB_BG f|id|five");
    (void)submitted(client, "SUBMIT_JOB_BG f|id|five");
    remote_leave(client);
    FIGURE("submitted", 5);
    FIGURE("coalesced", 1);
    FIGURE("completed", 1);
    FIGURE("failed", 1);
    FIGURE("given_up", 0);
    FIGURE("cancelled", 1);
    FIGURE("abandoned", 1);
    FIGURE("queued", 1);
    FIGURE("bytes", 4);
    ck_assert_int_eq(figure_of("g", "submitted"), 1);
    ck_assert_int_eq(figure_of("g", "completed"), 0);
}
END_TEST

START_TEST(a_task_that_costs_too_many_workers_is_counted_as_retried_timed_out_and_given_up)
{
    struct remote *client;
    const char *handle;

    setup_row("f", (struct router_function_rule){.timeout_us = 50 * MS, .retries = 2});
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB f||x");
    remote_leave(worker_with("f", handle));
    FIGURE("retried", 1);
    FIGURE("timed_out", 0);
    (void)worker_with("f", handle);
    rig_sleep(&rig, 60 * MS);
    FIGURE("retried", 1);
    FIGURE("timed_out", 1);
    FIGURE("failed", 1);
    FIGURE("given_up", 1);
}
END_TEST

START_TEST(a_refusal_is_counted_for_its_function_by_its_limit)
{
    struct remote *client;

    setup_row("f", (struct router_function_rule){.max_queue = 1, .max_bytes = 0});
    client = remote_new(&rig);
    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    say(client, "SUBMIT_JOB_BG f||x");
    say(client, "SUBMIT_JOB_BG f||x");
    is_refused_by(client, "queue", "function=f ");
    FIGURE("refused_queue", 2);
    FIGURE("refused_bytes", 0);
    FIGURE("submitted", 1);
}
END_TEST

/* ---- what is there ---- */

START_TEST(workers_that_wait_are_told_apart_from_those_that_only_can)
{
    struct remote *client = remote_new(&rig);
    struct remote *sleeper = worker_for("f");
    const char *handle;

    (void)worker_for("f");
    FIGURE("workers", 2);
    FIGURE("workers_free", 0);
    say(sleeper, "PRE_SLEEP");
    FIGURE("workers_free", 1);
    handle = submitted(client, "SUBMIT_JOB f||x");
    FIGURE("workers_free", 0);
    HEARS(sleeper, "NOOP");
    grabs(sleeper, handle);
    FIGURE("running", 1);
    FIGURE("queued", 0);
}
END_TEST

START_TEST(the_oldest_is_the_one_that_waits_longest_whatever_its_priority)
{
    struct remote *client = remote_new(&rig);

    FIGURE("oldest_us", -1);
    (void)submitted(client, "SUBMIT_JOB_LOW_BG f||old");
    FIGURE("oldest_us", 0);
    rig_sleep(&rig, 300);
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG f||young");
    rig_sleep(&rig, 40);
    FIGURE("oldest_us", 340);
}
END_TEST

START_TEST(a_task_that_goes_back_to_its_queue_is_as_old_as_before)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    FIGURE("oldest_us", 0);
    rig_sleep(&rig, 500);
    remote_leave(worker);
    FIGURE("oldest_us", 500);
}
END_TEST

START_TEST(a_task_for_later_begins_to_wait_in_its_second)
{
    struct remote *client = remote_new(&rig);
    uint64_t second = (uint64_t)(RIG_WALL_US / SECOND_US) + 10;

    (void)submitted(client, text("SUBMIT_JOB_EPOCH f||%" PRIu64 "|x", second));
    FIGURE("delayed", 1);
    FIGURE("oldest_us", 0);
    rig_sleep(&rig, 10 * SECOND_US);
    FIGURE("delayed", 0);
    rig_sleep(&rig, 70);
    FIGURE("oldest_us", 70);
}
END_TEST

/* ---- histograms ---- */

START_TEST(waiting_and_running_are_measured_apart)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker;

    ck_assert_str_eq(histogram_of("waiting"), "0 in ");
    rig_sleep(&rig, 5);
    worker = worker_with("f", handle);
    rig_sleep(&rig, 700);
    ck_assert_str_eq(histogram_of("waiting"), "5 in 6:1");
    ck_assert_str_eq(histogram_of("running"), "0 in ");
    say(worker, "WORK_COMPLETE %s|", handle);
    ck_assert_str_eq(histogram_of("running"), "700 in 768:1");
}
END_TEST

START_TEST(bodies_of_accepted_tasks_are_measured)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG f||");
    (void)submitted(client, "SUBMIT_JOB_BG f|id|12345");
    (void)submitted(client, "SUBMIT_JOB_BG f|id|joins");
    (void)submitted(client, "SUBMIT_JOB_BG g||other");
    ck_assert_str_eq(histogram_of("size"), "5 in 1:1 6:1");
}
END_TEST

START_TEST(a_task_that_was_cancelled_runs_until_its_worker_has_answered)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    rig_sleep(&rig, 3);
    say_line(remote_new(&rig), text("cancel job %s", handle));
    FIGURE("running", 1);
    rig_sleep(&rig, 5);
    say(worker, "WORK_COMPLETE %s|", handle);
    ck_assert_str_eq(histogram_of("running"), "8 in 8:1");
}
END_TEST

START_TEST(each_time_that_a_worker_gets_a_task_is_one_waiting_and_one_run)
{
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    rig_sleep(&rig, 100);
    remote_leave(worker);
    rig_sleep(&rig, 100);
    worker = worker_with("f", handle);
    say(worker, "WORK_COMPLETE %s|", handle);
    ck_assert_str_eq(histogram_of("waiting"), "200 in 1:1 256:1");
    ck_assert_str_eq(histogram_of("running"), "100 in 1:1 128:1");
}
END_TEST

START_TEST(what_takes_longer_than_all_bounds_is_counted_beyond_them)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG f||x");
    rig_sleep(&rig, UINT64_C(4294967297));
    say(worker_for("f"), "GRAB_JOB");
    ck_assert_str_eq(histogram_of("waiting"), "4294967297 in inf:1");
}
END_TEST

/* ---- names, rights ---- */

START_TEST(a_name_is_one_word_whatever_is_in_it)
{
    struct remote *client = remote_new(&rig);

    say(client, "SUBMIT_JOB_BG a\tb\nc%%\xff||x");
    (void)created(client);
    ck_assert_int_eq(figure_of("a%09b%0Ac%25%FF", "queued"), 1);
}
END_TEST

START_TEST(the_longest_name_is_told_in_full)
{
    struct remote *client = remote_new(&rig);
    char name[LONGEST + 1], encoded[3 * LONGEST + 1];

    memset(name, ' ', LONGEST);
    name[LONGEST] = 0;
    for (size_t i = 0; i < LONGEST; i++)
        memcpy(encoded + 3 * i, "%20", 4);
    (void)submitted(client, text("SUBMIT_JOB_BG %s||x", name));
    ck_assert_int_eq(figure_of(encoded, "submitted"), 1);
}
END_TEST

START_TEST(functions_that_somebody_may_not_observe_are_not_told_to_him)
{
    struct remote *guest = setup_observer("open*");
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG open:f||x");
    (void)submitted(client, "SUBMIT_JOB_BG shut||x");
    say_line(guest, "functions");
    (void)line_of(guest);
    ck_assert_str_eq(cell(line_of(guest), 0), "open:f");
    ck_assert(is_end(line_of(guest)));
    say_line(guest, "histograms");
    (void)line_of(guest);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(cell(line_of(guest), 0), "open:f");
    ck_assert(is_end(line_of(guest)));
}
END_TEST

START_TEST(a_function_that_was_dropped_begins_anew)
{
    struct remote *admin = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    const char *handle = submitted(client, "SUBMIT_JOB_BG f||x");
    struct remote *worker = worker_with("f", handle);

    say(worker, "WORK_COMPLETE %s|", handle);
    FIGURE("completed", 1);
    remote_leave(worker);
    is_ok(admin, "drop function f");
    FIGURE("completed", -1);
    is_ok(admin, "create function f");
    FIGURE("completed", 0);
    ck_assert_str_eq(histogram_of("running"), "0 in ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_figures");
    TCase *tests = tcase_create("figures");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_end_of_a_task_is_counted_for_its_function_alone);
    tcase_add_test(tests,
                   a_task_that_costs_too_many_workers_is_counted_as_retried_timed_out_and_given_up);
    tcase_add_test(tests, a_refusal_is_counted_for_its_function_by_its_limit);
    tcase_add_test(tests, workers_that_wait_are_told_apart_from_those_that_only_can);
    tcase_add_test(tests, the_oldest_is_the_one_that_waits_longest_whatever_its_priority);
    tcase_add_test(tests, a_task_that_goes_back_to_its_queue_is_as_old_as_before);
    tcase_add_test(tests, a_task_for_later_begins_to_wait_in_its_second);
    tcase_add_test(tests, waiting_and_running_are_measured_apart);
    tcase_add_test(tests, bodies_of_accepted_tasks_are_measured);
    tcase_add_test(tests, a_task_that_was_cancelled_runs_until_its_worker_has_answered);
    tcase_add_test(tests, each_time_that_a_worker_gets_a_task_is_one_waiting_and_one_run);
    tcase_add_test(tests, what_takes_longer_than_all_bounds_is_counted_beyond_them);
    tcase_add_test(tests, a_name_is_one_word_whatever_is_in_it);
    tcase_add_test(tests, the_longest_name_is_told_in_full);
    tcase_add_test(tests, functions_that_somebody_may_not_observe_are_not_told_to_him);
    tcase_add_test(tests, a_function_that_was_dropped_begins_anew);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
