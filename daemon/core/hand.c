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
                        struct grip *grip)
{
    uint64_t own_us = (uint64_t)registration->timeout_ms * TICK_US;
    uint64_t limit_us = registration->function->rule->timeout_us;

    if (own_us > 0 && (limit_us == 0 || own_us < limit_us))
        limit_us = own_us;
    if (limit_us > 0)
        wheel_start(&router->millis, &grip->timer, tick_after(router, limit_us));
}

/* JOB_ASSIGN_ALL brings the reducer, where there is one. */
static enum gm_type form_of(const struct task *task, enum gm_type at_most)
{
    bool bare = at_most == GM_JOB_ASSIGN_ALL && task->reducer_size == 0;

    return bare ? GM_JOB_ASSIGN_UNIQ : at_most;
}

/* ---- room ---- */

/* Who was woken for a task and cannot take it is awake: others are woken in its place. */
static void be_short(struct router *router, struct peer *peer)
{
    if (peer->is_short)
        return;
    if (peer->sleep == WORKER_WOKEN)
        worker_wakes_up(peer);
    peer->is_short = true;
    peer->short_at = router->wire.room;
    TAILQ_INSERT_TAIL(&router->short_of, peer, in_short);
    worker_changed(peer);
}

static void be_short_no_more(struct router *router, struct peer *peer)
{
    if (!peer->is_short)
        return;
    peer->is_short = false;
    TAILQ_REMOVE(&router->short_of, peer, in_short);
    worker_changed(peer);
}

void hand_feed_short(struct router *router, size_t room)
{
    struct peer *peer;
    struct peer *next;

    for (peer = TAILQ_FIRST(&router->short_of); peer; peer = next) {
        next = TAILQ_NEXT(peer, in_short);
        if (peer->short_at < room)
            be_short_no_more(router, peer);
    }
}

/* Its own for the first task, the pool's for others. */
static struct grip *take_grip(struct router *router, struct peer *peer)
{
    if (!peer->grip.task)
        return &peer->grip;
    return wire_take_spare(router, sizeof(struct grip));
}

static void give_grip(struct router *router, struct grip *grip)
{
    struct peer *peer = grip->worker;

    if (grip != &peer->grip) {
        store_give(&router->wire, grip);
        return;
    }
    grip->task = NULL;
    be_short_no_more(router, peer);
}

/* ---- in and out ---- */

bool hand_take(struct router *router, struct registration *registration, struct task *task,
               enum gm_type at_most)
{
    struct peer *peer = registration->peer;
    struct grip *grip = take_grip(router, peer);

    MUST(registration->function == task->function);
    if (!grip) {
        be_short(router, peer);
        return false;
    }
    task_unqueue(router, task);
    task_move(router, task, TASK_ASSIGNED);
    task_begins(router, task);
    grip->task = task;
    grip->worker = peer;
    grip->timer.due = 0;
    grip->numerator = 0;
    grip->denominator = 0;
    task->grip = grip;
    TAILQ_INSERT_TAIL(&peer->hand, grip, in_hand);
    peer->in_hand++;
    start_limit(router, registration, grip);
    if (router->round_robin) {
        TAILQ_REMOVE(&peer->registrations, registration, in_peer);
        worker_names(registration);
    }
    outbox_assign(grip, form_of(task, at_most));
    worker_changed(peer);
    return true;
}

void hand_let_go(struct router *router, struct task *task)
{
    struct grip *grip = task->grip;
    struct peer *worker = grip->worker;

    MUST(task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED);
    task_stops(router, task);
    if (!outbox_withdraw(grip)) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    wheel_stop(&router->millis, &grip->timer);
    TAILQ_REMOVE(&worker->hand, grip, in_hand);
    worker->in_hand--;
    give_grip(router, grip);
    worker_changed(worker);
}

/* Says to who waits for it why a task is given up, as far as there is memory for that. */
static void warn(struct router *router, struct task *task, const char *why)
{
    struct body body;
    struct body_cursor cursor;

    if (!task->waiters || !wire_take_body(router, &body, strlen(why)))
        return;
    cursor = body_begin(&body);
    body_write(&cursor, why, body.size);
    for (struct waiter *waiter = task->waiters; waiter; waiter = waiter->next) {
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
        task->function->counts.given_up++;
        warn(router, task, why);
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    } else if (!task->waiters && !task->background) {
        hand_let_go(router, task);
        router->counts.abandoned++;
        task->function->counts.abandoned++;
        task_free(router, task);
    } else {
        hand_let_go(router, task);
        router->counts.retried++;
        task->function->counts.retried++;
        task_queue(router, task, true);
    }
}

void hand_lost(struct router *router, struct peer *peer)
{
    struct grip *grip;

    while ((grip = TAILQ_LAST(&peer->hand, grip_list)))
        lose_worker(router, grip->task, "left");
    be_short_no_more(router, peer);
}

void hand_failed(struct router *router, struct task *task)
{
    lose_worker(router, task, "said WORK_FAIL");
}

void hand_took_too_long(struct router *router, struct wheel_timer *timer)
{
    struct grip *grip = (struct grip *)(void *)((uint8_t *)timer - offsetof(struct grip, timer));
    struct peer *worker = grip->worker;

    /* Who has not even read his assignment by now would wait for it for ever once it is taken back. */
    if (grip->assign_waits) {
        peer_drop(worker);
        outbox_discard(worker);
    }
    grip->task->function->counts.timed_out++;
    lose_worker(router, grip->task, "took too long");
    worker->overdue++;
    worker_changed(worker);
}

void hand_answered_late(struct peer *peer)
{
    if (peer->overdue == 0)
        return;
    peer->overdue--;
    worker_changed(peer);
}
