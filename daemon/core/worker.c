#include "worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"

/* ---- what a registration counts as, by how its worker sleeps ---- */

static void registration_enters(struct registration *registration)
{
    struct function *function = registration->function;

    switch (registration->peer->sleep) {
    case WORKER_AWAKE:
        break;
    case WORKER_ASLEEP:
        TAILQ_INSERT_TAIL(&function->asleep, registration, in_asleep);
        break;
    case WORKER_WOKEN:
        function->woken++;
        break;
    }
}

static void registration_leaves(struct registration *registration)
{
    struct function *function = registration->function;

    switch (registration->peer->sleep) {
    case WORKER_AWAKE:
        break;
    case WORKER_ASLEEP:
        TAILQ_REMOVE(&function->asleep, registration, in_asleep);
        break;
    case WORKER_WOKEN:
        function->woken--;
        break;
    }
}

static void set_sleep(struct peer *peer, enum worker_sleep sleep)
{
    struct registration *registration;

    if (peer->sleep == sleep)
        return;
    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        registration_leaves(registration);
    peer->sleep = sleep;
    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        registration_enters(registration);
}

static void wake(struct peer *peer)
{
    set_sleep(peer, WORKER_WOKEN);
    peer_timer_start(peer, DEADLINE_WOKEN);
    outbox_noop(peer);
}

/* How many there are to be awake for the tasks that wait. */
static size_t wanted(const struct router *router, const struct function *function)
{
    if (router->worker_wakeup == 0)
        return function->queued > 0 ? SIZE_MAX : 0;
    return function->queued * router->worker_wakeup;
}

void worker_rouse(struct router *router, struct function *function)
{
    while (function->woken < wanted(router, function) && !TAILQ_EMPTY(&function->asleep))
        wake(TAILQ_FIRST(&function->asleep)->peer);
}

/* ---- registrations ---- */

static struct registration *find(const struct peer *peer, const struct function *function)
{
    struct registration *registration;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        if (registration->function == function)
            return registration;
    return NULL;
}

bool worker_can(const struct peer *peer, const struct function *function)
{
    return find(peer, function) != NULL;
}

bool worker_can_do(struct router *router, struct peer *peer, struct function *function,
                   uint32_t timeout_ms)
{
    struct registration *registration = find(peer, function);

    if (registration) {
        registration->timeout_ms = timeout_ms;
        return true;
    }
    if (!scarcity_strikes(&router->scarcity))
        registration = pmad_alloc(router->workers, sizeof *registration);
    if (!registration)
        return false;
    *registration =
        (struct registration){.peer = peer, .function = function, .timeout_ms = timeout_ms};
    TAILQ_INSERT_TAIL(&peer->registrations, registration, in_peer);
    TAILQ_INSERT_TAIL(&function->able, registration, in_function);
    registration_enters(registration);
    if (peer->registration_count++ == 0)
        router->counts.workers++;
    function->able_count++;
    router->counts.registrations++;
    function_used(&router->functions, function);
    worker_rouse(router, function);
    return true;
}

static void unregister(struct router *router, struct registration *registration)
{
    struct peer *peer = registration->peer;
    struct function *function = registration->function;

    registration_leaves(registration);
    TAILQ_REMOVE(&peer->registrations, registration, in_peer);
    TAILQ_REMOVE(&function->able, registration, in_function);
    if (--peer->registration_count == 0)
        router->counts.workers--;
    function->able_count--;
    router->counts.registrations--;
    pmad_free(router->workers, registration);
    function_used(&router->functions, function);
    worker_rouse(router, function);
}

void worker_cant_do(struct router *router, struct peer *peer, struct function *function)
{
    struct registration *registration = find(peer, function);

    if (registration)
        unregister(router, registration);
}

void worker_reset(struct router *router, struct peer *peer)
{
    struct registration *registration;

    while ((registration = TAILQ_FIRST(&peer->registrations)))
        unregister(router, registration);
}

/* ---- sleep ---- */

void worker_falls_asleep(struct peer *peer)
{
    if (peer->sleep == WORKER_WOKEN)
        worker_wakes_up(peer);
    set_sleep(peer, WORKER_ASLEEP);
    if (worker_next_task(peer))
        wake(peer);
}

void worker_wakes_up(struct peer *peer)
{
    struct registration *registration;
    bool was_woken = peer->sleep == WORKER_WOKEN;

    peer_timer_stop(peer, DEADLINE_WOKEN);
    set_sleep(peer, WORKER_AWAKE);
    if (!was_woken)
        return;
    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        worker_rouse(peer->router, registration->function);
}

/* ---- tasks ---- */

struct task *worker_next_task(const struct peer *peer)
{
    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        const struct registration *registration;

        TAILQ_FOREACH (registration, &peer->registrations, in_peer) {
            struct task *task = TAILQ_FIRST(&registration->function->queues[priority]);

            if (task)
                return task;
        }
    }
    return NULL;
}

/* When a time limit of so many microseconds, from now on, is over, in ticks of the wheel: never early. */
static uint64_t tick_after(const struct router *router, uint64_t us)
{
    return (router->now.mono_us + us + TICK_US - 1) / TICK_US;
}

/* The smaller of the worker's limit and the function's. */
static void start_limit(struct router *router, const struct registration *registration,
                        struct task *task)
{
    uint64_t own_us = (uint64_t)registration->timeout_ms * TICK_US;
    uint64_t limit_us = task->function->rule->timeout_us;

    if (own_us > 0 && (limit_us == 0 || own_us < limit_us))
        limit_us = own_us;
    if (limit_us > 0)
        wheel_start(&router->millis, &task->timer, tick_after(router, limit_us));
}

void worker_assign(struct router *router, struct peer *peer, struct task *task, enum gm_type type)
{
    struct registration *registration = find(peer, task->function);

    MUST(registration);
    task_unqueue(task);
    task_move(router, task, TASK_ASSIGNED);
    task->worker = peer;
    task->numerator = 0;
    task->denominator = 0;
    TAILQ_INSERT_TAIL(&peer->assigned, task, place);
    start_limit(router, registration, task);
    if (router->round_robin) {
        TAILQ_REMOVE(&peer->registrations, registration, in_peer);
        TAILQ_INSERT_TAIL(&peer->registrations, registration, in_peer);
    }
    outbox_assign(task, type);
}

void worker_let_go(struct task *task)
{
    struct peer *worker = task->worker;

    MUST(task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED);
    if (!outbox_withdraw(task)) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    wheel_stop(&worker->router->millis, &task->timer);
    TAILQ_REMOVE(&worker->assigned, task, place);
    task->worker = NULL;
}

/* Says to who waits for it why a task is given up, as far as there is memory for that. */
static void warn(struct router *router, struct task *task, const char *why)
{
    struct waiter *waiter;
    struct body body;
    struct body_cursor cursor;

    if (TAILQ_EMPTY(&task->waiters) || !wire_take_body(router, &body, strlen(why)))
        return;
    cursor = body_begin(&body);
    body_write(&cursor, why, body.size);
    TAILQ_FOREACH (waiter, &task->waiters, in_task) {
        struct out *out = out_take(router, 0);

        if (out)
            outbox_event(waiter, out, GM_WORK_WARNING, body);
    }
    body_release(router, body.first);
}

/* A task loses its worker, who was `how`. */
static void lose_worker(struct router *router, struct task *task, const char *how)
{
    size_t retries = task->function->rule->retries;

    task->lost += task->lost < UINT16_MAX;
    if (task->state == TASK_CANCELLED) {
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    } else if (retries > 0 && task->lost >= retries) {
        char why[96];

        (void)snprintf(why, sizeof why,
                       "given up: it has cost %" PRIu16 " workers; the last one %s", task->lost,
                       how);
        warn(router, task, why);
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    } else if (TAILQ_EMPTY(&task->waiters) && !task->background) {
        worker_let_go(task);
        router->counts.abandoned++;
        task_free(router, task);
    } else {
        worker_let_go(task);
        router->counts.retried++;
        task->numerator = 0;
        task->denominator = 0;
        task_queue(router, task, true);
    }
}

void worker_lost(struct router *router, struct peer *peer)
{
    struct task *task;

    while ((task = TAILQ_LAST(&peer->assigned, task_list)))
        lose_worker(router, task, "left");
}

void worker_failed(struct router *router, struct task *task)
{
    lose_worker(router, task, "said WORK_FAIL");
}

void worker_took_too_long(struct router *router, struct task *task)
{
    struct peer *worker = task->worker;

    /* Who has not even read his assignment by now would wait for it for ever once it is taken back. */
    if (task->assign_waits) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    lose_worker(router, task, "took too long");
}
