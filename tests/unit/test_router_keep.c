/* What is left of the background, as the frames that would submit it again: router_keep(). */
#include "rules_fixture.h"

enum { KEPT_MAX = 16 };

/* A keeper that shows frames as the driver shows them, and wants `wanted` of them. */
static struct {
    size_t count, wanted, announced;
    struct bytes bytes; /* of the frame at hand */
    char shown[KEPT_MAX][128];
} kept;

static bool keep_begin(void *user, size_t size)
{
    (void)user;
    kept.announced = size;
    kept.bytes.size = 0;
    return kept.count < kept.wanted;
}

static bool keep_put(void *user, const void *bytes, size_t size)
{
    (void)user;
    bytes_add(&kept.bytes, bytes, size);
    return true;
}

static bool keep_end(void *user)
{
    char *into = kept.shown[kept.count++];

    (void)user;
    ck_assert_uint_eq(kept.bytes.size, kept.announced);
    ck_assert_uint_lt(kept.bytes.size, sizeof kept.shown[0]);
    for (size_t i = GM_HEADER_SIZE; i < kept.bytes.size; i++)
        kept.bytes.at[i] = kept.bytes.at[i] == 0 ? '|' : kept.bytes.at[i];
    (void)snprintf(into, sizeof kept.shown[0], "%d:%.*s", kept.bytes.at[7],
                   (int)(kept.bytes.size - GM_HEADER_SIZE),
                   (const char *)kept.bytes.at + GM_HEADER_SIZE);
    return true;
}

static bool keeps(size_t wanted)
{
    const struct router_keeper keeper = {NULL, keep_begin, keep_put, keep_end};

    kept.count = 0;
    kept.wanted = wanted;
    return router_keep(rig.router, &keeper);
}

static void teardown_kept(void)
{
    bytes_free(&kept.bytes);
    teardown();
}

START_TEST(every_background_task_is_told_with_what_it_was_submitted_with)
{
    static const char *const expected[] = {"18:f|run|1",      "32:f|high|2",
                                           "18:f|usual|3",    "34:f|low|4",
                                           "38:g|red|sum||5", "36:f|late|4000000000|6"};
    struct remote *client = remote_new(&rig);
    const char *running = submitted(client, "SUBMIT_JOB_BG f|run|1");

    (void)worker_with("f", running);
    (void)submitted(client, "SUBMIT_JOB_LOW_BG f|low|4");
    (void)submitted(client, "SUBMIT_JOB_BG f|usual|3");
    (void)submitted(client, "SUBMIT_JOB_HIGH_BG f|high|2");
    (void)submitted(client, "SUBMIT_JOB_EPOCH f|late|4000000000|6");
    (void)submitted(client, "SUBMIT_REDUCE_JOB_BACKGROUND g|red|sum||5");
    ck_assert(keeps(KEPT_MAX));
    ck_assert_uint_eq(kept.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++)
        ck_assert_str_eq(kept.shown[i], expected[i]);
}
END_TEST

START_TEST(what_is_not_in_the_background_or_has_ended_is_not_told)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker;
    const char *done;

    (void)submitted(client, "SUBMIT_JOB f||foreground");
    done = submitted(client, "SUBMIT_JOB_BG g||done");
    worker = worker_with("g", done);
    say(worker, "WORK_COMPLETE %s|", done);
    done = submitted(client, "SUBMIT_JOB_BG g||cancelled");
    grabs(worker, done);
    say_line(client, text("cancel job %s", done));
    HEARS(client, "OK\\x0d");
    post_header(client, "|REQ", GM_SUBMIT_JOB_BG, 100);
    remote_post(client, "g\0\0begins", 9);
    rig_turn(&rig);
    ck_assert(keeps(KEPT_MAX));
    ck_assert_uint_eq(kept.count, 0);
}
END_TEST

START_TEST(a_foreground_task_that_somebody_joined_in_the_background_is_told)
{
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB f|u|x");
    (void)submitted(client, "SUBMIT_JOB_BG f|u|x");
    ck_assert(keeps(KEPT_MAX));
    ck_assert_uint_eq(kept.count, 1);
    ck_assert_str_eq(kept.shown[0], "18:f|u|x");
}
END_TEST

START_TEST(a_keeper_that_wants_no_more_is_told_no_more)
{
    struct remote *client = remote_new(&rig);

    for (int i = 0; i < 3; i++)
        (void)submitted(client, "SUBMIT_JOB_BG f||x");
    ck_assert(!keeps(2));
    ck_assert_uint_eq(kept.count, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_keep");
    TCase *cases = tcase_create("keep");

    tcase_add_checked_fixture(cases, setup, teardown_kept);
    tcase_add_test(cases, every_background_task_is_told_with_what_it_was_submitted_with);
    tcase_add_test(cases, what_is_not_in_the_background_or_has_ended_is_not_told);
    tcase_add_test(cases, a_foreground_task_that_somebody_joined_in_the_background_is_told);
    tcase_add_test(cases, a_keeper_that_wants_no_more_is_told_no_more);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
