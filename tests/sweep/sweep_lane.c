/*
 * The worst that the lane of the pool `wire` is for: every worker returns a result of payload_max at
 * once, and no client reads. Who reads again gets his; who never does is dropped when others wait for
 * the memory he holds, and not before slow_peer_grace; no worker is held up for ever.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "config.h"
#include "gm_packet.h"
#include "rig.h"
#include "talk.h"

enum { PAIRS_MAX = 64, SECOND_US = 1000000 };

static struct rig rig;
static struct config config;
static struct budget budget;

struct pair {
    struct remote *client, *worker;
    char handle[64];
    bool reads; /* again, after a second: too few to make room for all */
};

static struct pair pairs[PAIRS_MAX];
static size_t pair_count;
static uint8_t *body;

/* ---- two pools ---- */

/* The default config, with a pool `wire` of that size where it is not 0; false where it is refused. */
static bool plan(size_t wire_size)
{
    static struct config_errors errors;

    config_default(&config);
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        config.pools[i].layout.prefault = config.pools[i].layout.huge_pages = PMAD_OFF;
    if (wire_size > 0)
        config.pools[POOL_WIRE].layout.pool_size = wire_size;
    errors.count = 0;
    return config_finish(&config, &errors) && budget_plan(&budget, &config);
}

/* The smallest pool `wire` with the default classes that the budget accepts. */
static void plan_floor(void)
{
    size_t refused = 0, accepted = config.pools[POOL_WIRE].layout.pool_size;

    while (accepted - refused > 4096) {
        size_t middle = refused + (accepted - refused) / 2;

        if (plan(middle))
            accepted = middle;
        else
            refused = middle;
    }
    ck_assert(plan(accepted));
}

/* ---- the pairs ---- */

/* Each client waits for a task that its worker has in hand. There are more of them than the pool could
 * hold results. */
static void pairs_make(void)
{
    struct heard_frame frame;

    pair_count = budget.fits[POOL_WIRE].mapping_size / budget.limits.payload_max + 8;
    ck_assert_uint_le(pair_count, PAIRS_MAX);
    for (size_t i = 0; i < pair_count; i++) {
        struct pair *pair = &pairs[i];

        *pair = (struct pair){remote_new(&rig), remote_new(&rig), "", i % 8 == 0};
        say(pair->client, "SUBMIT_JOB f||x");
        ck_assert(hear_frame(pair->client, &frame) && frame.type == GM_JOB_CREATED);
        (void)snprintf(pair->handle, sizeof pair->handle, "%.*s", (int)frame.size,
                       (const char *)frame.bytes);
        pair->client->appetite = 0;
        say(pair->worker, "CAN_DO f");
        say(pair->worker, "GRAB_JOB");
        ck_assert(hear_frame(pair->worker, &frame) && frame.type == GM_JOB_ASSIGN);
    }
}

static void all_return_at_once(void)
{
    for (size_t i = 0; i < pair_count; i++) {
        memset(body, (int)i, budget.limits.payload_max);
        post_data(pairs[i].worker, text("WORK_COMPLETE %s|", pairs[i].handle), body,
                  budget.limits.payload_max);
    }
    rig_turn(&rig);
    rig_check(&rig);
}

static bool has_its_result(const struct pair *pair)
{
    struct heard_frame frame;
    size_t size = budget.limits.payload_max;

    memset(body, (int)(pair - pairs), size);
    return hear_frame(pair->client, &frame) && frame.type == GM_WORK_COMPLETE &&
           frame.size == strlen(pair->handle) + 1 + size &&
           memcmp(frame.bytes + strlen(pair->handle) + 1, body, size) == 0;
}

/* Clients that were dropped; whoever is there gets his result. */
static size_t judge_pairs(void)
{
    size_t dropped = 0;

    for (size_t i = 0; i < pair_count; i++) {
        struct pair *pair = &pairs[i];

        ck_assert_msg(pair->worker->seat != NULL, "worker %zu was closed", i);
        if (pair->client->seat == NULL) {
            ck_assert_msg(!pair->reads, "client %zu was dropped and reads", i);
            dropped++;
            continue;
        }
        pair->client->appetite = SIZE_MAX;
        rig_turn(&rig);
        ck_assert_msg(has_its_result(pair), "client %zu is there and has no result", i);
    }
    return dropped;
}

/* A small task of somebody else. */
static void somebody_else_is_served(void)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = remote_new(&rig);
    struct heard_frame frame;
    char handle[64];

    say(worker, "CAN_DO own");
    say(client, "SUBMIT_JOB own||x");
    ck_assert(hear_frame(client, &frame) && frame.type == GM_JOB_CREATED);
    (void)snprintf(handle, sizeof handle, "%.*s", (int)frame.size, (const char *)frame.bytes);
    say(worker, "GRAB_JOB");
    say(worker, "WORK_COMPLETE %s|done", handle);
    ck_assert_str_eq(hear(client), text("WORK_COMPLETE %s|done", handle));
    remote_leave(client);
    remote_leave(worker);
}

START_TEST(all_results_at_once_and_nobody_reads_them)
{
    bool ample = _i == 0;
    size_t dropped;

    ck_assert(plan(0));
    if (!ample)
        plan_floor();
    rig_init(&rig, &(struct rig_setup){.limits = budget.limits,
                                       .tasks = budget.layouts[POOL_TASKS],
                                       .wire = budget.layouts[POOL_WIRE],
                                       .worker_wakeup = 1,
                                       .seed = 7});
    body = heap_take(budget.limits.payload_max);
    pairs_make();
    all_return_at_once();
    ck_assert_uint_gt(rig_counts(&rig).starved, 0);
    if (ample) /* at the floor others wait, as long as somebody holds all there is */
        somebody_else_is_served();
    rig_sleep(&rig, SECOND_US);
    for (size_t i = 0; i < pair_count; i++)
        if (pairs[i].reads)
            pairs[i].client->appetite = SIZE_MAX;
    rig_sleep(&rig, budget.limits.slow_peer_grace_us - SECOND_US - 1);
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, 0);
    for (size_t i = 0; i < pair_count && rig_counts(&rig).starved > 0; i++)
        rig_sleep(&rig, budget.limits.slow_peer_grace_us);
    rig_check(&rig);
    ck_assert_uint_eq(rig_counts(&rig).starved, 0);
    dropped = judge_pairs();
    ck_assert_uint_ge(dropped, 1);
    ck_assert_uint_eq(rig_counts(&rig).dropped_slow, dropped);
    ck_assert_uint_eq(rig_counts(&rig).completed, pair_count + ample);
    somebody_else_is_served();
    printf("wire of %zu KiB: %zu results at once, %zu clients dropped\n",
           budget.fits[POOL_WIRE].mapping_size / 1024, pair_count, dropped);
    free(body);
    rig_finish(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_lane");
    TCase *cases = tcase_create("lane");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, all_results_at_once_and_nobody_reads_them, 0, 2);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
