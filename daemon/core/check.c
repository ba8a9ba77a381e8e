/*
 * router_check(): walks everything the router knows and counts it again.
 *
 * Blocks: each is owned by exactly one task, waiter, node, body, parked chain or the lane, so the
 * blocks of the pools `tasks` and `wire` that are owned must be as many as those in use. A body that
 * several nodes refer to is counted once: the first visit marks its first block, by the highest bit
 * of its capacity, and every visit takes one reference off, which a second walk puts back.
 */
#include <string.h>

#include "outbox.h"
#include "reserve.h"
#include "rights.h"
#include "router_state.h"
#include "task.h"
#include "unique.h"
#include "worker.h"

enum { MARK_SHIFT = 31 };

#define MARK (UINT32_C(1) << MARK_SHIFT)

struct audit {
    struct router *router;
    const char *finding; /* the first */
    size_t tasks_blocks, wire_blocks;
    size_t waiters, registrations, workers, clients, peers;
    size_t timers; /* of tasks that are delayed */
    size_t states[TASK_STATES];
    size_t queues[TASK_PRIORITIES]; /* functions that have tasks of it */
    size_t reserved;                /* free kits */
    size_t bytes, function_bytes;   /* of the bodies of tasks; as functions count them */
    size_t arriving;                /* of bodies that come piece by piece */
    size_t awaited[LANES_END];      /* by lane: peers that wait for it */
};

static void expect(struct audit *audit, bool holds, const char *otherwise)
{
    if (!holds && !audit->finding)
        audit->finding = otherwise;
}

/* ---- bodies that are counted: walked twice ---- */

static void count_body(struct audit *audit, struct block *first)
{
    if (!first)
        return;
    if (!(first->capacity & MARK)) {
        first->capacity |= MARK;
        if (first != audit->router->lane.body.first)
            audit->wire_blocks += chain_blocks(first);
    }
    first->refs--;
}

static void restore_body(struct audit *audit, struct block *first)
{
    if (!first)
        return;
    if (first->capacity & MARK) {
        first->capacity &= ~MARK;
        expect(audit, first->refs == 0, "a body has more or fewer references than referrers");
        first->refs = 0;
    }
    first->refs++;
}

typedef void visit_body(struct audit *audit, struct block *first);

static void visit_bodies(struct audit *audit, visit_body *visit)
{
    struct router *router = audit->router;

    for (size_t i = 0; i < router->peers.count; i++) {
        const struct peer_slot *slot = table_at(&router->peers, i);
        struct out *out;

        if (!slot->peer)
            continue;
        STAILQ_FOREACH (out, &slot->peer->outbox.queue, link)
            if (out->kind == OUT_BYTES || out->kind == OUT_EVENT)
                visit(audit, out->body);
        if (slot->peer->door.kind != DOOR_CLOSED && slot->peer->door.kind != DOOR_SUBMIT)
            visit(audit, slot->peer->door.body.first);
    }
    for (size_t i = 0; i < router->slots.top; i++) {
        const struct task *task = slot_at(&router->slots, i);

        if (task && task->state == TASK_TOLD)
            visit(audit, task->result.first);
    }
}

/* ---- tasks ---- */

static bool is_listed(const struct task_list *list, const struct task *task)
{
    /* A list that holds the task has it where the task says its predecessor points. */
    return !TAILQ_EMPTY(list) && *task->place.tqe_prev == task;
}

/* Is its body in the block of its envelope? */
static bool is_inner(const struct task *task)
{
    const uint8_t *body = (const uint8_t *)task->payload;
    size_t texts = (size_t)task->unique_size + task->reducer_size;

    return body >= (const uint8_t *)task &&
           body <= (const uint8_t *)task + router_envelope_size(texts, 0);
}

static void check_waiters(struct audit *audit, const struct task *task)
{
    size_t waiters = 0;

    for (const struct waiter *waiter = task->waiters; waiter; waiter = waiter->next) {
        waiters++;
        audit->waiters++;
        audit->tasks_blocks++;
        expect(audit, waiter->task == task, "a waiter is in the list of another task");
    }
    expect(audit, waiters == task->waiter_count, "a task's count of waiters is wrong");
}

/* It stands where its state says, and is waited for as its state says. */
static void check_place(struct audit *audit, const struct task *task)
{
    const struct router *router = audit->router;
    bool wanted = task->background || task->waiters;

    switch ((enum task_state)task->state) {
    case TASK_DELAYED:
        audit->timers++;
        expect(audit, task->timer.due > router->seconds.now, "a delayed task is not on its wheel");
        expect(audit, wanted, "a foreground task is delayed that nobody waits for");
        break;
    case TASK_QUEUED:
        expect(audit, is_listed(&task->function->queues[task->priority], task),
               "a queued task is not in its queue");
        expect(audit, wanted, "a foreground task waits that nobody waits for");
        break;
    case TASK_ASSIGNED:
    case TASK_CANCELLED:
        expect(audit, task->grip && task->grip->task == task,
               "an assigned task is in nobody's hand");
        break;
    case TASK_TOLD:
        expect(audit, task->waiters, "an ended task has nobody left to tell");
        break;
    case TASK_ARRIVING:
        break;
    case TASK_FREE:
    case TASK_STATES:
        expect(audit, false, "a task of no state has a slot");
        break;
    }
}

/* Whoever can be joined can be found: this task, or the one it would have joined. */
static void check_unique(struct audit *audit, const struct task *task)
{
    bool joined =
        task->state == TASK_DELAYED || task->state == TASK_QUEUED || task->state == TASK_ASSIGNED;
    const struct task *twin = joined ? unique_twin(&audit->router->uniques, task) : NULL;

    expect(audit, !twin || twin == task, "two tasks of one function have one unique id");
    if (joined && task->unique_size > 0 && task->payload_size > 0)
        expect(audit, twin == task, "a task's unique id does not lead to it");
}

static void check_task(struct audit *audit, const struct task *task)
{
    audit->states[task->state]++;
    audit->tasks_blocks++;
    if (task->reserved)
        audit->tasks_blocks += reserve_blocks_in_use(audit->router, task);
    else if (task->payload && !is_inner(task))
        audit->tasks_blocks += chain_blocks(task->payload);
    if (task->state != TASK_TOLD)
        audit->bytes += task->payload_size;
    expect(audit, slot_find(&audit->router->slots, task_handle(audit->router, task)) == task,
           "a task's handle does not lead to it");
    check_waiters(audit, task);
    check_place(audit, task);
    check_unique(audit, task);
}

static void check_tasks(struct audit *audit)
{
    const struct router *router = audit->router;
    size_t used = 0;

    for (size_t i = 0; i < router->slots.top; i++) {
        const struct task *task = slot_at(&router->slots, i);

        if (!task)
            continue;
        used++;
        check_task(audit, task);
    }
    expect(audit, used == router->slots.used, "the count of used slots is wrong");
    for (int state = TASK_ARRIVING; state < TASK_STATES; state++)
        expect(audit, audit->states[state] == router->states[state],
               "the count of tasks in a state is wrong");
    expect(audit, audit->timers > 0 || wheel_next(&router->seconds) == UINT64_MAX,
           "the wheel of seconds has a timer that is nobody's");
}

/* ---- functions ---- */

static void check_function(struct audit *audit, const struct function *function)
{
    const struct registration *registration;
    const struct task *task;
    size_t queued = 0;
    size_t able = 0;
    size_t waiting = 0;
    size_t listed = 0;
    size_t woken = 0;

    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        size_t before = queued;

        TAILQ_FOREACH (task, &function->queues[priority], place) {
            queued++;
            expect(audit, task->state == TASK_QUEUED && task->function == function,
                   "a queue holds a task that is not queued for it");
        }
        expect(audit, queued - before == function->queued_of[priority],
               "a function's count of tasks of a priority is wrong");
        audit->queues[priority] += queued > before && !function->paused;
    }
    TAILQ_FOREACH (registration, &function->able, in_function) {
        able++;
        waiting += registration->peer->waits;
        listed += registration->is_listed;
        expect(audit, registration->is_listed || !registration->peer->waits,
               "a worker waits for a function that does not know");
        woken += registration->peer->woken_for == registration;
        expect(audit,
               registration_find(&audit->router->registrations, registration->peer, function) ==
                   registration,
               "a registration is not found by its peer and its function");
    }
    TAILQ_FOREACH (registration, &function->waiting, in_list)
        listed--;
    expect(audit, queued == function->tasks[TASK_QUEUED],
           "a function's count of queued tasks is wrong");
    expect(audit, able == function->able_count, "a function's count of workers is wrong");
    expect(audit, listed == 0, "a function's list of waiting workers is wrong");
    expect(audit, woken == function->woken, "a function's count of woken workers is wrong");
    expect(audit,
           function->stirred || function->paused ||
               function->tasks[TASK_QUEUED] <= function->woken || waiting == 0,
           "a task waits beside a worker that waits");
    expect(audit,
           (function_is_idle(function) && !function->declared) == (function->idle.tqe_prev != NULL),
           "a function is idle and not listed so, or the reverse");
}

static uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->counts[i];
    return count;
}

/* What has happened to its tasks comes to what there is of them. */
static void check_counts(struct audit *audit, const struct function *function)
{
    const struct function_counts *counts = &function->counts;

    expect(audit,
           counts->submitted == counts->completed + counts->failed + counts->cancelled +
                                    counts->abandoned + function->tasks[TASK_DELAYED] +
                                    function->tasks[TASK_QUEUED] + function->tasks[TASK_ASSIGNED],
           "the tasks of a function that were accepted are not those that ended or are there");
    expect(audit,
           histogram_count(&function->wait_times) ==
               histogram_count(&function->run_times) + function_running(function),
           "a function has measured more or fewer beginnings than ends");
    expect(audit, histogram_count(&function->sizes) == counts->submitted,
           "a function has measured more or fewer bodies than tasks");
}

/* Functions that have tasks of a priority, and no others, are listed so. */
static void check_queues(struct audit *audit)
{
    const struct functions *functions = &audit->router->functions;
    const struct function *function;

    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        TAILQ_FOREACH (function, &functions->queued[priority], in_queued[priority]) {
            audit->queues[priority]--;
            expect(audit, function_offers(function, (enum task_priority)priority),
                   "a function without tasks to give is listed as having some");
        }
        expect(audit, audit->queues[priority] == 0, "a function with tasks is not listed so");
    }
}

static void check_functions(struct audit *audit)
{
    const struct router *router = audit->router;
    size_t used = 0;

    for (size_t i = 0; i < router->functions.table.count; i++) {
        struct function *function = function_at(&router->functions, i);
        struct gm_slice name;

        if (!function)
            continue;
        used++;
        audit->tasks_blocks += reserve_blocks(router, function);
        audit->reserved += function->reserve.free;
        audit->function_bytes += function->bytes;
        name = (struct gm_slice){function->name, function->name_size};
        expect(audit, function_find(&router->functions, name) == function,
               "a function's name does not lead to it");
        expect(audit,
               function->rule == rules_find(router->rules, name) &&
                   function->patterns == rules_patterns(router->rules, name),
               "a function does not go by the rules for its name");
        check_function(audit, function);
        check_counts(audit, function);
    }
    expect(audit, used == router->functions.used, "the count of functions is wrong");
    check_queues(audit);
    expect(audit, audit->reserved == router->reserved_slots, "the count of free kits is wrong");
    expect(audit, audit->bytes == audit->function_bytes && audit->bytes == router->counts.bytes,
           "the bytes that functions count are not those of their tasks");
    expect(audit, router->slots.used + router->reserved_slots <= router->limits.tasks,
           "tasks have taken slots that are reserved");
}

/* ---- peers ---- */

static void check_outbox(struct audit *audit, const struct peer *peer)
{
    const struct out *out;
    size_t size = 0;

    STAILQ_FOREACH (out, &peer->outbox.queue, link) {
        size += (size_t)out->head_size + out->body_size;
        audit->wire_blocks += out->kind == OUT_BYTES || out->kind == OUT_EVENT;
    }
    expect(audit, size == peer->outbox.size + peer->outbox.sent, "an outbox's size is wrong");
    expect(audit,
           (size > 0) == peer->timers[DEADLINE_OUTBOX].armed || peer->standing == PEER_DROPPED,
           "an outbox is not watched as it should be");
}

static void check_peer(struct audit *audit, const struct peer *peer)
{
    const struct registration *registration;
    const struct waiter *waiter;
    const struct grip *grip;
    const struct out *out;
    size_t registrations = 0;
    size_t waiters = 0;
    size_t in_hand = 0;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer) {
        registrations++;
        expect(audit, registration->peer == peer, "a registration is in another peer's list");
        expect(audit,
               peer->standing != PEER_OPEN || peer_may_to(peer, RIGHT_WORK, registration->function),
               "a worker is registered for what it has no right to");
    }
    TAILQ_FOREACH (waiter, &peer->waiters, in_peer) {
        waiters++;
        expect(audit, waiter->peer == peer, "a waiter is in another peer's list");
    }
    TAILQ_FOREACH (grip, &peer->hand, in_hand) {
        const struct task *task = grip->task;

        in_hand++;
        audit->wire_blocks += grip != &peer->grip;
        expect(audit,
               grip->worker == peer && task->grip == grip &&
                   (task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED),
               "a worker holds a task that is not assigned to it");
    }
    expect(audit, !peer->is_short || peer->grip.task, "a worker without a task is short of room");
    STAILQ_FOREACH (out, &peer->door.outs, link)
        audit->wire_blocks++;
    expect(audit, registrations == peer->registration_count,
           "a peer's count of registrations is wrong");
    expect(audit, waiters == peer->waiter_count, "a peer's count of submissions is wrong");
    expect(audit, in_hand == peer->in_hand, "a worker's count of tasks in its hand is wrong");
    expect(audit, peer->waits ? worker_is_free(peer) : peer->freed || !worker_is_free(peer),
           "a worker waits and is not free, or the reverse");
    for (unsigned lane = LANE_BODY; lane < LANES_END; lane <<= 1)
        audit->awaited[lane] += peer->inbox.halt == HALT_MEMORY && peer->inbox.lanes & lane;
    expect(audit, peer->door.kind != DOOR_CLOSED || STAILQ_EMPTY(&peer->door.outs),
           "nodes are held for a frame that has not begun");
    if (peer->door.kind == DOOR_SUBMIT)
        audit->arriving += peer->door.arriving;
    audit->peers++;
    audit->workers += registrations > 0;
    audit->clients += waiters > 0;
    audit->registrations += registrations;
    audit->wire_blocks += chain_blocks(peer->inbox.parked) + (peer->reload != NULL);
    expect(audit, !peer->reload || peer->reload->of.peer == peer,
           "the answer to a reload is held for another peer");
    check_outbox(audit, peer);
}

static void check_peers(struct audit *audit)
{
    const struct router *router = audit->router;

    for (size_t i = 0; i < router->peers.count; i++) {
        const struct peer_slot *slot = table_at(&router->peers, i);

        if (slot->peer)
            check_peer(audit, slot->peer);
    }
    expect(audit, audit->peers == router->counts.peers, "the count of peers is wrong");
    expect(audit, audit->workers == router->counts.workers, "the count of workers is wrong");
    expect(audit, audit->clients == router->counts.clients, "the count of clients is wrong");
    expect(audit, audit->registrations == router->counts.registrations,
           "the count of registrations is wrong");
    expect(audit, audit->arriving == router->arriving && router->arriving <= router->arriving_max,
           "the count of bytes that are to come is wrong");
    expect(audit, memcmp(audit->awaited, router->lane.awaited, sizeof audit->awaited) == 0,
           "the count of peers that wait for a lane is wrong");
}

/* ---- the whole ---- */

static size_t blocks_in_use(const struct pmad *pool)
{
    struct pmad_stats stats;
    size_t in_use = 0;

    pmad_stats(pool, &stats);
    for (size_t i = 0; i < stats.class_count; i++)
        in_use += stats.classes[i].in_use;
    return in_use;
}

static void check_promise(struct audit *audit)
{
    struct router_counts counts;

    router_counts(audit->router, &counts);
    expect(audit,
           counts.submitted == counts.completed + counts.failed + counts.cancelled +
                                   counts.abandoned + counts.delayed + counts.queued +
                                   counts.assigned,
           "what was submitted is not what ended, waits and runs");
    expect(audit, counts.waiters == audit->waiters, "the count of waiters is wrong");
}

const char *router_check(struct router *router)
{
    struct audit audit = {.router = router};

    audit.wire_blocks += chain_blocks(router->lane.body.first) + router->lane.nodes.count +
                         router->lane.answers.count;
    check_tasks(&audit);
    check_functions(&audit);
    check_peers(&audit);
    check_promise(&audit);
    visit_bodies(&audit, count_body);
    visit_bodies(&audit, restore_body);
    expect(&audit, audit.tasks_blocks == blocks_in_use(router->tasks.pool),
           "the pool tasks has blocks in use that nobody owns, or the reverse");
    expect(&audit, audit.wire_blocks == blocks_in_use(router->wire.pool),
           "the pool wire has blocks in use that nobody owns, or the reverse");
    return audit.finding;
}
