/* What the watchdog relies on: router_audit() sees what is wrong in one row of a table, wherever it is. */
#include "router_fixture.h"
#include "router_state.h"

enum { SLICES = 64 /* enough to come round all tables of the rig */ };

static const char *audit_all(void)
{
    const char *finding = NULL;

    for (int i = 0; finding == NULL && i < SLICES; i++)
        finding = router_audit(rig.router);
    return finding;
}

START_TEST(nothing_is_found_whatever_is_going_on)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);

    ck_assert_ptr_null(audit_all());
    say(worker, "CAN_DO f");
    for (int i = 0; i < 20; i++) {
        (void)submitted(client, "SUBMIT_JOB f||x");
        ck_assert_ptr_null(router_audit(rig.router));
    }
    say(worker, "GRAB_JOB");
    ck_assert_ptr_null(audit_all());
    remote_free(worker);
    ck_assert_ptr_null(audit_all());
    remote_free(client);
    ck_assert_ptr_null(audit_all());
}
END_TEST

START_TEST(one_wrong_byte_is_found_and_named)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    struct function *waiting, *able;
    struct peer *peer;
    struct task *task;

    (void)submitted(client, "SUBMIT_JOB waiting||x");
    say(worker, "CAN_DO able");
    task = slot_at(&rig.router->slots, 0);
    waiting = task->function;
    able = function_find(&rig.router->functions, gm_text("able"));
    peer = TAILQ_FIRST(&able->able)->peer;

    const struct {
        void *at;
        uint8_t bits;
        const char *finding;
    } wrongs[] = {
        {&task->slot, 1, "slot"},
        {&task->state, TASK_QUEUED, "a task that has a slot is free"},
        {&waiting->used, 1, "for no function"},
        {&waiting->tasks[TASK_QUEUED], 1, "queued tasks"},
        {&able->able_count, 1, "count of workers"},
        {&peer->index, 1, "row of peers"},
        {&peer->outbox.size, 1, "outbox"},
        {&peer->in_hand, 1, "hand"},
    };

    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const char *finding;

        *(uint8_t *)wrongs[i].at ^= wrongs[i].bits;
        finding = audit_all();
        *(uint8_t *)wrongs[i].at ^= wrongs[i].bits;
        ck_assert_msg(finding != NULL && strstr(finding, wrongs[i].finding), "%zu: %s", i,
                      finding ? finding : "nothing");
        ck_assert_ptr_null(audit_all());
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router_audit");
    TCase *cases = tcase_create("audit");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nothing_is_found_whatever_is_going_on);
    tcase_add_test(cases, one_wrong_byte_is_found_and_named);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
