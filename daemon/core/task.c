#include "task.h"

#include <string.h>

#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "wire.h"
#include "worker.h"

/* The whole life of a task. A lost worker puts an assigned task back in its queue. */
static const bool may_move[TASK_STATES][TASK_STATES] = {
    [TASK_FREE] = {[TASK_ARRIVING] = true},
    [TASK_ARRIVING] = {[TASK_QUEUED] = true, [TASK_FREE] = true},
    [TASK_QUEUED] = {[TASK_ASSIGNED] = true, [TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_ASSIGNED] = {[TASK_QUEUED] = true, [TASK_TOLD] = true, [TASK_FREE] = true},
    [TASK_TOLD] = {[TASK_FREE] = true},
};

/* Where a function counts its tasks of a state; NULL where it does not. */
static size_t *function_count(struct function *function, enum task_state state)
{
    switch (state) {
    case TASK_ARRIVING:
        return &function->arriving;
    case TASK_QUEUED:
        return &function->queued;
    case TASK_ASSIGNED:
        return &function->running;
    case TASK_FREE:
    case TASK_TOLD:
    case TASK_STATES:
        return NULL;
    }
    return NULL;
}

void task_move(struct router *router, struct task *task, enum task_state to)
{
    size_t *from_count = function_count(task->function, task->state);
    size_t *to_count = function_count(task->function, to);

    MUST(task->state < TASK_STATES && may_move[task->state][to]);
    if (from_count)
        (*from_count)--;
    if (to_count)
        (*to_count)++;
    if (task->state != TASK_FREE)
        router->states[task->state]--;
    if (to != TASK_FREE)
        router->states[to]++;
    task->state = (uint8_t)to;
    function_used(&router->functions, task->function);
}

/* ---- memory ---- */

/* Where the block of a small body begins in its envelope. */
static size_t inner_offset(size_t unique_size)
{
    return (offsetof(struct task, unique) + unique_size + 7) & ~(size_t)7;
}

static struct block *inner_block(struct task *task)
{
    return (struct block *)((uint8_t *)task + inner_offset(task->unique_size));
}

size_t router_envelope_size(size_t unique_size, size_t body_size)
{
    size_t inner = body_size > 0 ? sizeof(struct block) + body_size : 0;
    size_t size = inner_offset(unique_size) + inner;

    return size < sizeof(struct task) ? sizeof(struct task) : size;
}

size_t router_waiter_size(void)
{
    return sizeof(struct waiter);
}

/* One block for envelope and body. */
static struct task *take_together(struct store *store, size_t unique_size, size_t body_size)
{
    size_t size = router_envelope_size(unique_size, body_size);
    struct task *task = store_take(store, size);

    if (!task)
        return NULL;
    *task = (struct task){.unique_size = (uint8_t)unique_size};
    if (body_size > 0) {
        struct block *block = inner_block(task);

        *block = (struct block){.capacity = (uint32_t)body_size, .refs = 1};
        task->body = (struct body){.first = block, .size = body_size};
    }
    return task;
}

/* The envelope, and a chain beside it. */
static struct task *take_apart(struct store *store, size_t unique_size, size_t body_size)
{
    struct task *task = take_together(store, unique_size, 0);

    if (task && !store_take_body(store, &task->body, body_size)) {
        store_give(store, task);
        return NULL;
    }
    return task;
}

/* A body lives in the envelope where that takes the smaller blocks. */
static bool is_together(const struct store *store, size_t unique_size, size_t body_size)
{
    size_t whole = router_envelope_size(unique_size, body_size);
    size_t bare = router_envelope_size(unique_size, 0);
    size_t chain = sizeof(struct block) + body_size;
    const size_t *sizes = store->class_size;

    return whole <= store_block_max(store) &&
           sizes[store_class(store, whole)] <=
               sizes[store_class(store, bare)] + sizes[store_class(store, chain)];
}

struct task *task_arrive(struct router *router, const struct submission *submission)
{
    struct store *store = &router->tasks;
    size_t unique_size = submission->unique.size;
    size_t body_size = submission->body_size;
    struct task *task = is_together(store, unique_size, body_size)
                            ? take_together(store, unique_size, body_size)
                            : take_apart(store, unique_size, body_size);

    if (!task)
        task = take_apart(store, unique_size, body_size);
    if (!task)
        return NULL;
    memcpy(task->unique, submission->unique.bytes, unique_size);
    task->function = submission->function;
    task->priority = (uint8_t)submission->priority;
    task->background = submission->background;
    task->handle = slot_take(&router->slots, task);
    TAILQ_INIT(&task->waiters);
    task_move(router, task, TASK_ARRIVING);
    return task;
}

void task_free(struct router *router, struct task *task)
{
    MUST(TAILQ_EMPTY(&task->waiters) && !task->assign_waits);
    task_move(router, task, TASK_FREE);
    slot_give(&router->slots, task->handle);
    body_release(router, task->result.first);
    if (task->body.first && task->body.first != inner_block(task))
        store_give_chain(&router->tasks, task->body.first);
    store_give(&router->tasks, task);
}

/* ---- queue ---- */

void task_queue(struct router *router, struct task *task, bool first)
{
    struct task_list *queue = &task->function->queues[task->priority];

    task_move(router, task, TASK_QUEUED);
    if (first)
        TAILQ_INSERT_HEAD(queue, task, place);
    else
        TAILQ_INSERT_TAIL(queue, task, place);
}

void task_unqueue(struct task *task)
{
    MUST(task->state == TASK_QUEUED);
    TAILQ_REMOVE(&task->function->queues[task->priority], task, place);
}

/* ---- waiters and the end ---- */

struct waiter *waiter_attach(struct router *router, struct task *task, struct peer *peer)
{
    struct waiter *waiter = store_take(&router->tasks, sizeof *waiter);

    if (!waiter)
        return NULL;
    *waiter = (struct waiter){.task = task, .peer = peer};
    TAILQ_INSERT_TAIL(&task->waiters, waiter, in_task);
    TAILQ_INSERT_TAIL(&peer->waiters, waiter, in_peer);
    peer->waiter_count++;
    router->counts.waiters++;
    return waiter;
}

static void waiter_detach(struct router *router, struct waiter *waiter)
{
    TAILQ_REMOVE(&waiter->task->waiters, waiter, in_task);
    TAILQ_REMOVE(&waiter->peer->waiters, waiter, in_peer);
    waiter->peer->waiter_count--;
    router->counts.waiters--;
    store_give(&router->tasks, waiter);
}

void waiter_leave(struct router *router, struct waiter *waiter)
{
    struct task *task = waiter->task;

    waiter_detach(router, waiter);
    if (!TAILQ_EMPTY(&task->waiters))
        return;
    if (task->state == TASK_TOLD) {
        task_free(router, task);
    } else if (task->state == TASK_QUEUED && !task->background) {
        task_unqueue(task);
        router->counts.abandoned++;
        task_free(router, task);
    }
}

static void count_end(struct router *router, enum gm_type type)
{
    if (type == GM_WORK_COMPLETE)
        router->counts.completed++;
    else
        router->counts.failed++;
}

void task_end(struct router *router, struct task *task, enum gm_type type, struct body body)
{
    struct waiter *waiter;

    if (task->state == TASK_QUEUED)
        task_unqueue(task);
    else
        worker_let_go(task);
    count_end(router, type);
    task->result = body;
    task_move(router, task, TASK_TOLD);
    TAILQ_FOREACH (waiter, &task->waiters, in_task) {
        bool as_fail = type == GM_WORK_EXCEPTION && !waiter->peer->takes_exceptions;

        outbox_final(waiter, as_fail ? GM_WORK_FAIL : type);
    }
    if (TAILQ_EMPTY(&task->waiters))
        task_free(router, task);
}
