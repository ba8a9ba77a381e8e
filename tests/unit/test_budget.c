/* From a config to four layouts, and to a refusal in words where pmadd could not keep its word. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "config.h"
#include "conn.h"
#include "function_rules.h"
#include "needs.h"
#include "router.h"
#include "stock.h"
#include "text.h"
#include "users.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MIB             ((size_t)1024 * 1024)

static struct config config;
static struct config_errors errors;
static struct budget budget;
static char words[65536];
static struct text text;

static void setup(void)
{
    config_default(&config);
    memset(&errors, 0, sizeof errors);
    text = text_in(words, sizeof words);
}

static bool plan(void)
{
    bool holds = budget_plan(&budget, &config);

    budget_refusals(&budget, &text);
    return holds;
}

static void set(const char *assignment)
{
    ck_assert_msg(config_set(&config, assignment, &errors), "%s", errors.text);
}

/* ---- layouts from needs ---- */

static const size_t some_counts[] = {1, 2, 7, 1000, 65536, 1000000};
static const size_t some_sizes[] = {1, 16, 100, 848, 4096, 65536, PMAD_BLOCK_MAX};

/* Needs of very different weight beside each other are what whole percents find hardest. */
START_TEST(a_layout_meets_the_needs_it_was_made_from)
{
    struct pmad_layout layout = {0};
    struct needs needs = {0};
    struct needs_gap gap;
    struct pmad_fit fit;
    size_t bytes = 0;

    for (size_t i = 0; i < COUNT_OF(some_sizes); i++) {
        size_t blocks = some_sizes[i] > 4096 ? 1 : some_counts[((size_t)_i + i) % 6];

        needs_add(&needs, some_sizes[i], blocks);
        bytes += blocks * (some_sizes[i] + 32);
    }
    ck_assert(needs_layout(&needs, &layout));
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert(needs_met(&needs, &layout, &fit, &gap));
    ck_assert_uint_le(fit.mapping_size, bytes + bytes / 4 + 3 * MIB);
}
END_TEST

START_TEST(equal_needs_share_a_class_that_has_blocks_for_all)
{
    struct pmad_layout layout = {0};
    struct needs needs = {0};
    struct pmad_fit fit;

    needs_add(&needs, 100, 10);
    needs_add(&needs, 500, 0);
    needs_add(&needs, 112, 20);
    ck_assert(needs_layout(&needs, &layout));
    ck_assert_uint_eq(layout.class_count, 1);
    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    ck_assert_uint_eq(fit.classes[0].block_size, 112);
    ck_assert_uint_ge(fit.classes[0].blocks, 30);
}
END_TEST

START_TEST(no_layout_is_made_of_nothing_or_of_blocks_too_large)
{
    struct pmad_layout layout = {0};
    struct needs needs = {0};

    ck_assert(!needs_layout(&needs, &layout));
    needs_add(&needs, (size_t)PMAD_BLOCK_MAX + 1, 1);
    ck_assert(!needs_layout(&needs, &layout));
}
END_TEST

START_TEST(a_gap_names_the_class_and_both_numbers)
{
    struct pmad_layout layout = {
        .pool_size = 65536, .class_count = 2, .classes = {{64, 50}, {1024, 50}}};
    struct needs needs = {0};
    struct needs_gap gap;
    struct pmad_fit fit;

    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    needs_add(&needs, 1000, fit.classes[1].blocks);
    ck_assert(needs_met(&needs, &layout, &fit, &gap));
    needs_add(&needs, 65, 1);
    ck_assert(!needs_met(&needs, &layout, &fit, &gap));
    ck_assert_uint_eq(gap.block_size, 1024);
    ck_assert_uint_eq(gap.needed, fit.classes[1].blocks + 1);
    ck_assert_uint_eq(gap.there, fit.classes[1].blocks);

    needs_add(&needs, 1025, 3);
    ck_assert(!needs_met(&needs, &layout, &fit, &gap));
    ck_assert_uint_eq(gap.block_size, 1025);
    ck_assert_uint_eq(gap.needed, 3);
    ck_assert_uint_eq(gap.there, 0);
}
END_TEST

/* ---- a plan ---- */

static const size_t grid_connections[] = {1, 3, 1024, 100000};
static const size_t grid_tasks[] = {1, 5000, 1000000};
static const size_t grid_functions[] = {1, 256, 65536};

/* The router takes its tables out of a real pool of that layout; what is left serves libuv. */
static void the_router_starts_in_these_pools(void)
{
    struct router_setup setup = {
        .limits = budget.limits, .handle_prefix = "H:n", .version = "0", .verbosity = "NOTICE"};
    struct pmad *pools[CONFIG_POOLS];
    struct router *router;

    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        budget.layouts[i].prefault = PMAD_OFF;
        ck_assert_int_eq(pmad_init(&pools[i], &budget.layouts[i]), PMAD_OK);
    }
    setup.pools = (struct router_pools){.tasks = pools[POOL_TASKS],
                                        .wire = pools[POOL_WIRE],
                                        .workers = pools[POOL_WORKERS],
                                        .runtime = pools[POOL_RUNTIME]};
    ck_assert_ptr_nonnull(
        pmad_alloc(pools[POOL_RUNTIME], budget_watchers_size(budget.descriptors)));
    ck_assert_ptr_nonnull(pmad_alloc(pools[POOL_RUNTIME], users_size(budget.limits.connections)));
    ck_assert_int_eq(router_init(&router, &setup), ROUTER_OK);
    for (size_t i = 0; i < budget.limits.connections; i++)
        ck_assert_ptr_nonnull(pmad_alloc(pools[POOL_WORKERS], sizeof(struct conn)));
    router_finish(router);
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        pmad_destroy(pools[i]);
}

START_TEST(computed_pools_hold_a_router_and_all_its_connections)
{
    config.limits.connections = grid_connections[_i % 4];
    config.limits.tasks = grid_tasks[_i / 4 % 3];
    config.limits.functions = grid_functions[_i / 12];
    ck_assert_msg(plan(), "%s", words);
    ck_assert(budget.computed[POOL_WORKERS]);
    ck_assert(budget.computed[POOL_RUNTIME]);
    the_router_starts_in_these_pools();
}
END_TEST

START_TEST(a_computed_pool_stands_the_test_of_a_declared_one)
{
    struct budget first;

    ck_assert(plan());
    first = budget;
    config.pools[POOL_WORKERS].declared = true;
    config.pools[POOL_RUNTIME].declared = true;
    ck_assert_msg(plan(), "%s", words);
    ck_assert(!budget.computed[POOL_WORKERS]);
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        ck_assert_uint_eq(budget.fits[i].mapping_size, first.fits[i].mapping_size);
}
END_TEST

START_TEST(a_computed_pool_is_prefaulted_and_locked_as_tasks_is)
{
    set("pool tasks.prefault=off");
    set("pool tasks.lock=try");
    set("pool tasks.huge_pages=require");
    ck_assert(plan());
    ck_assert_int_eq(budget.layouts[POOL_RUNTIME].prefault, PMAD_OFF);
    ck_assert_int_eq(budget.layouts[POOL_WORKERS].lock, PMAD_TRY);
    ck_assert_int_eq(budget.layouts[POOL_WORKERS].huge_pages, PMAD_REQUIRE);
    ck_assert_int_eq(budget.layouts[POOL_WORKERS].explicit_huge_pages, PMAD_OFF);
}
END_TEST

/* What tasks requires would keep a pool of some hundred KiB from ever being mapped. */
START_TEST(a_computed_pool_smaller_than_a_huge_page_goes_without_transparent_ones)
{
    set("limits.connections=10");
    set("pool tasks.huge_pages=require");
    ck_assert(plan());
    ck_assert_uint_lt(budget.fits[POOL_WORKERS].mapping_size, PMAD_HUGE_PAGE_SIZE);
    ck_assert_int_eq(budget.layouts[POOL_WORKERS].huge_pages, PMAD_OFF);
}
END_TEST

START_TEST(a_computed_pool_in_explicit_huge_pages_consists_of_whole_ones)
{
    set("pool tasks.explicit_huge_pages=try");
    ck_assert_msg(plan(), "%s", words);
    for (size_t i = POOL_WORKERS; i < CONFIG_POOLS; i++) {
        ck_assert_int_eq(budget.layouts[i].explicit_huge_pages, PMAD_TRY);
        ck_assert_uint_eq(budget.fits[i].mapping_size % PMAD_HUGE_PAGE_SIZE, 0);
        ck_assert_uint_eq(budget.layouts[i].pool_size, budget.fits[i].mapping_size);
    }
}
END_TEST

/* ---- refusals ---- */

static const struct refusal {
    const char *assignments[6];
    const char *says[3];
} refusals[] = {
    {{"limits.payload_max=1G"},
     {"[pool tasks] size: one task: a body of payload_max", "1073741824 bytes are needed"}},
    {{"limits.payload_max=16M"}, {"[pool wire] size: the lane: a result of payload_max"}},
    /* Two blocks: the lane would take both. */
    {{"pool wire.size=2500K", "pool wire.class=1048576, 100", "pool wire.huge_pages=off"},
     {"[pool wire] size: the lane: news for all", "1024 blocks are needed, and there are 0"}},
    {{"pool wire.size=4M", "pool wire.class=256, 100"},
     {"[pool wire] size: the lane: answers", "there are 0", "add a larger class"}},
    {{"limits.waiters_per_task=60000"}, {"[pool wire] size: the lane: news", "waiters_per_task"}},
    {{"pool wire.size=1140K", "pool wire.class=4096, 100", "pool wire.huge_pages=off",
      "limits.waiters_per_task=1"},
     {"[pool wire] size: beside the lanes: one read"}},
    {{"pool workers.size=64K", "pool workers.class=2048, 100"},
     {"[pool workers] class: connections, registrations", "blocks of 2048 bytes are needed"}},
    {{"pool runtime.size=8M", "pool runtime.class=1024, 100"},
     {"[pool runtime] class: slots and unique ids", "and there are 0", "leave the section out"}},
    {{"pool tasks.size=1024G"}, {"[pool tasks] size: all pools that are prefaulted", "memory"}},
    {{"function a.reserve=10", "function b.reserve=60000"},
     {"[function b] reserve: each with an envelope", "60000 submissions", "[pool tasks]"}},
    /* All kits fit, but nobody else would: the one that went too far is named. */
    {{"limits.payload_max=11M", "function a.reserve=10", "function b.reserve=19",
      "function b.reserve_size=1M", "function c.reserve=1"},
     {"[function b] reserve: one task: a body of payload_max"}},
};

START_TEST(what_cannot_be_kept_is_refused_with_its_numbers)
{
    const struct refusal *refusal = &refusals[_i];

    for (size_t i = 0; i < COUNT_OF(refusal->assignments) && refusal->assignments[i]; i++)
        set(refusal->assignments[i]);
    ck_assert_msg(config_finish(&config, &errors), "%s", errors.text);
    ck_assert(!plan());
    for (size_t i = 0; i < COUNT_OF(refusal->says) && refusal->says[i]; i++)
        ck_assert_msg(strstr(words, refusal->says[i]), "no \"%s\" in:\n%s", refusal->says[i],
                      words);
}
END_TEST

START_TEST(a_pool_larger_than_memory_may_be_mapped_where_nothing_is_promised)
{
    set("pool tasks.size=1024G");
    set("pool tasks.prefault=off");
    ck_assert_msg(plan(), "%s", words);
    ck_assert_str_eq(words, "");
}
END_TEST

/* ---- what is in reserve ---- */

static const size_t grid_reserves[] = {1, 7, 100, 3000};
static const size_t grid_reserve_sizes[] = {0, 100, 5000, 70000, 1048576};
static const char *const grid_pools[][2] = {{"pool tasks.size=8M", "pool tasks.class=4096, 100"},
                                            {"pool tasks.size=16M", "pool tasks.profile=balanced"},
                                            {"pool tasks.size=12M", NULL},
                                            {"pool tasks.size=40M", NULL}};

/* What the router itself makes of it, in real pools. */
static enum router_status the_router_says(void)
{
    struct router_function_row rows[CONFIG_FUNCTIONS_MAX];
    struct router_setup setup = {.limits = budget.limits,
                                 .functions = rows,
                                 .function_count = function_rows(rows, &config),
                                 .handle_prefix = "H:n",
                                 .version = "0",
                                 .verbosity = "NOTICE"};
    struct pmad *pools[CONFIG_POOLS];
    struct router *router;
    enum router_status status;

    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        budget.layouts[i].prefault = PMAD_OFF;
        ck_assert_int_eq(pmad_init(&pools[i], &budget.layouts[i]), PMAD_OK);
    }
    setup.pools = (struct router_pools){pools[POOL_TASKS], pools[POOL_WIRE], pools[POOL_WORKERS],
                                        pools[POOL_RUNTIME]};
    status = router_init(&router, &setup);
    if (status == ROUTER_OK)
        router_finish(router);
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        pmad_destroy(pools[i]);
    return status;
}

/* Neither is a config refused that would have done, nor does a start fail that the check has passed. */
START_TEST(the_budget_and_the_router_agree_about_reserves)
{
    const char *const *pool = grid_pools[_i % 4];
    bool holds;

    set(pool[0]);
    if (pool[1])
        set(pool[1]);
    set("function small.reserve=20");
    set("function grid.reserve=1");
    ck_assert_msg(config_finish(&config, &errors), "%s", errors.text);
    config.functions[1].reserve = grid_reserves[_i / 4 % 4];
    config.functions[1].reserve_size = grid_reserve_sizes[_i / 16];
    holds = plan();
    ck_assert_msg((the_router_says() == ROUTER_OK) == holds, "%s", words);
}
END_TEST

START_TEST(a_reserve_leaves_less_for_all_others)
{
    size_t before;

    ck_assert(plan());
    before = stock_tasks(budget.beside, 0, 1024, SIZE_MAX);
    set("function a.reserve=1000");
    ck_assert(config_finish(&config, &errors));
    ck_assert_msg(plan(), "%s", words);
    ck_assert_uint_eq(budget.reserved, 1000);
    ck_assert_uint_lt(stock_tasks(budget.beside, 0, 1024, SIZE_MAX), before - 500);
    budget_print(&budget, &text);
    ck_assert_ptr_nonnull(strstr(words, "1000  tasks in the reserves of functions"));
    ck_assert_ptr_nonnull(strstr(words, "yes  [function a] reserve"));
    ck_assert_ptr_nonnull(strstr(words, "the reserves of all functions: 1000 <= 65536 slots"));
}
END_TEST

/* ---- what it says ---- */

START_TEST(the_printed_budget_names_every_pool_and_class)
{
    char row[64];

    ck_assert(plan());
    budget_print(&budget, &text);
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        for (size_t j = 0; j < budget.layouts[i].class_count; j++) {
            struct text line = text_in(row, sizeof row);

            text_put(&line, "%10zu %10zu %10zu %12zu\n", budget.fits[i].classes[j].block_size,
                     budget.fits[i].classes[j].blocks, budget.fits[i].classes[j].stride,
                     budget.fits[i].classes[j].bytes);
            ck_assert_msg(strstr(words, row), "no row %s", row);
        }
    }
    ck_assert_ptr_nonnull(strstr(words, "1024  connections"));
    ck_assert_ptr_null(strstr(words, "  NO  "));
}
END_TEST

START_TEST(a_budget_that_does_not_hold_says_no_where_it_does_not)
{
    set("limits.payload_max=1G");
    ck_assert(!plan());
    budget_print(&budget, &text);
    ck_assert_ptr_nonnull(strstr(words, "NO   [pool tasks] size"));
    ck_assert_ptr_nonnull(strstr(words, "yes  [limits] connections"));
}
END_TEST

/* One class: envelope, body and waiter are a block each or share one, which can be counted. */
START_TEST(stock_counts_the_tasks_of_a_single_class)
{
    struct pmad_layout layout = {.pool_size = MIB, .class_count = 1, .classes = {{4096, 100}}};
    struct stock stock;
    struct pmad_fit fit;
    size_t blocks;

    ck_assert_int_eq(pmad_layout_fit(&layout, &fit), PMAD_OK);
    stock = stock_of(&layout, &fit);
    blocks = fit.classes[0].blocks;
    ck_assert_uint_eq(stock_tasks(stock, 0, 64, SIZE_MAX), blocks / 2);
    ck_assert_uint_eq(stock_tasks(stock, 0, 64, 10), 10);
    /* An envelope, a waiter, and a chain of three blocks of 4080 bytes. */
    ck_assert_uint_eq(stock_tasks(stock, 0, (size_t)3 * 4080, SIZE_MAX), blocks / 5);
    ck_assert_uint_eq(stock_tasks(stock, 0, 2 * MIB, SIZE_MAX), 0);
}
END_TEST

/* Bytes of the router's tables for so many tasks, as blocks of their own sizes. */
static size_t tables_for(size_t tasks)
{
    struct router_limits limits = {.connections = 1, .functions = 1, .tasks = tasks};
    struct router_need needs[NEEDS_MAX];
    size_t count = router_needs_runtime(&limits, needs, NEEDS_MAX);
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += needs[i].block_size * needs[i].blocks;
    return bytes;
}

/* What a queued background task of 64 bytes takes where it finds the block that is meant for it, with its
 * share of what is beside the block and of the tables; and what a connection takes. */
START_TEST(a_queued_task_takes_192_bytes_at_most_and_a_connection_1536)
{
    enum { TASKS = 1 << 16, BEST = 192, CONNECTION_BEST = 1536 };
    const struct pmad_layout *layout = &config.pools[POOL_TASKS].layout;
    size_t envelope = router_envelope_size(0, 64);
    size_t tables = (tables_for((size_t)2 * TASKS) - tables_for(TASKS)) / TASKS;
    size_t i = 0;

    while (layout->classes[i].block_size < envelope)
        i++;
    ck_assert_uint_le(layout->classes[i].block_size + sizeof(void *) + tables, BEST);
    ck_assert_uint_le(sizeof(struct conn) + sizeof(void *), CONNECTION_BEST);
}
END_TEST

START_TEST(text_is_cut_and_never_runs_over)
{
    char bytes[8] = "#######";
    struct text small = text_in(bytes, 5);

    text_put(&small, "%s", "abc");
    text_put(&small, "%d", 12345);
    text_put(&small, "more");
    ck_assert_str_eq(bytes, "abc1");
    ck_assert_uint_eq(small.used, 4);
    ck_assert_int_eq(bytes[5], '#');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("budget");
    TCase *cases = tcase_create("budget");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_loop_test(cases, a_layout_meets_the_needs_it_was_made_from, 0, 6);
    tcase_add_test(cases, equal_needs_share_a_class_that_has_blocks_for_all);
    tcase_add_test(cases, no_layout_is_made_of_nothing_or_of_blocks_too_large);
    tcase_add_test(cases, a_gap_names_the_class_and_both_numbers);
    tcase_add_loop_test(cases, computed_pools_hold_a_router_and_all_its_connections, 0, 36);
    tcase_add_test(cases, a_computed_pool_stands_the_test_of_a_declared_one);
    tcase_add_test(cases, a_computed_pool_is_prefaulted_and_locked_as_tasks_is);
    tcase_add_test(cases, a_computed_pool_smaller_than_a_huge_page_goes_without_transparent_ones);
    tcase_add_test(cases, a_computed_pool_in_explicit_huge_pages_consists_of_whole_ones);
    tcase_add_loop_test(cases, what_cannot_be_kept_is_refused_with_its_numbers, 0,
                        COUNT_OF(refusals));
    tcase_add_test(cases, a_pool_larger_than_memory_may_be_mapped_where_nothing_is_promised);
    tcase_add_loop_test(cases, the_budget_and_the_router_agree_about_reserves, 0, 80);
    tcase_add_test(cases, a_reserve_leaves_less_for_all_others);
    tcase_add_test(cases, the_printed_budget_names_every_pool_and_class);
    tcase_add_test(cases, a_budget_that_does_not_hold_says_no_where_it_does_not);
    tcase_add_test(cases, stock_counts_the_tasks_of_a_single_class);
    tcase_add_test(cases, a_queued_task_takes_192_bytes_at_most_and_a_connection_1536);
    tcase_add_test(cases, text_is_cut_and_never_runs_over);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
