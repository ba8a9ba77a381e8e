#include "task.h"

#include <string.h>

#include "hand.h"
#include "match.h"
#include "outbox.h"
#include "pmad_must.h"
#include "probe.h"
#include "reserve.h"
#include "router_state.h"
#include "unique.h"
#include "wire.h"

/* The whole life of a task. A lost worker puts an assigned task back in its queue. */
static const bool may_move[TASK_STATES][TASK_STATES] = {
    [TASK_FREE] = {[TASK_ARRIVING] = true},
    [TASK_ARRIVING] = {[TASK_DELAYED] = true, [TASK_QUEUED] = true, [TASK_FREE] = true},
    [TASK_DELAYED] = {[TASK_QUEUED] = true, [TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_QUEUED] = {[TASK_ASSIGNED] = true, [TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_ASSIGNED] =
        {[TASK_QUEUED] = true, [TASK_CANCELLED] = true, [TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_CANCELLED] = {[TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_TOLD] = {[TASK_FREE] = true},
};

/* In these states a submission can join it. */
static const bool may_be_joined[TASK_STATES] = {
    [TASK_DELAYED] = true, [TASK_QUEUED] = true, [TASK_ASSIGNED] = true};

/* In these its body counts for its function. */
static const bool is_carried[TASK_STATES] = {[TASK_ARRIVING] = true,
                                             [TASK_DELAYED] = true,
                                             [TASK_QUEUED] = true,
                                             [TASK_ASSIGNED] = true,
                                             [TASK_CANCELLED] = true};

/* It enters a state, by 1, or leaves it, by -1: everybody who counts, counts. */
static void count_state(struct router *router, const struct task *task, enum task_state state,
                        size_t by)
{
    struct function *function = task->function;

    if (state == TASK_FREE)
        return;
    router->states[state] += by;
    function->tasks[state] += by;
    if (state == TASK_QUEUED)
        function->queued_of[task->priority] += by;
}

static void count_bytes(struct router *router, const struct task *task, size_t by)
{
    task->function->bytes += by * task->payload_size;
    router->counts.bytes += by * task->payload_size;
}

void task_move(struct router *router, struct task *task, enum task_state to)
{
    enum task_state from = (enum task_state)task->state;

    MUST(from < TASK_STATES && may_move[from][to]);
    task->state = (uint8_t)to;
    count_state(router, task, from, (size_t)-1);
    count_state(router, task, to, 1);
    if (is_carried[from] != is_carried[to])
        count_bytes(router, task, is_carried[to] ? 1 : (size_t)-1);
    if (may_be_joined[from] && !may_be_joined[to])
        unique_leave(&router->uniques, task);
    if (!may_be_joined[from] && may_be_joined[to])
        unique_enter(&router->uniques, task);
    /* As long as it has the task, the function is in use. */
    if (from == TASK_FREE || to == TASK_TOLD || to == TASK_FREE)
        function_used(&router->functions, task->function);
}

void task_begins(const struct router *router, struct task *task)
{
    struct function *function = task->function;
    uint64_t now_us = router->now.mono_us;

    PROBE3(assign, task->slot, &function->name[0], function->name_size);
    histogram_add(&function->wait_times, now_us - task->queued_us);
    task->assigned_us = now_us;
}

void task_stops(const struct router *router, const struct task *task)
{
    histogram_add(&task->function->run_times, router->now.mono_us - task->assigned_us);
}

/* ---- memory ---- */

/* Where the block of a small body begins in its envelope: behind unique id and reducer. */
static size_t inner_offset(size_t texts_size)
{
    return (offsetof(struct task, unique) + texts_size + 7) & ~(size_t)7;
}

static struct block *inner_block(struct task *task, size_t texts_size)
{
    return (struct block *)((uint8_t *)task + inner_offset(texts_size));
}

uint64_t task_handle(const struct router *router, const struct task *task)
{
    return slot_number(&router->slots, task->slot);
}

struct body task_body(const struct task *task)
{
    return (struct body){.first = task->payload, .size = task->payload_size};
}

const uint8_t *task_reducer(const struct task *task)
{
    return task->unique + task->unique_size;
}

size_t router_envelope_size(size_t texts_size, size_t body_size)
{
    size_t inner = body_size > 0 ? sizeof(struct block) + body_size : 0;
    size_t size = inner_offset(texts_size) + inner;

    return size < sizeof(struct task) ? sizeof(struct task) : size;
}

size_t router_waiter_size(void)
{
    return sizeof(struct waiter);
}

static size_t texts_of(const struct submission *submission)
{
    return submission->unique.size + submission->reducer.size;
}

/* One block for envelope and `body_size` bytes of body. */
static struct task *take_envelope(struct store *store, const struct submission *submission,
                                  size_t body_size)
{
    struct task *task = store_take(store, router_envelope_size(texts_of(submission), body_size));

    if (!task)
        return NULL;
    *task = (struct task){0};
    if (body_size > 0) {
        struct block *block = inner_block(task, texts_of(submission));

        *block = (struct block){.capacity = (uint32_t)body_size, .refs = 1};
        task->payload = block;
        task->payload_size = (uint32_t)body_size;
    }
    return task;
}

/* The envelope, and a chain beside it. */
static struct task *take_apart(struct store *store, const struct submission *submission)
{
    struct task *task = take_envelope(store, submission, 0);
    struct body body;

    if (!task)
        return NULL;
    if (!store_take_body(store, &body, submission->body_size)) {
        store_give(store, task);
        return NULL;
    }
    task->payload = body.first;
    task->payload_size = (uint32_t)body.size;
    return task;
}

/* A body lives in the envelope where that takes the smaller blocks. */
static bool is_together(const struct store *store, const struct submission *submission)
{
    size_t whole = router_envelope_size(texts_of(submission), submission->body_size);
    size_t bare = router_envelope_size(texts_of(submission), 0);
    size_t chain = sizeof(struct block) + submission->body_size;
    const size_t *sizes = store->class_size;

    return whole <= store_block_max(store) &&
           sizes[store_class(store, whole)] <=
               sizes[store_class(store, bare)] + sizes[store_class(store, chain)];
}

/* Of the pool. */
static struct task *take_task(struct store *store, const struct submission *submission)
{
    struct task *task = NULL;

    if (is_together(store, submission))
        task = take_envelope(store, submission, submission->body_size);
    return task ? task : take_apart(store, submission);
}

struct task *task_arrive(struct router *router, const struct submission *submission)
{
    struct task *task = reserve_take(router, submission);

    if (!task)
        task = take_task(&router->tasks, submission);
    if (!task)
        return NULL;
    task->hash = submission->hash;
    task->unique_size = (uint8_t)submission->unique.size;
    task->reducer_size = (uint16_t)submission->reducer.size;
    memcpy(task->unique, submission->unique.bytes, submission->unique.size);
    if (submission->reducer.size > 0)
        memcpy(task->unique + task->unique_size, submission->reducer.bytes,
               submission->reducer.size);
    task->function = submission->function;
    task->priority = (uint8_t)submission->priority;
    task->background = submission->background;
    task->due_s = submission->due_s;
    task->slot = slot_take(&router->slots, task);
    task_move(router, task, TASK_ARRIVING);
    return task;
}

void task_free(struct router *router, struct task *task)
{
    MUST(!task->waiters);
    if (task->state == TASK_TOLD)
        body_release(router, task->result.first);
    task_move(router, task, TASK_FREE);
    slot_give(&router->slots, task->slot);
    if (task->reserved) {
        reserve_give(router, task);
        return;
    }
    if (task->payload &&
        task->payload != inner_block(task, (size_t)task->unique_size + task->reducer_size))
        store_give_chain(&router->tasks, task->payload);
    store_give(&router->tasks, task);
}

/* ---- where it waits ---- */

void task_queue(struct router *router, struct task *task, bool first)
{
    struct function *function = task->function;
    struct task_list *queue = &function->queues[task->priority];

    task_move(router, task, TASK_QUEUED);
    if (!first)
        task->queued_us = router->now.mono_us;
    if (TAILQ_EMPTY(queue))
        function_filled(&router->functions, function, (enum task_priority)task->priority);
    if (first)
        TAILQ_INSERT_HEAD(queue, task, place);
    else
        TAILQ_INSERT_TAIL(queue, task, place);
    match_stir(router, function);
}

void task_unqueue(struct router *router, struct task *task)
{
    struct function *function = task->function;
    struct task_list *queue = &function->queues[task->priority];

    MUST(task->state == TASK_QUEUED);
    TAILQ_REMOVE(queue, task, place);
    if (TAILQ_EMPTY(queue))
        function_emptied(&router->functions, function, (enum task_priority)task->priority);
}

void task_admit(struct router *router, struct task *task)
{
    uint64_t due_s = task->due_s;

    PROBE4(submit, task->slot, &task->function->name[0], task->function->name_size,
           task->payload_size);
    task->timer = (struct wheel_timer){.due = 0};
    if (due_s <= router->seconds.now) {
        task_queue(router, task, false);
    } else {
        task_move(router, task, TASK_DELAYED);
        wheel_start(&router->seconds, &task->timer, due_s);
    }
}

struct task *task_of_timer(struct wheel_timer *timer)
{
    return (struct task *)(void *)((uint8_t *)timer - offsetof(struct task, timer));
}

/* Takes it out of the one place it is in. */
static void leave_place(struct router *router, struct task *task)
{
    if (task->state == TASK_DELAYED)
        wheel_stop(&router->seconds, &task->timer);
    else if (task->state == TASK_QUEUED)
        task_unqueue(router, task);
    else
        hand_let_go(router, task);
}

void task_forget(struct router *router, struct task *task)
{
    leave_place(router, task);
    task_free(router, task);
}

/* ---- waiters ---- */

/* Puts it behind the others of its task. */
static void waiter_link(struct waiter *waiter, struct task *task)
{
    struct waiter *first = task->waiters;

    waiter->task = task;
    waiter->next = NULL;
    waiter->prev = first ? first->prev : waiter;
    if (first) {
        first->prev->next = waiter;
        first->prev = waiter;
    } else {
        task->waiters = waiter;
    }
    task->waiter_count++;
}

static void waiter_unlink(struct waiter *waiter)
{
    struct task *task = waiter->task;

    if (waiter->next)
        waiter->next->prev = waiter->prev;
    else
        task->waiters->prev = waiter->prev;
    if (task->waiters == waiter)
        task->waiters = waiter->next;
    else
        waiter->prev->next = waiter->next;
    task->waiter_count--;
}

struct waiter *waiter_attach(struct router *router, struct task *task, struct peer *peer)
{
    struct waiter *waiter = task->reserved ? reserve_take_waiter(router, task) : NULL;

    if (!waiter)
        waiter = store_take(&router->tasks, sizeof *waiter);
    if (!waiter)
        return NULL;
    *waiter = (struct waiter){.peer = peer};
    waiter_link(waiter, task);
    TAILQ_INSERT_TAIL(&peer->waiters, waiter, in_peer);
    router->counts.clients += peer->waiter_count++ == 0;
    router->counts.waiters++;
    return waiter;
}

static void waiter_detach(struct router *router, struct waiter *waiter)
{
    waiter_unlink(waiter);
    TAILQ_REMOVE(&waiter->peer->waiters, waiter, in_peer);
    router->counts.clients -= --waiter->peer->waiter_count == 0;
    router->counts.waiters--;
    if (!reserve_give_waiter(router, waiter->task, waiter))
        store_give(&router->tasks, waiter);
}

void waiter_leave(struct router *router, struct waiter *waiter)
{
    struct task *task = waiter->task;

    waiter_detach(router, waiter);
    if (task->waiters)
        return;
    if (task->state == TASK_TOLD) {
        task_free(router, task);
    } else if (task->state == TASK_QUEUED && !task->background) {
        router->counts.abandoned++;
        task->function->counts.abandoned++;
        task_forget(router, task);
    }
}

void task_join(struct router *router, struct task *task, struct task *twin)
{
    struct waiter *waiter;

    while ((waiter = task->waiters)) {
        waiter_unlink(waiter);
        waiter_link(waiter, twin);
    }
    twin->background = twin->background || task->background;
    task_free(router, task);
}

void task_give_up(struct router *router, struct task *task)
{
    MUST(task->state == TASK_ARRIVING);
    while (task->waiters)
        waiter_leave(router, task->waiters);
    task_free(router, task);
}

/* ---- the end ---- */

static void count_end(struct router *router, const struct task *task, enum gm_type type)
{
    PROBE4(finish, task->slot, &task->function->name[0], task->function->name_size, type);
    if (type == GM_WORK_COMPLETE) {
        router->counts.completed++;
        task->function->counts.completed++;
    } else {
        router->counts.failed++;
        task->function->counts.failed++;
    }
}

static void tell_end(const struct task *task, enum gm_type type)
{
    for (struct waiter *waiter = task->waiters; waiter; waiter = waiter->next) {
        bool as_fail = type == GM_WORK_EXCEPTION && !waiter->peer->takes_exceptions;

        outbox_final(waiter, as_fail ? GM_WORK_FAIL : type);
    }
}

/* All that is left to do is to tell its waiters `result`. */
static void be_told(struct router *router, struct task *task, struct body result)
{
    leave_place(router, task);
    task_move(router, task, TASK_TOLD);
    task->result = result;
}

static void free_if_told(struct router *router, struct task *task)
{
    if (!task->waiters)
        task_free(router, task);
}

void task_end(struct router *router, struct task *task, enum gm_type type, struct body body)
{
    if (task->state == TASK_CANCELLED) {
        body_release(router, body.first);
        be_told(router, task, (struct body){0});
    } else {
        count_end(router, task, type);
        be_told(router, task, body);
        tell_end(task, type);
    }
    free_if_told(router, task);
}

void task_cancel(struct router *router, struct task *task)
{
    router->counts.cancelled++;
    task->function->counts.cancelled++;
    if (task->state == TASK_ASSIGNED) {
        task_move(router, task, TASK_CANCELLED);
        tell_end(task, GM_WORK_FAIL);
        return;
    }
    be_told(router, task, (struct body){0});
    tell_end(task, GM_WORK_FAIL);
    free_if_told(router, task);
}
