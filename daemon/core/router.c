#include "router.h"

#include <stdio.h>

#include "deadline.h"
#include "hand.h"
#include "inbox.h"
#include "match.h"
#include "outbox.h"
#include "pmad_must.h"
#include "reload.h"
#include "reserve.h"
#include "router_state.h"
#include "row.h"
#include "task.h"
#include "worker.h"

/* ---- what it takes ---- */

/* Registrations a connection has on average; those of one may be more. */
enum { REGISTRATIONS_EACH = 16, LONGEST_ANSWER = 1024 };

static size_t head_max(const struct router_limits *limits)
{
    return GM_HEADER_SIZE + 2 * (limits->function_name_max + 1) + 512;
}

/* The longest line of a listing: a worker with all the functions it may have, or the figures of a
 * function. It is written whole. */
static size_t longest_row(const struct router_limits *limits)
{
    size_t worker = limits->registrations_per_worker * (limits->function_name_max + 1);
    size_t function = row_function_max(limits->function_name_max);

    return (worker > function ? worker : function) + LONGEST_ANSWER;
}

size_t router_wire_beside(const struct router_limits *limits)
{
    return ROUTER_READ_SIZE + 2 * (size_t)WIRE_MARGIN + longest_row(limits);
}

size_t router_wire_floor(const struct router_limits *limits)
{
    return limits->payload_max + router_lane_nodes(limits) * router_lane_node_size() +
           ROUTER_LANE_ANSWERS * router_lane_answer_size(limits) + router_wire_beside(limits);
}

size_t router_lane_answer_size(const struct router_limits *limits)
{
    return sizeof(struct out) + head_max(limits) + LONGEST_ANSWER;
}

size_t router_lane_nodes(const struct router_limits *limits)
{
    return limits->waiters_per_task;
}

size_t router_lane_node_size(void)
{
    return sizeof(struct out);
}

static size_t add_needs(struct router_need *needs, size_t max, size_t count,
                        const struct router_need *more, size_t more_count)
{
    for (size_t i = 0; i < more_count; i++)
        if (count + i < max)
            needs[count + i] = more[i];
    return count + more_count;
}

static size_t round_up(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* So many there may be of all workers together; more, where the pool `workers` is declared larger. */
static size_t registrations(const struct router_limits *limits)
{
    size_t each = limits->registrations_per_worker < REGISTRATIONS_EACH
                      ? limits->registrations_per_worker
                      : REGISTRATIONS_EACH;
    size_t all = limits->connections * each;

    return all < limits->registrations_per_worker ? limits->registrations_per_worker : all;
}

size_t router_needs_runtime(const struct router_limits *limits, struct router_need *needs,
                            size_t max)
{
    enum { TABLE_NEEDS = 2 }; /* that a table fills in */
    struct router_need more[4 + 4 * TABLE_NEEDS] = {{round_up(sizeof(struct router)), 1},
                                                    {round_up(sizeof(struct rules)), 1},
                                                    {ROUTER_READ_SIZE, 1},
                                                    {SCRATCH_SIZE, 1}};
    size_t count;

    table_needs(sizeof(struct peer_slot), limits->connections, more + 4);
    slots_needs(limits->tasks, more + 6);
    uniques_needs(limits->tasks, more + 8);
    registrations_needs(registrations(limits), more + 10);
    count = add_needs(needs, max, 0, more, sizeof more / sizeof *more);
    functions_needs(limits->functions, limits->function_name_max, more);
    return add_needs(needs, max, count, more, 4);
}

size_t router_needs_workers(const struct router_limits *limits, struct router_need *needs,
                            size_t max)
{
    struct router_need need = {round_up(sizeof(struct registration)), registrations(limits)};

    return add_needs(needs, max, 0, &need, 1);
}

/* ---- making and ending it ---- */

static bool make_tables(struct router *router)
{
    const struct router_limits *limits = &router->limits;

    if (!table_init(&router->peers, router->runtime, sizeof(struct peer_slot), limits->connections))
        return false;
    for (uint32_t i = 0; i < limits->connections; i++) {
        struct peer_slot *slot = table_at(&router->peers, i);

        slot->next_free = i + 1;
    }
    return true;
}

/* The name that a pattern is, where nothing in it is wild. */
static bool is_name(const struct router_pattern *pattern, uint8_t *name)
{
    for (size_t i = 0; i < pattern->size; i++) {
        if (pattern->items[i] == ROUTER_ANY_BYTE || pattern->items[i] == ROUTER_ANY_BYTES)
            return false;
        name[i] = (uint8_t)pattern->items[i];
    }
    return true;
}

/* Functions that have a reserve are there from the beginning, and stay. */
static bool make_reserves(struct router *router)
{
    const struct rules *rules = router->rules;

    for (size_t i = 0; i < rules->row_count; i++) {
        const struct router_function_row *row = &rules->rows[i];
        uint8_t name[ROUTER_PATTERN_MAX];
        struct function *function;

        if (row->rule.reserve == 0)
            continue;
        if (!is_name(&row->match, name) || row->match.size > router->limits.function_name_max)
            return false;
        function = function_obtain(&router->functions, (struct gm_slice){name, row->match.size});
        if (!function || function->rule != &row->rule)
            return false;
        function_declare(&router->functions, function);
        if (!reserve_init(router, function))
            return false;
    }
    return router->reserved_slots <= router->limits.tasks;
}

/* The pool `tasks` holds one task of payload_max at least. */
static bool holds_a_task(const struct router *router)
{
    size_t envelope = router_envelope_size(GM_UNIQUE_MAX, 0);

    return store_block_max(&router->tasks) >= envelope &&
           router->tasks.room >= router->limits.payload_max + 2 * envelope;
}

static enum router_status make(struct router *router, const struct router_setup *setup)
{
    const struct router_limits *limits = &router->limits;
    struct siphash_key key = siphash_key(setup->seed);

    router->read_buffer = pmad_alloc(router->runtime, ROUTER_READ_SIZE);
    router->scratch = pmad_alloc(router->runtime, SCRATCH_SIZE);
    router->rules = pmad_alloc(router->runtime, round_up(sizeof *router->rules));
    if (router->rules)
        rules_init(router->rules, setup);
    if (!router->rules || !router->read_buffer || !router->scratch || !make_tables(router) ||
        !slots_init(&router->slots, router->runtime, limits->tasks, setup->handle_prefix, key) ||
        !uniques_init(&router->uniques, router->runtime, limits->tasks, key) ||
        !registrations_init(&router->registrations, router->runtime, registrations(limits)) ||
        !functions_init(&router->functions, router->runtime, limits->functions,
                        limits->function_name_max, router->rules, key))
        return ROUTER_RUNTIME_TOO_SMALL;
    if (!lane_init(router) || router->wire.room < router_wire_beside(limits))
        return ROUTER_WIRE_TOO_SMALL;
    if (!holds_a_task(router))
        return ROUTER_TASKS_TOO_SMALL;
    if (!make_reserves(router) || !holds_a_task(router))
        return ROUTER_RESERVE_TOO_LARGE;
    router->arriving_max = router->tasks.room / 2;
    if (router->arriving_max < limits->payload_max)
        router->arriving_max = limits->payload_max;
    return ROUTER_OK;
}

enum router_status router_init(struct router **router_out, const struct router_setup *setup)
{
    struct router *router = pmad_alloc(setup->pools.runtime, round_up(sizeof *router));
    enum router_status status;

    *router_out = NULL;
    if (!router)
        return ROUTER_RUNTIME_TOO_SMALL;
    *router = (struct router){
        .limits = setup->limits,
        .pools = {setup->pools.tasks, setup->pools.wire, setup->pools.workers,
                  setup->pools.runtime},
        .workers = setup->pools.workers,
        .runtime = setup->pools.runtime,
        .head_max = head_max(&setup->limits),
        .worker_wakeup = setup->worker_wakeup,
        .round_robin = setup->round_robin,
        .exceptions = setup->exceptions,
        .about.pid = setup->pid,
        .gauges = setup->gauges,
        .gauge_count = setup->gauge_count,
    };
    (void)snprintf(router->about.version, sizeof router->about.version, "%s", setup->version);
    (void)snprintf(router->about.verbosity, sizeof router->about.verbosity, "%s", setup->verbosity);
    wheel_init(&router->millis);
    wheel_init(&router->seconds);
    store_init(&router->tasks, setup->pools.tasks, &router->scarcity);
    store_init(&router->wire, setup->pools.wire, &router->scarcity);
    TAILQ_INIT(&router->ready);
    TAILQ_INIT(&router->starved);
    TAILQ_INIT(&router->resumed);
    TAILQ_INIT(&router->freed);
    TAILQ_INIT(&router->short_of);
    STAILQ_INIT(&router->reloads);
    for (int i = 0; i < PEER_DEADLINES; i++)
        TAILQ_INIT(&router->timers[i]);
    status = make(router, setup);
    if (status == ROUTER_OK)
        *router_out = router;
    else
        router_finish(router);
    return status;
}

void router_finish(struct router *router)
{
    struct pmad *runtime = router->runtime;

    MUST(router->counts.peers == 0);
    for (size_t i = 0; router->slots.used > 0 && i < router->slots.top; i++) {
        struct task *task = slot_at(&router->slots, i);

        if (!task)
            continue;
        task_forget(router, task);
    }
    for (size_t i = 0; router->reserved_slots > 0; i++)
        reserve_finish(router, table_at(&router->functions.table, i));
    lane_finish(router);
    functions_finish(&router->functions, runtime);
    registrations_finish(&router->registrations, runtime);
    uniques_finish(&router->uniques, runtime);
    slots_finish(&router->slots, runtime);
    table_finish(&router->peers, runtime);
    pmad_free(runtime, router->rules);
    pmad_free(runtime, router->scratch);
    pmad_free(runtime, router->read_buffer);
    pmad_free(runtime, router);
}

const char *router_status_text(enum router_status status)
{
    switch (status) {
    case ROUTER_OK:
        return "ready";
    case ROUTER_RUNTIME_TOO_SMALL:
        return "the pool runtime cannot hold the tables that the limits ask for";
    case ROUTER_WIRE_TOO_SMALL:
        return "the pool wire cannot hold a result of payload_max beside one read";
    case ROUTER_TASKS_TOO_SMALL:
        return "the pool tasks cannot hold one task of payload_max";
    case ROUTER_RESERVE_TOO_LARGE:
        return "the pool tasks, or the limits, cannot hold what is reserved for functions";
    }
    return "unknown status";
}

/* ---- peers come and go ---- */

/* Are the connections left those of the reserve? */
static bool only_reserve_is_left(const struct router *router)
{
    return router->counts.peers + router->limits.connections_reserved >= router->limits.connections;
}

bool router_has_room(const struct router *router, unsigned rights)
{
    bool may_take_reserve = rights & (RIGHT_WORK | RIGHT_ADMIN);

    return router->counts.peers < router->limits.connections &&
           (may_take_reserve || !only_reserve_is_left(router));
}

static void take_row(struct router *router, struct peer *peer)
{
    struct peer_slot *slot = table_at(&router->peers, router->peers_free);

    peer->index = router->peers_free;
    router->peers_free = slot->next_free;
    slot->peer = peer;
    router->counts.peers++;
}

static void give_row(struct router *router, const struct peer *peer)
{
    struct peer_slot *slot = table_at(&router->peers, peer->index);

    slot->peer = NULL;
    slot->next_free = router->peers_free;
    router->peers_free = peer->index;
    router->counts.peers--;
}

void router_connect(struct router *router, struct peer *peer, int number, const char *address,
                    unsigned rights)
{
    MUST(router->counts.peers < router->limits.connections);
    *peer = (struct peer){.router = router,
                          .number = number,
                          .id = "-",
                          .rights = (uint8_t)rights,
                          .reserved = only_reserve_is_left(router),
                          .takes_exceptions = router->exceptions};
    (void)snprintf(peer->address, sizeof peer->address, "%s", address);
    STAILQ_INIT(&peer->outbox.queue);
    STAILQ_INIT(&peer->door.outs);
    TAILQ_INIT(&peer->registrations);
    TAILQ_INIT(&peer->unlisted);
    TAILQ_INIT(&peer->hand);
    TAILQ_INIT(&peer->waiters);
    take_row(router, peer);
    peer_timer_start(peer, DEADLINE_IDLE);
    peer_ready(peer);
}

void router_disconnect(struct router *router, struct peer *peer)
{
    inbox_discard(peer);
    reload_forget(peer);
    outbox_discard(peer);
    while (!TAILQ_EMPTY(&peer->waiters))
        waiter_leave(router, TAILQ_FIRST(&peer->waiters));
    worker_set_credit(peer, 0);
    match_forget(peer);
    worker_wakes_up(peer);
    worker_reset(router, peer);
    hand_lost(router, peer);
    for (int deadline = 0; deadline < PEER_DEADLINES; deadline++)
        peer_timer_stop(peer, (enum peer_deadline)deadline);
    if (peer->is_ready)
        TAILQ_REMOVE(&router->ready, peer, ready);
    give_row(router, peer);
    match_all(router);
}

struct peer *router_next_output(struct router *router)
{
    struct peer *peer;

    match_all(router);
    peer = TAILQ_FIRST(&router->ready);
    if (peer) {
        TAILQ_REMOVE(&router->ready, peer, ready);
        peer->is_ready = false;
    }
    return peer;
}

/* ---- the end ---- */

void router_drain(struct router *router)
{
    router->draining = true;
}

bool router_is_empty(const struct router *router)
{
    return router->slots.used == 0;
}

size_t router_abandon(struct router *router)
{
    size_t lost = 0;

    for (size_t i = 0; i < router->slots.top; i++) {
        struct task *task = slot_at(&router->slots, i);

        if (!task || task->state == TASK_ARRIVING || task->state == TASK_TOLD)
            continue;
        lost += task->background && task->state != TASK_CANCELLED;
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    }
    return lost;
}

uint64_t router_scarcity(struct router *router, uint64_t nth, bool on)
{
    uint64_t seen = router->scarcity.seen;

    router->scarcity = (struct scarcity){.left = nth, .goes_on = on};
    router->wire.given = true; /* who waited while all failed may find room now */
    hand_feed_short(router, SIZE_MAX);
    return seen;
}

void router_counts(const struct router *router, struct router_counts *counts)
{
    *counts = router->counts;
    counts->functions = router->functions.used;
    counts->tasks = router->slots.used;
    counts->tasks_most = router->slots.top;
    counts->arriving = router->states[TASK_ARRIVING];
    counts->delayed = router->states[TASK_DELAYED];
    counts->queued = router->states[TASK_QUEUED];
    counts->assigned = router->states[TASK_ASSIGNED];
    counts->cancelled_running = router->states[TASK_CANCELLED];
    counts->told = router->states[TASK_TOLD];
    counts->draining = router->draining;
    counts->reserved = router->reserved_slots;
    counts->arriving_bytes = router->arriving;
}
