/* warn_wait: which functions are stuck, and when the log says so. */
#include <unistd.h>

#include "admin_fixture.h"
#include "log.h"
#include "stuck.h"

enum { WAIT_S = 10, MINUTE_S = 60, NAMED_MAX = 16, MANY = 20, SAID_MAX = 65536 };

static struct stuck stuck;
static struct config_server server = {.log_level = LOG_LEVEL_NOTICE};
static int log_fd;

/* The log is a file without a name. */
static void setup_log(void)
{
    char path[] = "/tmp/pmadd-stuck-XXXXXX";

    log_fd = mkstemp(path);
    ck_assert_int_ge(log_fd, 0);
    (void)snprintf(server.log_file, sizeof server.log_file, "%s", path);
    ck_assert_int_eq(log_open(&server), 0);
    (void)unlink(path);
}

static void setup_stuck(void)
{
    struct rig_setup waiting = rig_setup_ample();

    setup_log();
    setup();
    waiting.every_function.warn_wait_us = WAIT_S * SECOND_US;
    rig_replace(&waiting);
    stuck_init(&stuck, waiting.limits.functions);
}

static void teardown_stuck(void)
{
    teardown();
    close(log_fd);
}

/* What the log has said since the last call. */
static const char *news(void)
{
    static char said[SAID_MAX];
    ssize_t size = read(log_fd, said, sizeof said - 1);

    ck_assert_int_ge(size, 0);
    said[size] = '\0';
    return said;
}

static int count_of(const char *said, const char *words)
{
    int count = 0;

    for (const char *at = said; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

/* So many seconds, with a look at each. */
static void pass(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        rig_sleep(&rig, SECOND_US);
        stuck_look(&stuck, rig.router, rig.now.mono_us);
    }
}

/* True if some function is stuck, the last of which is told. */
static bool find(struct router_stuck *found)
{
    bool is_found = false;

    for (size_t row = 0; row < rig.setup.limits.functions; row++)
        is_found |= router_stuck(rig.router, row, found);
    return is_found;
}

START_TEST(a_function_is_stuck_when_nobody_could_do_its_tasks_for_as_long_as_it_says)
{
    struct remote *client = remote_new(&rig);
    struct router_stuck found;

    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    rig_sleep(&rig, SECOND_US);
    (void)submitted(client, "SUBMIT_JOB_BG f||2");
    rig_sleep(&rig, (WAIT_S - 1) * SECOND_US - 1);
    ck_assert(!find(&found));
    rig_sleep(&rig, 1);
    ck_assert(find(&found));
    ck_assert_str_eq(found.name, "f");
    ck_assert_uint_eq(found.queued, 2);
    ck_assert_uint_eq(found.waited_us, WAIT_S * SECOND_US);
    ck_assert_uint_eq(found.over_us, 0);
}
END_TEST

START_TEST(it_is_not_while_there_is_a_worker_however_busy)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    struct router_stuck found;

    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    (void)submitted(client, "SUBMIT_JOB_BG f||2");
    say(worker, "GRAB_JOB");
    rig_sleep(&rig, SECOND_US * 2 * WAIT_S);
    ck_assert(!find(&found));
    remote_leave(worker);
    ck_assert(find(&found));
    ck_assert_uint_eq(found.queued, 2);
    ck_assert_uint_eq(found.over_us, WAIT_S * SECOND_US);
}
END_TEST

START_TEST(it_is_not_while_it_is_paused_or_its_tasks_are_for_later)
{
    struct remote *client = remote_new(&rig);
    struct remote *admin = remote_new(&rig);
    struct router_stuck found;

    is_ok(admin, "pause function f");
    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    (void)submitted(client, text("SUBMIT_JOB_EPOCH g||%lld|1", RIG_WALL_US / SECOND_US + 1000LL));
    rig_sleep(&rig, SECOND_US * 2 * WAIT_S);
    ck_assert(!find(&found));
    is_ok(admin, "resume function f");
    ck_assert(find(&found));
    ck_assert_str_eq(found.name, "f");
}
END_TEST

START_TEST(a_name_is_one_plain_word_and_has_an_end)
{
    struct remote *client = remote_new(&rig);
    struct router_stuck found;
    char name[2 * ROUTER_STUCK_NAME];

    (void)submitted(client, "SUBMIT_JOB_BG a b;c=\"||1");
    rig_sleep(&rig, WAIT_S * SECOND_US);
    ck_assert(find(&found));
    ck_assert_str_eq(found.name, "a%20b%3Bc%3D%22");

    (void)submitted(client, text("SUBMIT_JOB_BG %0*d||1", ROUTER_STUCK_NAME, 0));
    rig_sleep(&rig, WAIT_S * SECOND_US);
    ck_assert(find(&found));
    (void)snprintf(name, sizeof name, "%0*d", ROUTER_STUCK_NAME, 0);
    ck_assert_str_eq(found.name, name);
}
END_TEST

START_TEST(it_is_said_when_it_begins_once_a_minute_and_when_it_is_over)
{
    struct remote *client = remote_new(&rig);
    const char *said;

    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    pass(WAIT_S - 1);
    ck_assert_str_eq(news(), "");
    pass(1);
    said = news();
    ck_assert_ptr_nonnull(strstr(said, " warning: stuck: tasks wait, and no worker can do them; "
                                       "function=f queued=1 waited_ms=10000\n"));
    pass(MINUTE_S - 1);
    ck_assert_str_eq(news(), "");
    pass(1);
    ck_assert_ptr_nonnull(strstr(news(), "function=f queued=1 waited_ms=70000\n"));
    (void)worker_for("f");
    pass(1);
    said = news();
    ck_assert_ptr_nonnull(strstr(said, " notice: unstuck: "));
    ck_assert_int_eq(count_of(said, "\n"), 1);
    pass(MINUTE_S);
    ck_assert_str_eq(news(), "");
}
END_TEST

START_TEST(one_that_is_stuck_later_than_another_is_said_at_once_and_in_minutes_of_its_own)
{
    struct remote *client = remote_new(&rig);
    const char *said;

    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    pass(5);
    (void)submitted(client, "SUBMIT_JOB_BG g||1");
    pass(WAIT_S - 5);
    ck_assert_int_eq(count_of(news(), "function=f"), 1);
    pass(4);
    ck_assert_str_eq(news(), "");
    pass(1);
    said = news();
    ck_assert_int_eq(count_of(said, "function=g"), 1);
    ck_assert_int_eq(count_of(said, "\n"), 1);
    pass(MINUTE_S);
    said = news();
    ck_assert_int_eq(count_of(said, "function=f"), 1);
    ck_assert_int_eq(count_of(said, "function=g"), 1);
    ck_assert_int_eq(count_of(said, "\n"), 2);
}
END_TEST

START_TEST(of_many_some_are_named_and_all_are_counted)
{
    struct remote *client = remote_new(&rig);
    const char *said;

    for (int i = 0; i < MANY; i++)
        (void)submitted(client, text("SUBMIT_JOB_BG f%d||1", i));
    pass(WAIT_S);
    said = news();
    ck_assert_int_eq(count_of(said, " stuck: tasks wait, "), NAMED_MAX);
    ck_assert_int_eq(count_of(said, " stuck: and so do others; functions=20\n"), 1);
    ck_assert_int_eq(count_of(said, "\n"), NAMED_MAX + 1);
}
END_TEST

START_TEST(nobody_looks_while_nothing_waits)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    ck_assert_uint_eq(stuck_deadline(&stuck, rig.router), UINT64_MAX);
    (void)submitted(client, "SUBMIT_JOB_BG f||1");
    ck_assert_uint_ne(stuck_deadline(&stuck, rig.router), UINT64_MAX);
    say(worker, "GRAB_JOB");
    ck_assert_uint_eq(stuck_deadline(&stuck, rig.router), UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stuck");
    TCase *cases = tcase_create("stuck");

    tcase_add_checked_fixture(cases, setup_stuck, teardown_stuck);
    tcase_add_test(cases,
                   a_function_is_stuck_when_nobody_could_do_its_tasks_for_as_long_as_it_says);
    tcase_add_test(cases, it_is_not_while_there_is_a_worker_however_busy);
    tcase_add_test(cases, it_is_not_while_it_is_paused_or_its_tasks_are_for_later);
    tcase_add_test(cases, a_name_is_one_plain_word_and_has_an_end);
    tcase_add_test(cases, it_is_said_when_it_begins_once_a_minute_and_when_it_is_over);
    tcase_add_test(cases,
                   one_that_is_stuck_later_than_another_is_said_at_once_and_in_minutes_of_its_own);
    tcase_add_test(cases, of_many_some_are_named_and_all_are_counted);
    tcase_add_test(cases, nobody_looks_while_nothing_waits);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
