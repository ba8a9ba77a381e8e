/* Guaranteed room: [function LABEL] reserve of pmadd.conf(5). */
#include "rules_fixture.h"

enum { RESERVE = 3, RESERVE_SIZE = 1000 };

static char body[65536];

/* A rig in which `kept` has a reserve and the pool `tasks` is soon full. */
static void setup_reserve(size_t tasks)
{
    static struct router_function_row row;
    struct rig_setup ruled = rig_setup_ample();

    row = row_of("kept",
                 (struct router_function_rule){.reserve = RESERVE, .reserve_size = RESERVE_SIZE});
    ruled.functions = &row;
    ruled.function_count = 1;
    ruled.limits.tasks = tasks;
    ruled.limits.payload_max = sizeof body;
    ruled.tasks = (struct pmad_layout){
        .pool_size = 512 << 10, .class_count = 3, .classes = {{96, 10}, {512, 20}, {4096, 70}}};
    rig_replace(&ruled);
}

/* Others take all there is. */
static void fill_with_others(struct remote *client)
{
    for (size_t size = sizeof body; size > 0; size /= 2)
        do {
            say_data(client, "SUBMIT_JOB_BG other||", body, size);
        } while (strncmp(hear(client), "JOB_CREATED", 11) == 0);
    do {
        say(client, "SUBMIT_JOB other||");
    } while (strncmp(hear(client), "JOB_CREATED", 11) == 0);
}

/* Whatever others took, `kept` takes as many as it has reserved, and they end as any do. */
static void reserve_is_served(void)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("kept");
    char handles[RESERVE][64];

    for (int i = 0; i < RESERVE; i++) {
        say_data(client, i % 2 ? "SUBMIT_JOB_HIGH kept|u|" : "SUBMIT_JOB_HIGH kept||", body,
                 RESERVE_SIZE - (size_t)i);
        keep(handles[i], created(client));
    }
    say_data(client, "SUBMIT_JOB kept||", body, RESERVE_SIZE);
    hears_start(client, "ERROR QUEUE_ERROR|");
    for (int i = 0; i < RESERVE; i++) {
        grabs(worker, handles[i]);
        say(worker, "WORK_COMPLETE %s|done", handles[i]);
        HEARS(client, "WORK_COMPLETE %s|done", handles[i]);
    }
    HEARS_NOTHING(client);
    remote_free(worker);
    remote_free(client);
    rig_check(&rig);
}

START_TEST(a_function_has_its_reserve_when_others_have_used_up_the_pool)
{
    struct remote *client;

    setup_reserve(10000);
    client = remote_new(&rig);
    fill_with_others(client);
    for (int round = 0; round < 5; round++)
        reserve_is_served();
}
END_TEST

START_TEST(a_function_has_its_reserve_when_others_have_used_up_the_slots)
{
    struct remote *client;

    setup_reserve(8);
    client = remote_new(&rig);
    for (int i = 0; i < 8 - RESERVE; i++)
        (void)submitted(client, "SUBMIT_JOB_BG other||x");
    say(client, "SUBMIT_JOB_BG other||x");
    is_refused_by(client, "tasks", "function=other used=8 of=8 ");
    for (int round = 0; round < 5; round++)
        reserve_is_served();
}
END_TEST

START_TEST(what_is_larger_than_reserve_size_asks_the_pool)
{
    struct remote *client;

    setup_reserve(10000);
    client = remote_new(&rig);
    fill_with_others(client);
    say_data(client, "SUBMIT_JOB kept||", body, RESERVE_SIZE + 1);
    is_refused_by(client, "pool", "function=kept ");
    reserve_is_served();
}
END_TEST

START_TEST(beyond_its_reserve_a_function_shares_the_pool)
{
    struct remote *client;

    setup_reserve(10000);
    client = remote_new(&rig);
    for (int i = 0; i < 3 * RESERVE; i++) {
        say_data(client, "SUBMIT_JOB kept||", body, RESERVE_SIZE);
        (void)created(client);
    }
}
END_TEST

/* The waiter of a submission that joined outlives its kit, which has none for a while. */
START_TEST(submissions_that_join_give_the_reserve_back)
{
    struct remote *client, *worker;
    char joined[64], alone[64];

    setup_reserve(10000);
    client = remote_new(&rig);
    fill_with_others(client);
    keep(joined, submitted(client, "SUBMIT_JOB kept|same|x"));
    for (int i = 1; i < RESERVE; i++)
        ck_assert_str_eq(submitted(client, "SUBMIT_JOB kept|same|x"), joined);
    /* All waiters of the reserve are in use, two envelopes are not: who needs no waiter is served. */
    keep(alone, submitted(client, "SUBMIT_JOB_BG kept||x"));
    rig_check(&rig);
    worker = worker_with("kept", joined);
    say(worker, "WORK_COMPLETE %s|r", joined);
    for (int i = 0; i < RESERVE; i++)
        HEARS(client, "WORK_COMPLETE %s|r", joined);
    grabs(worker, alone);
    say(worker, "WORK_COMPLETE %s|", alone);
    remote_free(worker);
    reserve_is_served();
}
END_TEST

/* Kits come back in another order than their waiters, and the pool has none to help out with. */
START_TEST(a_reserve_has_all_its_waiters_when_all_are_back)
{
    struct remote *client, *worker;
    char joined[64], alone[64];

    setup_reserve(10000);
    client = remote_new(&rig);
    fill_with_others(client);
    keep(joined, submitted(client, "SUBMIT_JOB kept|id|x"));
    (void)submitted(client, "SUBMIT_JOB kept|id|x");         /* joins: its kit is bare */
    keep(alone, submitted(client, "SUBMIT_JOB_BG kept||x")); /* and has a use for this one */
    (void)submitted(client, "SUBMIT_JOB kept|id|x");         /* joins: bare, too */
    worker = worker_with("kept", joined);
    say(worker, "WORK_COMPLETE %s|", joined);
    grabs(worker, alone);
    say(worker, "WORK_COMPLETE %s|", alone);
    remote_free(worker);
    remote_free(client);
    client = remote_new(&rig);
    fill_with_others(client);
    reserve_is_served();
}
END_TEST

START_TEST(a_reserve_comes_back_whole_from_clients_that_leave_and_bodies_that_stop)
{
    struct remote *client;

    setup_reserve(10000);
    client = remote_new(&rig);
    fill_with_others(client);
    for (int round = 0; round < 3; round++) {
        struct remote *gone = remote_new(&rig);

        (void)submitted(gone, "SUBMIT_JOB kept||x");
        (void)submitted(gone, "SUBMIT_JOB kept|-|x");
        post_header(gone, "|REQ", GM_SUBMIT_JOB, 7 + 100);
        remote_post(gone, "kept\0\0begun", 11);
        rig_turn(&rig);
        rig_check(&rig);
        remote_free(gone);
        reserve_is_served();
    }
}
END_TEST

START_TEST(a_function_with_a_reserve_is_there_from_the_beginning_and_cannot_be_dropped)
{
    struct remote *admin;

    setup_reserve(10000);
    admin = remote_new(&rig);
    ck_assert_int_eq(status_of("kept", 0), 0);
    say_line(admin, "drop function kept");
    HEARS(admin, "ERR there is room reserved for it\\x0d");
    ck_assert_int_eq(status_of("kept", 0), 0);
}
END_TEST

START_TEST(what_cannot_be_reserved_refuses_the_start)
{
    const struct {
        const char *match;
        size_t reserve, size, tasks;
    } bad[] = {{"kept", 1000, 1 << 20, 65536}, {"kept", 11, 10, 10}, {"kept*", 1, 10, 10}};
    struct rig_setup setup = rig_setup_ample();

    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct router_function_row row =
            row_of(bad[i].match, (struct router_function_rule){.reserve = bad[i].reserve,
                                                               .reserve_size = bad[i].size});
        struct router_setup router = {.limits = setup.limits,
                                      .functions = &row,
                                      .function_count = 1,
                                      .handle_prefix = "H:box",
                                      .version = "",
                                      .verbosity = ""};
        struct router *made;

        router.limits.tasks = bad[i].tasks;
        pools_map(&router.pools, &router.limits, &setup.tasks, &setup.wire);
        ck_assert_int_eq(router_init(&made, &router), ROUTER_RESERVE_TOO_LARGE);
        ck_assert_uint_eq(pool_used(router.pools.tasks), 0);
        ck_assert_uint_eq(pool_used(router.pools.runtime), 0);
        pools_unmap(&router.pools);
    }
}
END_TEST

/* All its kits are out: with tasks that have ended, and whose client has not read that yet. */
START_TEST(a_reserve_that_is_out_keeps_its_function_too)
{
    struct remote *client;
    struct remote *admin;
    struct remote *worker;

    setup_reserve(1000);
    client = remote_new(&rig);
    admin = remote_new(&rig);
    worker = worker_for("kept");
    client->appetite = 0;
    for (int i = 0; i < RESERVE; i++)
        say(client, "SUBMIT_JOB kept||");
    for (int i = 0; i < RESERVE; i++) {
        const char *assigned;

        say(worker, "GRAB_JOB");
        assigned = hear_of(worker, "JOB_ASSIGN");
        say(worker, "WORK_FAIL %.*s", (int)strcspn(assigned, "|"), assigned);
    }
    remote_free(worker);
    say_line(admin, "drop function kept");
    hears_start(admin, "ERR there is room reserved for it");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_reserve");
    TCase *cases = tcase_create("reserve");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_function_has_its_reserve_when_others_have_used_up_the_pool);
    tcase_add_test(cases, a_function_has_its_reserve_when_others_have_used_up_the_slots);
    tcase_add_test(cases, what_is_larger_than_reserve_size_asks_the_pool);
    tcase_add_test(cases, beyond_its_reserve_a_function_shares_the_pool);
    tcase_add_test(cases, submissions_that_join_give_the_reserve_back);
    tcase_add_test(cases, a_reserve_has_all_its_waiters_when_all_are_back);
    tcase_add_test(cases, a_reserve_comes_back_whole_from_clients_that_leave_and_bodies_that_stop);
    tcase_add_test(cases,
                   a_function_with_a_reserve_is_there_from_the_beginning_and_cannot_be_dropped);
    tcase_add_test(cases, a_reserve_that_is_out_keeps_its_function_too);
    tcase_add_test(cases, what_cannot_be_reserved_refuses_the_start);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
