/* Rules of Gearman, "Submitting": SUBMIT_REDUCE_JOB and SUBMIT_REDUCE_JOB_BACKGROUND. */
#include "gearman_fixture.h"

static const struct {
    const char *name;
    bool background;
} ways[] = {{"SUBMIT_REDUCE_JOB", false}, {"SUBMIT_REDUCE_JOB_BACKGROUND", true}};

START_TEST(four_arguments_stand_before_the_data_and_the_fourth_is_dropped)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    const char *handle =
        submitted(client, text("%s map|uni|reduce|aggregate|da|ta", ways[_i].name));

    say(worker, "GRAB_JOB_ALL");
    hears_exactly(worker, GM_JOB_ASSIGN_ALL, text("%s|map|uni|reduce|da|ta", handle));
    say(worker, "WORK_COMPLETE %s|r", handle);
    if (!ways[_i].background)
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(three_arguments_are_too_few)
{
    struct remote *client = remote_new(&rig);

    say(client, "%s map|uni|reduce|data", ways[_i].name);
    hears_start(client, "ERROR INVALID_COMMAND|");
    is_served(client);
}
END_TEST

START_TEST(an_empty_unique_id_and_empty_data_are_passed_on_empty)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    const char *handle = submitted(client, text("%s map||reduce||", ways[_i].name));

    say(worker, "GRAB_JOB_ALL");
    hears_exactly(worker, GM_JOB_ASSIGN_ALL, text("%s|map||reduce|", handle));
}
END_TEST

/* The aggregator is dropped, so that it may be as long as it likes within a head. */
START_TEST(the_fourth_argument_may_be_anything)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    const char *handle =
        submitted(client, text("%s map|u|reduce|%0*d|data", ways[0].name, _i * 20, 0));

    say(worker, "GRAB_JOB_ALL");
    hears_exactly(worker, GM_JOB_ASSIGN_ALL, text("%s|map|u|reduce|data", handle));
}
END_TEST

START_TEST(who_does_not_ask_for_all_is_not_told_the_reducer)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    const char *first = submitted(client, "SUBMIT_REDUCE_JOB map|1|reduce|a|data");
    const char *second = submitted(client, "SUBMIT_REDUCE_JOB map|2|reduce|a|data");

    say(worker, "GRAB_JOB");
    hears_exactly(worker, GM_JOB_ASSIGN, text("%s|map|data", first));
    say(worker, "GRAB_JOB_UNIQ");
    hears_exactly(worker, GM_JOB_ASSIGN_UNIQ, text("%s|map|2|data", second));
}
END_TEST

START_TEST(grab_job_all_on_a_task_without_reducer_answers_job_assign_uniq)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, _i == 0   ? "SUBMIT_JOB f|u|data"
                                           : _i == 1 ? "SUBMIT_JOB_EPOCH f|u|0|data"
                                                     : "SUBMIT_REDUCE_JOB f|u|||data");

    say(worker, "GRAB_JOB_ALL");
    hears_exactly(worker, GM_JOB_ASSIGN_UNIQ, text("%s|f|u|data", handle));
}
END_TEST

START_TEST(a_reducer_survives_the_worker_and_a_large_payload)
{
    static const uint8_t payload[40000] = {1};
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    struct heard_frame frame;
    char head[64];

    say_data(client, "SUBMIT_REDUCE_JOB map|u|reduce|a|", payload, sizeof payload);
    keep(head, text("%s|map|u|reduce|", created(client)));
    for (int i = 0; i < 2; i++) {
        say(worker, "GRAB_JOB_ALL");
        ck_assert(hear_frame(worker, &frame));
        ck_assert_uint_eq(frame.type, GM_JOB_ASSIGN_ALL);
        ck_assert_uint_eq(frame.size, strlen(head) + sizeof payload);
        for (size_t at = 0; head[at] != 0; at++)
            ck_assert_int_eq(frame.bytes[at], head[at] == '|' ? 0 : head[at]);
        ck_assert_mem_eq(frame.bytes + strlen(head), payload, sizeof payload);
        remote_leave(worker);
        worker = worker_for("map");
    }
}
END_TEST

START_TEST(reduce_tasks_have_normal_priority_and_coalesce)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("map");
    const char *low = submitted(client, "SUBMIT_JOB_LOW map||x");
    const char *reduce = submitted(client, "SUBMIT_REDUCE_JOB map|u|reduce|a|x");
    const char *high = submitted(client, "SUBMIT_JOB_HIGH map||x");

    ck_assert_str_eq(submitted(client, "SUBMIT_REDUCE_JOB map|u|reduce|a|x"), reduce);
    grabs(worker, high);
    grabs(worker, reduce);
    grabs(worker, low);
    grabs_nothing(worker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_reduce");
    TCase *cases = tcase_create("reduce");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, four_arguments_stand_before_the_data_and_the_fourth_is_dropped, 0,
                        2);
    tcase_add_loop_test(cases, three_arguments_are_too_few, 0, 2);
    tcase_add_loop_test(cases, an_empty_unique_id_and_empty_data_are_passed_on_empty, 0, 2);
    tcase_add_loop_test(cases, the_fourth_argument_may_be_anything, 0, 20);
    tcase_add_test(cases, who_does_not_ask_for_all_is_not_told_the_reducer);
    tcase_add_loop_test(cases, grab_job_all_on_a_task_without_reducer_answers_job_assign_uniq, 0,
                        3);
    tcase_add_test(cases, a_reducer_survives_the_worker_and_a_large_payload);
    tcase_add_test(cases, reduce_tasks_have_normal_priority_and_coalesce);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
