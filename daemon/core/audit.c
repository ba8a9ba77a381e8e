/* What router_audit() looks at: things that hold of one task, peer or function, whatever the others do. */
#include "router_state.h"

/* Rows of each table in one slice. */
enum { SLOTS_A_SLICE = 512, PEERS_A_SLICE = 32, FUNCTIONS_A_SLICE = 32 };

/* ---- one row ---- */

static const char *audit_slot(struct router *router, size_t index)
{
    const struct task *task = slot_at(&router->slots, index);

    if (!task)
        return NULL;
    if (task->slot != index)
        return "a slot leads to a task of another";
    if (task->state == TASK_FREE || task->state >= TASK_STATES)
        return "a task that has a slot is free, or in no state";
    if (!task->function->used && task->state != TASK_TOLD)
        return "a task is for no function";
    if ((task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED) && task->grip->task != task)
        return "a task is in a hand that does not hold it";
    return NULL;
}

static const char *audit_peer(struct router *router, size_t index)
{
    const struct peer_slot *slot = table_at(&router->peers, index);
    const struct peer *peer = slot->peer;

    if (!peer)
        return NULL;
    if (peer->index != index || peer->router != router)
        return "a row of peers leads to the peer of another";
    if (STAILQ_EMPTY(&peer->outbox.queue) != (peer->outbox.size + peer->outbox.sent == 0))
        return "an outbox has bytes and no frames, or frames and no bytes";
    if (TAILQ_EMPTY(&peer->hand) != (peer->in_hand == 0))
        return "a worker's hand is counted wrong";
    return NULL;
}

static const char *audit_function(struct router *router, size_t index)
{
    const struct function *function = function_at(&router->functions, index);
    bool has_tasks = false;

    if (!function)
        return NULL;
    for (int i = 0; i < TASK_PRIORITIES; i++)
        has_tasks = has_tasks || !TAILQ_EMPTY(&function->queues[i]);
    if (has_tasks != (function->tasks[TASK_QUEUED] > 0))
        return "a function's count of queued tasks is wrong";
    if (TAILQ_EMPTY(&function->able) != (function->able_count == 0))
        return "a function's count of workers is wrong";
    return NULL;
}

/* ---- one slice ---- */

/* Goes on where it stopped, round and round. */
static const char *audit_rows(struct router *router, size_t *next, size_t count, size_t most,
                              const char *(*audit)(struct router *, size_t))
{
    const char *finding = NULL;

    for (size_t i = 0; !finding && i < most && i < count; i++) {
        if (*next >= count)
            *next = 0;
        finding = audit(router, (*next)++);
    }
    return finding;
}

/* A pool cannot have more in use than it has. */
static const char *audit_pools(const struct router *router)
{
    for (int i = 0; i < ROUTER_POOLS; i++) {
        struct pmad_stats stats;

        pmad_stats(router->pools[i], &stats);
        for (size_t class = 0; class < stats.class_count; class ++)
            if (stats.classes[class].in_use > stats.classes[class].blocks)
                return "a pool has more blocks in use than it has";
    }
    return NULL;
}

const char *router_audit(struct router *router)
{
    struct router_audited *audited = &router->audited;
    const char *finding = audit_pools(router);

    if (!finding)
        finding = audit_rows(router, &audited->slots, router->slots.top, SLOTS_A_SLICE, audit_slot);
    if (!finding)
        finding =
            audit_rows(router, &audited->peers, router->peers.count, PEERS_A_SLICE, audit_peer);
    if (!finding)
        finding = audit_rows(router, &audited->functions, router->functions.table.count,
                             FUNCTIONS_A_SLICE, audit_function);
    return finding;
}
