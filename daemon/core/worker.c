#include "worker.h"

#include "deadline.h"
#include "match.h"
#include "outbox.h"
#include "router_state.h"

/* ---- how a registration counts in its function ---- */

/* Its function counts it as one that was woken and has not asked since. */
static void count_woken(struct registration *registration)
{
    registration->peer->woken_for = registration;
    registration->function->woken++;
}

/* It does so no more: another may have to be woken in its place. */
static void forget_woken(struct peer *peer)
{
    struct registration *registration = peer->woken_for;

    if (!registration)
        return;
    peer->woken_for = NULL;
    registration->function->woken--;
    match_stir(peer->router, registration->function);
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

    peer->sleep = sleep;
    peer->waits = waits;
    if (waits || sleep != WORKER_WOKEN)
        forget_woken(peer);
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

void worker_wake(struct registration *registration)
{
    struct peer *peer = registration->peer;

    set_sleep(peer, WORKER_WOKEN);
    count_woken(registration);
    peer_timer_start(peer, DEADLINE_WOKEN);
    outbox_noop(peer);
}

/* ---- registrations ---- */

static struct registration *find(const struct peer *peer, const struct function *function)
{
    return registration_find(&peer->router->registrations, peer, function);
}

bool worker_can(const struct peer *peer, const struct function *function)
{
    return find(peer, function) != NULL;
}

void worker_names(struct registration *registration)
{
    struct peer *peer = registration->peer;

    registration->named = ++peer->router->names;
    TAILQ_INSERT_TAIL(&peer->registrations, registration, in_peer);
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
    registration_enter(&router->registrations, registration);
    worker_names(registration);
    TAILQ_INSERT_TAIL(&function->able, registration, in_function);
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

    if (peer->woken_for == registration)
        forget_woken(peer);
    if (registration->is_listed)
        unlist(registration);
    registration_leave(&router->registrations, registration);
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
    if (peer->sleep == WORKER_WOKEN)
        worker_wakes_up(peer);
    set_sleep(peer, WORKER_ASLEEP);
    worker_looks(peer);
}

void worker_looks(struct peer *peer)
{
    struct registration *registration;

    if (peer->waits && !worker_has_credit(peer) && worker_next_task(peer, &registration))
        worker_wake(registration);
}

void worker_wakes_up(struct peer *peer)
{
    peer_timer_stop(peer, DEADLINE_WOKEN);
    set_sleep(peer, WORKER_AWAKE);
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

/* ---- what is next for it ---- */

/* Of two, one of which may be NULL, the one that was named first. */
static struct registration *named_first(struct registration *one, struct registration *other)
{
    if (!one || !other)
        return one ? one : other;
    return one->named < other->named ? one : other;
}

/* The function named first that has tasks of the priority. Its own registrations and the functions that
 * have such tasks are gone through side by side: the shorter way ends it. */
static struct registration *first_with_tasks(const struct peer *peer, enum task_priority priority)
{
    struct registration *own = TAILQ_FIRST(&peer->registrations);
    struct function *function = TAILQ_FIRST(&peer->router->functions.queued[priority]);
    struct registration *found = NULL;

    while (own && function) {
        if (function_offers(own->function, priority))
            return own;
        found = named_first(found, find(peer, function));
        own = TAILQ_NEXT(own, in_peer);
        function = TAILQ_NEXT(function, in_queued[priority]);
    }
    return found;
}

struct task *worker_next_task(const struct peer *peer, struct registration **registration)
{
    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        *registration = first_with_tasks(peer, (enum task_priority)priority);
        if (*registration)
            return TAILQ_FIRST(&(*registration)->function->queues[priority]);
    }
    return NULL;
}
