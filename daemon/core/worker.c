#include "worker.h"

#include "deadline.h"
#include "match.h"
#include "outbox.h"
#include "router_state.h"

/* ---- how a registration counts in its function ---- */

static void registration_enters(struct registration *registration)
{
    const struct peer *peer = registration->peer;

    if (peer->waits)
        TAILQ_INSERT_TAIL(&registration->function->waiting, registration, in_waiting);
    else if (peer->sleep == WORKER_WOKEN)
        registration->function->woken++;
}

static void registration_leaves(struct registration *registration)
{
    const struct peer *peer = registration->peer;

    if (peer->waits)
        TAILQ_REMOVE(&registration->function->waiting, registration, in_waiting);
    else if (peer->sleep == WORKER_WOKEN)
        registration->function->woken--;
}

/* Its registrations count as it stands from now on, and are the last of those that wait. */
static void stand(struct peer *peer, enum worker_sleep sleep, bool waits)
{
    struct registration *registration;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        registration_leaves(registration);
    peer->sleep = sleep;
    peer->waits = waits;
    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        registration_enters(registration);
}

/* One that waits by its credit goes on doing so, asleep or not, and keeps its place. */
static void set_sleep(struct peer *peer, enum worker_sleep sleep)
{
    bool waits =
        (sleep == WORKER_ASLEEP && !peer->is_short) || (peer->waits && worker_has_credit(peer));

    if (peer->waits && waits)
        peer->sleep = sleep;
    else if (peer->sleep != sleep)
        stand(peer, sleep, waits);
}

void worker_wake(struct peer *peer)
{
    set_sleep(peer, WORKER_WOKEN);
    peer_timer_start(peer, DEADLINE_WOKEN);
    outbox_noop(peer);
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
    match_stir(router, function);
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
    match_stir(router, function);
    function_used(&router->functions, function);
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
    struct registration *registration;

    if (peer->sleep == WORKER_WOKEN)
        worker_wakes_up(peer);
    set_sleep(peer, WORKER_ASLEEP);
    if (peer->waits && !worker_has_credit(peer) && worker_next_task(peer, &registration))
        worker_wake(peer);
}

void worker_wakes_up(struct peer *peer)
{
    bool was_woken = peer->sleep == WORKER_WOKEN;

    peer_timer_stop(peer, DEADLINE_WOKEN);
    set_sleep(peer, WORKER_AWAKE);
    if (was_woken)
        worker_stirs(peer);
}

/* ---- credit ---- */

/* One that does not read what it has got gets no more for the moment. */
static bool is_full(const struct peer *peer)
{
    return peer->outbox.size > peer->router->limits.outbox_max / 2;
}

bool worker_has_credit(const struct peer *peer)
{
    return peer->in_hand + peer->overdue < peer->credit && peer->standing == PEER_OPEN &&
           !is_full(peer) && !peer->is_short;
}

bool worker_is_free(const struct peer *peer)
{
    return (peer->sleep == WORKER_ASLEEP && !peer->is_short) || worker_has_credit(peer);
}

void worker_changed(struct peer *peer)
{
    bool is_free = worker_is_free(peer);

    if (peer->waits && !is_free)
        stand(peer, peer->sleep, false);
    if (!peer->waits && is_free)
        match_freed(peer);
}

void worker_set_credit(struct peer *peer, uint16_t credit)
{
    peer->credit = credit;
    worker_changed(peer);
}

void worker_waits(struct peer *peer)
{
    stand(peer, peer->sleep, true);
}

void worker_stirs(struct peer *peer)
{
    struct registration *registration;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        match_stir(peer->router, registration->function);
}

/* ---- what is next for it ---- */

struct task *worker_next_task(const struct peer *peer, struct registration **registration)
{
    if (peer->router->states[TASK_QUEUED] == 0)
        return NULL;
    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        TAILQ_FOREACH (*registration, &peer->registrations, in_peer) {
            struct task *task = TAILQ_FIRST(&(*registration)->function->queues[priority]);

            if (task)
                return task;
        }
    }
    return NULL;
}
