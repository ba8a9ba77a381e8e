#include "hand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"
#include "worker.h"

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

/* JOB_ASSIGN_ALL brings the reducer, where there is one. */
static enum gm_type form_of(const struct task *task, enum gm_type at_most)
{
    bool bare = at_most == GM_JOB_ASSIGN_ALL && task->reducer_size == 0;

    return bare ? GM_JOB_ASSIGN_UNIQ : at_most;
}

void hand_take(struct router *router, struct peer *peer, struct task *task, enum gm_type at_most)
{
    struct registration *registration = worker_registration(peer, task->function);

    MUST(registration);
    task_unqueue(task);
    task_move(router, task, TASK_ASSIGNED);
    task->worker = peer;
    task->numerator = 0;
    task->denominator = 0;
    TAILQ_INSERT_TAIL(&peer->assigned, task, place);
    peer->in_hand++;
    start_limit(router, registration, task);
    if (router->round_robin) {
        TAILQ_REMOVE(&peer->registrations, registration, in_peer);
        TAILQ_INSERT_TAIL(&peer->registrations, registration, in_peer);
    }
    outbox_assign(task, form_of(task, at_most));
    worker_credit_changed(peer);
}

void hand_let_go(struct task *task)
{
    struct peer *worker = task->worker;

    MUST(task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED);
    if (!outbox_withdraw(task)) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    wheel_stop(&worker->router->millis, &task->timer);
    TAILQ_REMOVE(&worker->assigned, task, place);
    worker->in_hand--;
    task->worker = NULL;
    worker_credit_changed(worker);
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
        hand_let_go(task);
        router->counts.abandoned++;
        task_free(router, task);
    } else {
        hand_let_go(task);
        router->counts.retried++;
        task->numerator = 0;
        task->denominator = 0;
        task_queue(router, task, true);
    }
}

void hand_lost(struct router *router, struct peer *peer)
{
    struct task *task;

    while ((task = TAILQ_LAST(&peer->assigned, task_list)))
        lose_worker(router, task, "left");
}

void hand_failed(struct router *router, struct task *task)
{
    lose_worker(router, task, "said WORK_FAIL");
}

void hand_took_too_long(struct router *router, struct task *task)
{
    struct peer *worker = task->worker;

    /* Who has not even read his assignment by now would wait for it for ever once it is taken back. */
    if (task->assign_waits) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    worker->overdue++;
    lose_worker(router, task, "took too long");
}

void hand_answered_late(struct peer *peer)
{
    if (peer->overdue == 0)
        return;
    peer->overdue--;
    worker_credit_changed(peer);
}
