/* The line `peek`: which tasks wait for a function, the next first. */
#include "admin_fixture.h"
#include "rules_fixture.h"

#define HEAD "handle\tunique\tpriority\tbytes\twaited_us\tclients\tlost\n"

START_TEST(tasks_come_in_the_order_in_which_workers_are_given_them)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);
    char low[64], first[64], second[64], high[64];

    keep(low, submitted(client, "SUBMIT_JOB_LOW_BG f||12345"));
    keep(first, submitted(client, "SUBMIT_JOB f|an id|x"));
    keep(second, submitted(client, "SUBMIT_JOB_BG f||"));
    (void)submitted(client, "SUBMIT_JOB_BG g||other");
    (void)submitted(remote_new(&rig), "SUBMIT_JOB f|an id|x");
    rig_sleep(&rig, 30);
    keep(high, submitted(client, "SUBMIT_JOB_HIGH_BG f||"));
    LISTS(asker, "peek f",
          text(HEAD "%s\t\thigh\t0\t0\t0\t0\n%s\tan%%20id\tnormal\t1\t30\t2\t0\n"
                    "%s\t\tnormal\t0\t30\t0\t0\n%s\t\tlow\t5\t30\t0\t0\n.",
               high, first, second, low));
}
END_TEST

START_TEST(running_ones_do_not_wait_and_returned_ones_have_cost_a_worker)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);
    const char *one = submitted(client, "SUBMIT_JOB_BG f||");
    struct remote *worker = worker_with("f", one);

    LISTS(asker, "peek f", HEAD ".");
    remote_leave(worker);
    LISTS(asker, "peek f", text(HEAD "%s\t\tnormal\t0\t0\t0\t1\n.", one));
}
END_TEST

START_TEST(so_many_are_shown_as_were_asked_for)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);
    static const struct {
        const char *line;
        int rows;
    } looks[] = {{"peek f", 10}, {"peek f 1", 1}, {"peek f 100", 100}};

    for (int i = 0; i < 120; i++)
        (void)submitted(client, "SUBMIT_JOB_BG f||");
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct heard_frame frame;
        int rows = -2; /* the head, and the full stop */

        for (say_line(asker, looks[i].line); hear_frame(asker, &frame); rows++)
            ;
        ck_assert_int_eq(rows, looks[i].rows);
    }
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    struct remote *client = remote_new(&rig);
    struct remote *asker = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG f||");
    answers(asker, "peek nobody", "ERR function not found\r\n");
    for (int i = 0; i < 4; i++) {
        static const char *const lines[] = {"peek f 0", "peek f 101", "peek f -1", "peek f x"};

        answers(asker, lines[i], "ERR INVALID_ARGUMENTS peek+takes+a+number+from+1+to+100\r\n");
    }
}
END_TEST

START_TEST(a_function_that_somebody_may_not_observe_is_not_there)
{
    struct remote *guest = setup_observer("open*");
    struct remote *client = remote_new(&rig);

    (void)submitted(client, "SUBMIT_JOB_BG open:f||x");
    (void)submitted(client, "SUBMIT_JOB_BG shut||x");
    ck_assert_uint_gt(strlen(listing_of(guest, "peek open:f")), sizeof HEAD);
    answers(guest, "peek shut", "ERR function not found\r\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_peek");
    TCase *tests = tcase_create("peek");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, tasks_come_in_the_order_in_which_workers_are_given_them);
    tcase_add_test(tests, running_ones_do_not_wait_and_returned_ones_have_cost_a_worker);
    tcase_add_test(tests, so_many_are_shown_as_were_asked_for);
    tcase_add_test(tests, what_makes_no_sense_is_refused);
    tcase_add_test(tests, a_function_that_somebody_may_not_observe_is_not_there);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
