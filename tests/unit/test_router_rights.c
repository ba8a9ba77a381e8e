/* Who may do what, to which functions: [access] of pmadd.conf(5), as the core keeps it. */
#include "rules_fixture.h"

enum { IMAGES, SOUNDS };

static void setup_patterns(void)
{
    setup();
    struct router_pattern patterns[] = {
        [IMAGES] = pattern_of("img:*"), [SOUNDS] = pattern_of("snd:*")};
    struct rig_setup ruled = rig_setup_ample();

    ruled.patterns = patterns;
    ruled.pattern_count = COUNT(patterns);
    rig_replace(&ruled);
}

/* Somebody with `rights` for every function, and `right` for those of a pattern. */
static struct remote *remote_granted(unsigned rights, enum peer_right right, size_t pattern)
{
    struct remote *remote = remote_with(&rig, rights);

    router_grant(rig.router, &remote->seat->peer, right, pattern);
    return remote;
}

static void is_denied(struct remote *remote, const char *packet)
{
    HEARS(remote, "ERROR ACCESS_DENIED|%s: this connection has no right to it", packet);
}

/* ---- per packet ---- */

static const struct {
    unsigned right;
    const char *packet, *frame;
} packets[] = {
    {RIGHT_SUBMIT, "SUBMIT_JOB", "SUBMIT_JOB f||x"},
    {RIGHT_SUBMIT, "SUBMIT_JOB_BG", "SUBMIT_JOB_BG f||x"},
    {RIGHT_SUBMIT, "SUBMIT_JOB_EPOCH", "SUBMIT_JOB_EPOCH f||9999999999|x"},
    {RIGHT_SUBMIT, "SUBMIT_REDUCE_JOB", "SUBMIT_REDUCE_JOB f||r|1|x"},
    {RIGHT_SUBMIT, "GET_STATUS", "GET_STATUS H:box:1"},
    {RIGHT_SUBMIT, "GET_STATUS_UNIQUE", "GET_STATUS_UNIQUE u"},
    {RIGHT_WORK, "CANT_DO", "CANT_DO f"},
    {RIGHT_WORK, "GRAB_JOB", "GRAB_JOB"},
    {RIGHT_WORK, "PRE_SLEEP", "PRE_SLEEP"},
    {RIGHT_WORK, "WORK_COMPLETE", "WORK_COMPLETE H:box:1|"},
};

START_TEST(without_the_right_a_request_is_denied_and_the_next_one_is_served)
{
    struct remote *without = remote_with(&rig, RIGHT_ALL & ~packets[_i].right);

    say(without, "%s", packets[_i].frame);
    is_denied(without, packets[_i].packet);
    is_served(without);
    ck_assert_uint_eq(rig_counts(&rig).denied, 1);
    ck_assert_uint_eq(without->seat->peer.denied, 1);
    ck_assert_str_eq(without->seat->peer.denied_last, packets[_i].packet);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

START_TEST(can_do_without_the_right_closes)
{
    struct remote *without = remote_with(&rig, RIGHT_SUBMIT);

    say(without, "CAN_DO f");
    is_denied(without, "CAN_DO");
    ck_assert_ptr_null(without->seat);
}
END_TEST

/* ---- per function ---- */

START_TEST(who_may_submit_to_some_functions_may_not_submit_to_others)
{
    struct remote *client = remote_granted(RIGHT_WORK, RIGHT_SUBMIT, IMAGES);
    const char *handle = submitted(client, "SUBMIT_JOB img:resize||x");

    say(client, "SUBMIT_JOB snd:mix||x");
    is_denied(client, "SUBMIT_JOB");
    ck_assert_int_eq(status_of("snd:mix", 0), -1);
    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|1|0|0|0", handle);
}
END_TEST

START_TEST(a_right_to_some_functions_holds_for_those_that_are_there_already)
{
    struct remote *any = remote_new(&rig);
    struct remote *client = remote_granted(0, RIGHT_SUBMIT, IMAGES);

    (void)submitted(any, "SUBMIT_JOB snd:mix||x");
    (void)submitted(any, "SUBMIT_JOB img:resize||x");
    say(client, "SUBMIT_JOB snd:mix||x");
    is_denied(client, "SUBMIT_JOB");
    (void)submitted(client, "SUBMIT_JOB img:resize||x");
    router_grant(rig.router, &client->seat->peer, RIGHT_SUBMIT, SOUNDS);
    (void)submitted(client, "SUBMIT_JOB snd:mix||x");
}
END_TEST

START_TEST(the_status_of_a_task_is_unknown_to_who_may_not_submit_to_its_function)
{
    struct remote *any = remote_new(&rig);
    struct remote *client = remote_granted(0, RIGHT_SUBMIT, IMAGES);
    const char *handle = submitted(any, "SUBMIT_JOB snd:mix|u|x");

    say(client, "GET_STATUS %s", handle);
    HEARS(client, "STATUS_RES %s|0|0|0|0", handle);
    say(client, "GET_STATUS_UNIQUE u");
    HEARS(client, "STATUS_RES_UNIQUE u|0|0|0|0|0");
    say(any, "GET_STATUS_UNIQUE u");
    HEARS(any, "STATUS_RES_UNIQUE u|1|0|0|0|1");
}
END_TEST

START_TEST(who_may_work_on_some_functions_is_closed_for_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_granted(0, RIGHT_WORK, IMAGES);
    const char *handle = submitted(client, "SUBMIT_JOB img:resize||x");

    say(worker, "CAN_DO img:resize");
    grabs(worker, handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(client, "WORK_COMPLETE %s|r", handle);
    say(worker, "CAN_DO_TIMEOUT snd:mix|1000");
    is_denied(worker, "CAN_DO_TIMEOUT");
    ck_assert_ptr_null(worker->seat);
}
END_TEST

START_TEST(who_may_observe_some_functions_is_shown_those_and_no_others)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    struct remote *observer = remote_granted(0, RIGHT_OBSERVE, IMAGES);
    const char *image = submitted(client, "SUBMIT_JOB img:resize|seen|x");

    (void)submitted(client, "SUBMIT_JOB snd:mix|hidden|x");
    say(worker, "CAN_DO img:resize");
    say(worker, "CAN_DO snd:mix");
    say_line(observer, "status");
    ck_assert_str_eq(hear_listing(observer), "img:resize\t1\t0\t1\n.");
    say_line(observer, "prioritystatus");
    ck_assert_str_eq(hear_listing(observer), "img:resize\t0\t1\t0\t1\n.");
    say_line(observer, "show jobs");
    ck_assert_str_eq(hear_listing(observer), text("%s\t0\t0\t0\n.", image));
    say_line(observer, "show unique jobs");
    ck_assert_str_eq(hear_listing(observer), "seen\n.");
    say_line(observer, "workers");
    ck_assert_ptr_null(strstr(hear_listing(observer), "snd:mix"));
    say_line(observer, "version");
    HEARS(observer, "OK 1.2.3");
}
END_TEST

START_TEST(who_may_administer_some_functions_may_not_change_others)
{
    static const char denied[] = "ERR ACCESS_DENIED no+right+to+administer+that+function\\x0d";
    struct remote *client = remote_new(&rig);
    struct remote *admin = remote_granted(0, RIGHT_ADMIN, IMAGES);
    const char *image = submitted(client, "SUBMIT_JOB img:resize||x");
    const char *sound = submitted(client, "SUBMIT_JOB snd:mix||x");

    say_line(admin, "maxqueue img:resize 5");
    HEARS(admin, "OK\\x0d");
    say_line(admin, "maxqueue snd:mix 5");
    HEARS(admin, denied);
    say_line(admin, "create function snd:new");
    HEARS(admin, denied);
    say_line(admin, "create function img:new");
    HEARS(admin, "OK\\x0d");
    say_line(admin, "drop function snd:mix");
    HEARS(admin, denied);
    say_line(admin, text("cancel job %s", sound));
    HEARS(admin, denied);
    say_line(admin, text("cancel job %s", image));
    HEARS(admin, "OK\\x0d");
    HEARS(client, "WORK_FAIL %s", image);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(rig_counts(&rig).denied, 4);
    ck_assert_str_eq(admin->seat->peer.denied_last, "cancel");
}
END_TEST

START_TEST(text_commands_without_the_right_are_denied_by_name)
{
    struct remote *client = remote_with(&rig, RIGHT_SUBMIT);

    say_line(client, "stats");
    HEARS(client, "ERR ACCESS_DENIED stats+needs+the+right+observe\\x0d");
    say_line(client, "maxqueue f 1");
    HEARS(client, "ERR ACCESS_DENIED maxqueue+needs+the+right+admin\\x0d");
    ck_assert_uint_eq(rig_counts(&rig).denied, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_rights");
    TCase *cases = tcase_create("rights");

    tcase_add_checked_fixture(cases, setup_patterns, teardown);
    tcase_add_loop_test(cases, without_the_right_a_request_is_denied_and_the_next_one_is_served, 0,
                        COUNT(packets));
    tcase_add_test(cases, can_do_without_the_right_closes);
    tcase_add_test(cases, who_may_submit_to_some_functions_may_not_submit_to_others);
    tcase_add_test(cases, a_right_to_some_functions_holds_for_those_that_are_there_already);
    tcase_add_test(cases, the_status_of_a_task_is_unknown_to_who_may_not_submit_to_its_function);
    tcase_add_test(cases, who_may_work_on_some_functions_is_closed_for_others);
    tcase_add_test(cases, who_may_observe_some_functions_is_shown_those_and_no_others);
    tcase_add_test(cases, who_may_administer_some_functions_may_not_change_others);
    tcase_add_test(cases, text_commands_without_the_right_are_denied_by_name);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
