/*
 * Every allocation of router_init() fails: each of its pools has no free block at first, and gets one
 * back at a time, from the small to the large and from the large to the small, until the router starts.
 * As long as it does not it names the pool and holds nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pools.h"
#include "trial.h"

enum { BLOCKS_MAX = 8192 };

/* Its kits take more of the pool `tasks` than one task does, so that they run out by themselves. */
static const struct router_function_row reserved[] = {
    {.match = {.size = 1, .items = {'f'}}, .rule = {.reserve = 30, .reserve_size = 2000}}};

/* A pool that runs out, and what is said of it. */
static const struct shortage {
    size_t offset; /* of the pool in struct router_pools */
    enum router_status says[2];
} shortages[] = {
    {offsetof(struct router_pools, runtime), {ROUTER_RUNTIME_TOO_SMALL, ROUTER_RUNTIME_TOO_SMALL}},
    {offsetof(struct router_pools, wire), {ROUTER_WIRE_TOO_SMALL, ROUTER_WIRE_TOO_SMALL}},
    {offsetof(struct router_pools, tasks), {ROUTER_TASKS_TOO_SMALL, ROUTER_RESERVE_TOO_LARGE}},
};

enum { SHORTAGES = sizeof shortages / sizeof *shortages };

static struct router_setup setup;
static void *blocks[BLOCKS_MAX];
static size_t block_count;

static void pools_make(void)
{
    struct rig_setup trial = trial_setup();

    setup = (struct router_setup){.limits = trial.limits,
                                  .functions = reserved,
                                  .function_count = 1,
                                  .handle_prefix = "H:box",
                                  .version = "1",
                                  .verbosity = "NOTICE"};
    pools_map(&setup.pools, &trial.limits, &trial.tasks, &trial.wire);
}

/* Takes all free blocks of a pool, the last class first. */
static void drain(struct pmad *pool)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    block_count = 0;
    for (size_t class = stats.class_count; class -- > 0;) {
        void *block;

        while ((block = pmad_alloc(pool, stats.classes[class].block_size)) != NULL) {
            ck_assert_uint_lt(block_count, BLOCKS_MAX);
            blocks[block_count++] = block;
        }
    }
}

/* Starts a router if it can, and ends it. */
static enum router_status start(void)
{
    struct router *router;
    enum router_status status = router_init(&router, &setup);

    if (status == ROUTER_OK)
        router_finish(router);
    else
        ck_assert_ptr_null(router);
    return status;
}

/* Returns how many starts were refused. */
static size_t give_back(struct pmad *pool, const struct shortage *shortage, bool small_first)
{
    enum router_status status = ROUTER_OK;
    size_t refused = 0;

    for (size_t i = 0; i < block_count; i++) {
        size_t used = pool_used(pool);

        status = start();
        refused += status != ROUTER_OK;
        ck_assert_msg(status == ROUTER_OK || status == shortage->says[0] ||
                          status == shortage->says[1],
                      "it says: %s", router_status_text(status));
        ck_assert_uint_eq(pool_used(pool), used);
        pmad_free(pool, blocks[small_first ? block_count - 1 - i : i]);
    }
    ck_assert_int_eq(start(), ROUTER_OK);
    pools_check(&setup.pools);
    return refused;
}

START_TEST(a_router_starts_or_holds_nothing_and_names_the_pool)
{
    const struct shortage *shortage = &shortages[_i % SHORTAGES];
    struct pmad *pool;

    pools_make();
    pool = *(struct pmad **)(void *)((char *)&setup.pools + shortage->offset);
    drain(pool);
    ck_assert_uint_gt(give_back(pool, shortage, _i < SHORTAGES), 3);
    pools_unmap(&setup.pools);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_start");
    TCase *cases = tcase_create("start");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, a_router_starts_or_holds_nothing_and_names_the_pool, 0,
                        2 * SHORTAGES);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
