#include "worker.h"

#include "deadline.h"
#include "match.h"
#include "outbox.h"
#include "router_state.h"

/* ---- how a registration counts in its function ---- */

/* Is it one of the woken that functions count? */
static bool counts_as_woken(const struct peer *peer)
{
    return !peer->waits && peer->sleep == WORKER_WOKEN;
}

static void count_woken(struct peer *peer, size_t by)
{
    struct registration *registration;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        registration->function->woken += by;
}

/* From now on it is the last of those that wait for the function. */
static void list(struct router *router, struct registration *registration)
{
    registration->since = ++router->waits;
    registration->is_listed = true;
    TAILQ_INSERT_TAIL(&registration->function->waiting, registration, in_list);
}

static void unlist(struct registration *registration)
{
    TAILQ_REMOVE(&registration->function->waiting, registration, in_list);
    registration->is_listed = false;
    TAILQ_INSERT_TAIL(&registration->peer->unlisted, registration, in_list);
}

/* Its worker has been given a task since it was listed: others have waited longer by now. It goes where it
 * belongs, which most often is the end; and never ahead of many. */
static void list_anew(struct registration *registration)
{
    enum { MANY = 64 };
    struct registration_list *waiting = &registration->function->waiting;
    struct registration *before = TAILQ_LAST(waiting, registration_list);
    uint64_t since = registration->peer->since;

    for (int i = 0; i < MANY && before->since > since; i++)
        before = TAILQ_PREV(before, registration_list, in_list);
    registration->since = since;
    if (before == registration)
        return;
    TAILQ_REMOVE(waiting, registration, in_list);
    TAILQ_INSERT_AFTER(waiting, before, registration, in_list);
}

struct registration *worker_longest(struct function *function)
{
    struct registration *first;

    while ((first = TAILQ_FIRST(&function->waiting))) {
        if (!first->peer->waits)
            unlist(first);
        else if (first->since < first->peer->since)
            list_anew(first);
        else
            return first;
    }
    return NULL;
}

/* It stands like this from now on, and waits behind all others if it does. */
static void stand(struct peer *peer, enum worker_sleep sleep, bool waits)
{
    struct registration *registration;
    bool was_woken = counts_as_woken(peer);

    peer->sleep = sleep;
    peer->waits = waits;
    if (was_woken != counts_as_woken(peer))
        count_woken(peer, was_woken ? (size_t)-1 : 1);
    if (!waits)
        return;
    peer->since = ++peer->router->waits;
    while ((registration = TAILQ_FIRST(&peer->unlisted))) {
        TAILQ_REMOVE(&peer->unlisted, registration, in_list);
        list(peer->router, registration);
    }
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
    function->woken += counts_as_woken(peer);
    if (peer->waits)
        list(router, registration);
    else
        TAILQ_INSERT_TAIL(&peer->unlisted, registration, in_list);
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

    function->woken -= counts_as_woken(peer);
    if (registration->is_listed)
        unlist(registration);
    TAILQ_REMOVE(&peer->unlisted, registration, in_list);
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
