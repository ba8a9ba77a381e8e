#include "budget.h"

#include <unistd.h>

#include "conn.h"
#include "gm_frame.h"
#include "pmad_must.h"
#include "stock.h"

enum {
    /* What libuv takes for itself: its loop and, until the array of watchers has its final size, a
     * first one; two sizes, a few of each to spare. */
    LOOP_BLOCK_SIZE = 128,
    LOOP_BLOCKS = 16,
    /* The most descriptors whose watchers are one block of a pool. */
    WATCHED_MAX = PMAD_BLOCK_MAX / 8 - 2
};

struct router_limits budget_limits(const struct config_limits *limits)
{
    return (struct router_limits){
        .connections = limits->connections,
        .tasks = limits->tasks,
        .functions = limits->functions,
        .function_name_max = limits->function_name_max,
        .payload_max = limits->payload_max,
        .text_line_max = limits->text_line_max,
        .submissions_per_connection = limits->submissions_per_connection,
        .waiters_per_task = limits->waiters_per_task,
        .registrations_per_worker = limits->registrations_per_worker,
        .outbox_max = limits->outbox_max,
        .slow_peer_grace_us = limits->slow_peer_grace_us,
        .frame_timeout_us = limits->frame_timeout_us,
        .idle_timeout_us = limits->idle_timeout_us,
    };
}

size_t budget_watchers_size(size_t descriptors)
{
    size_t entries = 1;

    /* libuv 1.44: the next power of two above the highest descriptor and two entries of its own. */
    while (entries < descriptors + 2)
        entries *= 2;
    return entries * sizeof(void *);
}

static void rule_add(struct budget *budget, const struct budget_rule *rule)
{
    MUST(budget->rule_count < BUDGET_RULES_MAX);
    budget->rules[budget->rule_count++] = *rule;
}

/* ---- pools whose size follows from the limits ---- */

static void needs_of_workers(const struct budget *budget, struct needs *needs)
{
    needs->count = router_needs_workers(&budget->limits, needs->list, NEEDS_MAX);
    needs_add(needs, sizeof(struct conn), budget->limits.connections);
}

static void needs_of_runtime(const struct budget *budget, struct needs *needs)
{
    size_t watchers = budget_watchers_size(budget->descriptors);

    needs->count = router_needs_runtime(&budget->limits, needs->list, NEEDS_MAX);
    needs_add(needs, LOOP_BLOCK_SIZE, LOOP_BLOCKS);
    needs_add(needs, watchers < PMAD_BLOCK_MAX ? watchers : PMAD_BLOCK_MAX, 1);
}

/* Where all is there, all blocks are compared with all needs; else the class that is at fault. */
static void rule_of_needs(struct budget *budget, enum config_pool_id id, const struct needs *needs)
{
    const struct pmad_layout *layout = &budget->layouts[id];
    struct budget_rule rule = {
        .about = id == POOL_WORKERS ? "pool workers" : "pool runtime",
        .what = id == POOL_WORKERS ? "connections, registrations" : "tables, event loop",
        .unit = "blocks",
        .remedy = "leave the section out and it is worked out, or give that class more",
    };
    struct needs_gap gap;

    if (needs_met(needs, layout, &budget->fits[id], &gap)) {
        for (size_t i = 0; i < needs->count; i++)
            rule.needed += needs->list[i].blocks;
        for (size_t i = 0; i < layout->class_count; i++)
            rule.there += budget->fits[id].classes[i].blocks;
    } else {
        rule.block_size = gap.block_size;
        rule.needed = gap.needed;
        rule.there = gap.there;
    }
    rule_add(budget, &rule);
}

/* A pool that was not declared becomes what is needed. */
static void pool_compute(struct budget *budget, struct config *config, enum config_pool_id id,
                         const struct needs *needs)
{
    const struct pmad_layout *tasks = &config->pools[POOL_TASKS].layout;
    struct pmad_layout *layout = &config->pools[id].layout;

    if (config->pools[id].declared)
        return;
    layout->prefault = tasks->prefault;
    layout->lock = tasks->lock;
    layout->huge_pages = tasks->huge_pages;
    layout->explicit_huge_pages = tasks->explicit_huge_pages;
    budget->computed[id] = needs_layout(needs, layout);
    if (layout->pool_size < PMAD_HUGE_PAGE_SIZE)
        layout->huge_pages = PMAD_OFF; /* it is smaller than one */
}

/* ---- the inequalities ---- */

static void rule_of_tasks(struct budget *budget)
{
    struct stock stock = stock_of(&budget->layouts[POOL_TASKS], &budget->fits[POOL_TASKS]);

    rule_add(budget, &(struct budget_rule){
                         .about = "pool tasks",
                         .what = "a body of payload_max beside its envelope and waiter",
                         .unit = "bytes",
                         .remedy = "make the pool larger, or payload_max smaller",
                         .needed = budget->limits.payload_max,
                         .there = stock_room_beside_task(stock, GM_UNIQUE_MAX),
                     });
}

static void rule_of_wire(struct budget *budget)
{
    struct stock stock = stock_of(&budget->layouts[POOL_WIRE], &budget->fits[POOL_WIRE]);
    size_t payload = budget->limits.payload_max;
    size_t there = stock.room;

    /* The lane takes whole blocks: what counts is what they leave. */
    if (there >= payload)
        there = payload + stock_room_beside_body(&stock, payload);

    rule_add(budget, &(struct budget_rule){
                         .about = "pool wire",
                         .what = "a result of payload_max, one read and its answers",
                         .unit = "bytes",
                         .remedy = "make the pool larger, or payload_max smaller",
                         .needed = router_wire_floor(&budget->limits),
                         .there = there,
                     });
}

static void rule_of_wire_blocks(struct budget *budget)
{
    struct stock stock = stock_of(&budget->layouts[POOL_WIRE], &budget->fits[POOL_WIRE]);

    (void)stock_room_beside_body(&stock, budget->limits.payload_max);
    rule_add(budget, &(struct budget_rule){
                         .about = "pool wire",
                         .what = "heads and answers of the longest kind, beside that result",
                         .unit = "blocks",
                         .remedy = "make the pool larger, or add a larger class",
                         .needed = ROUTER_WIRE_BLOCKS,
                         .there = stock_blocks(&stock, router_wire_block_min(&budget->limits)),
                     });
}

/* What a worker says to all who wait for a task is said in one go, or waits until it can be. */
static void rule_of_waiters(struct budget *budget)
{
    struct stock stock = stock_of(&budget->layouts[POOL_WIRE], &budget->fits[POOL_WIRE]);

    (void)stock_room_beside_body(&stock, budget->limits.payload_max);
    rule_add(budget, &(struct budget_rule){
                         .about = "pool wire",
                         .what = "news for all clients of a task, beside that result",
                         .unit = "blocks",
                         .remedy = "make the pool larger, or waiters_per_task smaller",
                         .needed = router_event_blocks(&budget->limits),
                         .there = stock_blocks(&stock, router_event_block_min()),
                     });
}

static void rule_of_watchers(struct budget *budget)
{
    rule_add(budget, &(struct budget_rule){
                         .about = "limits",
                         .what = "connections and what is open beside them",
                         .unit = "descriptors",
                         .remedy = "lower connections",
                         .needed = budget->descriptors,
                         .there = WATCHED_MAX,
                     });
}

/* Pages that are asked for beforehand and are not there would be taken from everybody else, and
 * then from us: the system kills before it refuses. The largest pool is the one to blame. */
static void rule_of_memory(struct budget *budget)
{
    static const char *const names[] = {
        [POOL_TASKS] = "pool tasks",
        [POOL_WIRE] = "pool wire",
        [POOL_WORKERS] = "pool workers",
        [POOL_RUNTIME] = "pool runtime",
    };
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    size_t largest = 0;
    size_t asked = 0;

    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        const struct pmad_layout *layout = &budget->layouts[i];

        if (layout->prefault == PMAD_OFF && layout->lock == PMAD_OFF)
            continue;
        asked += budget->fits[i].mapping_size;
        if (budget->fits[i].mapping_size > budget->fits[largest].mapping_size)
            largest = i;
    }
    if (pages <= 0 || page <= 0)
        return;
    rule_add(budget,
             &(struct budget_rule){
                 .about = names[largest],
                 .what = "all pools that are prefaulted or locked, in this machine's memory",
                 .unit = "bytes",
                 .remedy = "make it smaller, or set prefault and lock to off",
                 .needed = asked,
                 .there = (size_t)pages * (size_t)page,
             });
}

bool budget_plan(struct budget *budget, struct config *config)
{
    struct needs workers, runtime;

    *budget = (struct budget){
        .limits = budget_limits(&config->limits),
        .descriptors = config->limits.connections + BUDGET_DESCRIPTORS_RESERVE,
    };
    needs_of_workers(budget, &workers);
    needs_of_runtime(budget, &runtime);
    pool_compute(budget, config, POOL_WORKERS, &workers);
    pool_compute(budget, config, POOL_RUNTIME, &runtime);
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        budget->layouts[i] = config->pools[i].layout;
        (void)pmad_layout_fit(&budget->layouts[i], &budget->fits[i]);
        budget->resident += budget->fits[i].mapping_size;
    }
    rule_of_watchers(budget);
    rule_of_tasks(budget);
    rule_of_wire(budget);
    rule_of_wire_blocks(budget);
    rule_of_waiters(budget);
    rule_of_needs(budget, POOL_WORKERS, &workers);
    rule_of_needs(budget, POOL_RUNTIME, &runtime);
    rule_of_memory(budget);
    return budget_holds(budget);
}

bool budget_holds(const struct budget *budget)
{
    for (size_t i = 0; i < budget->rule_count; i++) {
        if (budget->rules[i].needed > budget->rules[i].there)
            return false;
    }
    return true;
}
