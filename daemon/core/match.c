#include "match.h"

#include "hand.h"
#include "router_state.h"
#include "worker.h"

void match_stir(struct router *router, struct function *function)
{
    if (function->stirred)
        return;
    function->stirred = true;
    TAILQ_INSERT_TAIL(&router->functions.stirred, function, in_stirred);
}

void match_freed(struct peer *peer)
{
    if (peer->freed)
        return;
    peer->freed = true;
    TAILQ_INSERT_TAIL(&peer->router->freed, peer, in_freed);
}

void match_forget(struct peer *peer)
{
    if (!peer->freed)
        return;
    peer->freed = false;
    TAILQ_REMOVE(&peer->router->freed, peer, in_freed);
}

/* How many there are to be awake for the tasks that wait. */
static size_t wanted(const struct router *router, const struct function *function)
{
    if (function->paused)
        return 0;
    if (router->worker_wakeup == 0)
        return function->tasks[TASK_QUEUED] > 0 ? SIZE_MAX : 0;
    return function->tasks[TASK_QUEUED] * router->worker_wakeup;
}

static struct task *first_task(const struct function *function)
{
    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        struct task *task = TAILQ_FIRST(&function->queues[priority]);

        if (task)
            return task;
    }
    return NULL;
}

/* Who has credit gets the task, and waits behind the others for the next one. */
static void push(struct router *router, struct registration *registration, struct task *task)
{
    struct peer *peer = registration->peer;

    if (hand_take(router, registration, task, GM_JOB_ASSIGN_ALL) && peer->waits)
        worker_waits(peer);
}

/* Those who wait for tasks of the function, the longest first, as long as there are any. */
static void rouse(struct router *router, struct function *function)
{
    struct registration *longest;

    while (function->woken < wanted(router, function) && (longest = worker_longest(function))) {
        if (worker_has_credit(longest->peer))
            push(router, longest, first_task(function));
        else
            worker_wake(longest);
    }
}

/* Those who are free again: who has credit gets one task, in turns, as long as there are any for it. */
static void serve_freed(struct router *router)
{
    struct peer *peer;

    while ((peer = TAILQ_FIRST(&router->freed))) {
        bool has_credit = worker_has_credit(peer);
        struct registration *registration;
        struct task *task = has_credit ? worker_next_task(peer, &registration) : NULL;

        TAILQ_REMOVE(&router->freed, peer, in_freed);
        if (task && hand_take(router, registration, task, GM_JOB_ASSIGN_ALL)) {
            TAILQ_INSERT_TAIL(&router->freed, peer, in_freed);
            continue;
        }
        peer->freed = false;
        if (peer->waits || !worker_is_free(peer))
            continue;
        worker_waits(peer);
        worker_looks(peer);
    }
}

void match_all(struct router *router)
{
    struct function_list *stirred = &router->functions.stirred;

    while (!TAILQ_EMPTY(stirred) || !TAILQ_EMPTY(&router->freed)) {
        struct function *function;

        while ((function = TAILQ_FIRST(stirred))) {
            TAILQ_REMOVE(stirred, function, in_stirred);
            function->stirred = false;
            rouse(router, function);
        }
        serve_freed(router);
    }
}
