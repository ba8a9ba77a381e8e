#include "worker.h"

#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"

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

void worker_rouse(struct function *function)
{
    while (function->queued > function->woken && !TAILQ_EMPTY(&function->asleep))
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

bool worker_can_do(struct router *router, struct peer *peer, struct function *function)
{
    struct registration *registration = find(peer, function);

    if (registration)
        return true;
    registration = pmad_alloc(router->workers, sizeof *registration);
    if (!registration)
        return false;
    *registration = (struct registration){.peer = peer, .function = function};
    TAILQ_INSERT_TAIL(&peer->registrations, registration, in_peer);
    TAILQ_INSERT_TAIL(&function->able, registration, in_function);
    registration_enters(registration);
    if (peer->registration_count++ == 0)
        router->counts.workers++;
    function->able_count++;
    router->counts.registrations++;
    function_used(&router->functions, function);
    worker_rouse(function);
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
    worker_rouse(function);
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
        worker_rouse(registration->function);
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

void worker_assign(struct router *router, struct peer *peer, struct task *task, enum gm_type type)
{
    task_unqueue(task);
    task_move(router, task, TASK_ASSIGNED);
    task->worker = peer;
    task->numerator = 0;
    task->denominator = 0;
    TAILQ_INSERT_TAIL(&peer->assigned, task, place);
    outbox_assign(task, type);
}

void worker_let_go(struct task *task)
{
    struct peer *worker = task->worker;

    MUST(task->state == TASK_ASSIGNED);
    if (!outbox_withdraw(task)) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    TAILQ_REMOVE(&worker->assigned, task, place);
    task->worker = NULL;
}

void worker_lost(struct router *router, struct peer *peer)
{
    struct task *task;

    while ((task = TAILQ_LAST(&peer->assigned, task_list))) {
        struct function *function = task->function;

        worker_let_go(task);
        if (TAILQ_EMPTY(&task->waiters) && !task->background) {
            router->counts.abandoned++;
            task_free(router, task);
            continue;
        }
        router->counts.retried++;
        task->numerator = 0;
        task->denominator = 0;
        task_queue(router, task, true);
        worker_rouse(function);
    }
}
