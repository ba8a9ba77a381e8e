#include "budget.h"

#include <unistd.h>

#include "conn.h"
#include "gm_frame.h"
#include "pmad_must.h"
#include "stock.h"
#include "users.h"

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
        .connections_reserved = limits->connections_reserved,
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
    struct budget_rule *added = &budget->rules[budget->rule_count++];

    MUST(budget->rule_count <= BUDGET_RULES_MAX);
    *added = *rule;
    if (added->label == NULL)
        added->label = "";
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
    needs_add(needs, users_size(budget->limits.connections), 1);
    needs_add(needs, LOOP_BLOCK_SIZE, LOOP_BLOCKS);
    needs_add(needs, watchers < PMAD_BLOCK_MAX ? watchers : PMAD_BLOCK_MAX, 1);
}

/* Where all is there, all blocks are compared with all needs; else the class that is at fault. */
static void rule_of_needs(struct budget *budget, enum config_pool_id id, const struct needs *needs)
{
    const struct pmad_layout *layout = &budget->layouts[id];
    struct budget_rule rule = {
        .section = id == POOL_WORKERS ? "pool workers" : "pool runtime",
        .key = "class",
        .what = id == POOL_WORKERS ? "connections, registrations"
                                   : "slots and unique ids of all tasks, other tables, event loop",
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

/* Takes what the router takes for the reserve of a function, and says how far that goes. */
static void rule_of_reserve(struct budget *budget, const struct config_function *function,
                            struct stock *stock)
{
    rule_add(budget,
             &(struct budget_rule){
                 .section = "function",
                 .label = function->label,
                 .key = "reserve",
                 .what = "each with an envelope, a body of reserve_size and a waiter",
                 .unit = "submissions in [pool tasks]",
                 .remedy = "make that pool larger, or one of reserve and reserve_size smaller",
                 .needed = function->reserve,
                 .there = stock_take_kits(stock, router_reserve_envelope(&budget->limits),
                                          function->reserve_size, function->reserve),
             });
}

/* Each task has a slot, and so has each that may come at any time. */
static void rule_of_slots(struct budget *budget)
{
    rule_add(budget, &(struct budget_rule){
                         .section = "limits",
                         .key = "tasks",
                         .what = "the reserves of all functions",
                         .unit = "slots",
                         .remedy = "raise it, or make reserves smaller",
                         .needed = budget->reserved,
                         .there = budget->limits.tasks,
                     });
}

/* The reserves come out of the pool first, in their order. What is left must still hold one task of
 * payload_max; where it would without them, the one that takes too much is to blame. */
static void rules_of_tasks(struct budget *budget, const struct config *config)
{
    struct stock *stock = &budget->beside;
    struct budget_rule task = {
        .section = "pool tasks",
        .key = "size",
        .what = "one task: a body of payload_max beside envelope, timer, and waiter with WORK_FAIL",
        .unit = "bytes",
        .remedy = "make the pool larger, or payload_max smaller",
        .needed = budget->limits.payload_max,
    };

    *stock = stock_of(&budget->layouts[POOL_TASKS], &budget->fits[POOL_TASKS]);
    task.there = stock_room_beside_task(*stock, GM_UNIQUE_MAX);
    for (size_t i = 0; i < config->function_count; i++) {
        const struct config_function *function = &config->functions[i];
        bool held = task.there >= task.needed;

        if (function->reserve == 0)
            continue;
        budget->reserved += function->reserve;
        rule_of_reserve(budget, function, stock);
        task.there = stock_room_beside_task(*stock, GM_UNIQUE_MAX);
        if (!held || task.there >= task.needed)
            continue;
        task.section = "function";
        task.label = function->label;
        task.key = "reserve";
        task.remedy = "make [pool tasks] larger, or the reserve smaller";
    }
    if (budget->reserved > 0)
        rule_of_slots(budget);
    rule_add(budget, &task);
}

/* What the router keeps back of the pool `wire` at init, in its order, and what must be left then. */
static void rules_of_wire(struct budget *budget)
{
    const struct router_limits *limits = &budget->limits;
    struct stock stock = stock_of(&budget->layouts[POOL_WIRE], &budget->fits[POOL_WIRE]);
    struct budget_rule rules[] = {
        {.what = "the lane: a result of payload_max",
         .unit = "bytes",
         .remedy = "make the pool larger, or payload_max smaller",
         .needed = limits->payload_max,
         .there = stock.room},
        {.what = "the lane: news for all clients of a task",
         .unit = "blocks",
         .remedy = "make the pool larger, or waiters_per_task smaller",
         .needed = router_lane_nodes(limits)},
        {.what = "the lane: answers of the longest kind",
         .unit = "blocks",
         .remedy = "make the pool larger, or add a larger class",
         .needed = ROUTER_LANE_ANSWERS},
        {.what = "beside the lanes: one read and what it causes",
         .unit = "bytes",
         .remedy = "make the pool larger, or one of payload_max and waiters_per_task smaller",
         .needed = router_wire_beside(limits)},
    };

    stock_take_body(&stock, limits->payload_max);
    rules[1].there = stock_take_blocks(&stock, router_lane_node_size(), rules[1].needed);
    rules[2].there = stock_take_blocks(&stock, router_lane_answer_size(limits), rules[2].needed);
    rules[3].there = stock.room;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rules[i].section = "pool wire";
        rules[i].key = "size";
        rule_add(budget, &rules[i]);
    }
}

static void rule_of_watchers(struct budget *budget)
{
    rule_add(budget, &(struct budget_rule){
                         .section = "limits",
                         .key = "connections",
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
                 .section = names[largest],
                 .key = "size",
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
    rules_of_tasks(budget, config);
    rules_of_wire(budget);
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
