#include "reserve.h"

#include "pmad_must.h"
#include "router_state.h"
#include "task.h"

/* Behind the longest texts of an envelope. */
struct kit {
    struct task *next; /* in its list, while it is free */
    struct block *body;
    struct waiter *waiter; /* NULL: in use, or not given back yet */
};

static size_t kit_offset(const struct router_limits *limits)
{
    return router_envelope_size(GM_UNIQUE_MAX + limits->function_name_max, 0);
}

size_t router_reserve_envelope(const struct router_limits *limits)
{
    return kit_offset(limits) + sizeof(struct kit);
}

static struct kit *kit_of(const struct router *router, struct task *task)
{
    return (struct kit *)(void *)((uint8_t *)task + kit_offset(&router->limits));
}

static const struct kit *kit_seen(const struct router *router, const struct task *task)
{
    return (const struct kit *)(const void *)((const uint8_t *)task + kit_offset(&router->limits));
}

static void push(const struct router *router, struct task **list, struct task *task)
{
    kit_of(router, task)->next = *list;
    *list = task;
}

static struct task *pop(const struct router *router, struct task **list)
{
    struct task *task = *list;

    if (task)
        *list = kit_of(router, task)->next;
    return task;
}

/* ---- making and ending it ---- */

static size_t waiter_block(const struct router *router, const struct waiter *waiter)
{
    return pmad_block_size(router->tasks.pool, waiter);
}

/* Does it take no more of the pool than those the reserve was made with? Others would keep large blocks
 * for ever that were only taken because small ones were used up. */
static bool is_small(const struct router *router, const struct reserve *reserve,
                     const struct waiter *waiter)
{
    return waiter_block(router, waiter) <= reserve->waiter_block;
}

static bool make_kit(struct router *router, struct function *function)
{
    struct store *store = &router->tasks;
    struct task *task = store_take(store, router_reserve_envelope(&router->limits));
    struct waiter *waiter = store_take(store, router_waiter_size());
    struct body body;

    if (!task || !waiter || !store_take_body(store, &body, function->rule->reserve_size)) {
        if (task)
            store_give(store, task);
        if (waiter)
            store_give(store, waiter);
        return false;
    }
    *kit_of(router, task) = (struct kit){.body = body.first, .waiter = waiter};
    if (function->reserve.waiter_block < waiter_block(router, waiter))
        function->reserve.waiter_block = waiter_block(router, waiter);
    push(router, &function->reserve.kits, task);
    function->reserve.free++;
    router->reserved_slots++;
    return true;
}

bool reserve_init(struct router *router, struct function *function)
{
    for (size_t i = 0; i < function->rule->reserve; i++)
        if (!make_kit(router, function))
            return false;
    return true;
}

void reserve_finish(struct router *router, struct function *function)
{
    struct reserve *reserve = &function->reserve;

    while (reserve->free > 0) {
        struct task *task = pop(router, reserve->kits ? &reserve->kits : &reserve->bare);
        const struct kit *kit = kit_of(router, task);

        if (kit->waiter)
            store_give(&router->tasks, kit->waiter);
        store_give_chain(&router->tasks, kit->body);
        store_give(&router->tasks, task);
        reserve->free--;
        router->reserved_slots--;
    }
}

/* ---- taking and giving ---- */

bool reserve_serves(const struct function *function, size_t body_size)
{
    return function->reserve.free > 0 && body_size <= function->rule->reserve_size;
}

struct task *reserve_take(struct router *router, const struct submission *submission)
{
    struct reserve *reserve = &submission->function->reserve;
    bool takes_bare = reserve->bare && (submission->background || !reserve->kits);
    struct task *task;

    if (!reserve_serves(submission->function, submission->body_size))
        return NULL;
    task = pop(router, takes_bare ? &reserve->bare : &reserve->kits);
    reserve->free--;
    router->reserved_slots--;
    *task = (struct task){.reserved = true};
    task->payload_size = (uint32_t)submission->body_size;
    if (submission->body_size > 0)
        task->payload = kit_of(router, task)->body;
    return task;
}

struct waiter *reserve_take_waiter(struct router *router, struct task *task)
{
    struct kit *kit = kit_of(router, task);
    struct waiter *waiter = kit->waiter;

    kit->waiter = NULL;
    task->function->reserve.lent += waiter != NULL;
    return waiter;
}

/* Whichever waiter comes back first is as good as the one that was lent. */
bool reserve_give_waiter(struct router *router, struct task *task, struct waiter *waiter)
{
    struct reserve *reserve = &task->function->reserve;
    struct task *bare;

    if (reserve->lent == 0 || !is_small(router, reserve, waiter))
        return false;
    reserve->lent--;
    if (task->reserved && !kit_of(router, task)->waiter) {
        kit_of(router, task)->waiter = waiter;
    } else if ((bare = pop(router, &reserve->bare))) {
        kit_of(router, bare)->waiter = waiter;
        push(router, &reserve->kits, bare);
    } else {
        waiter->next = reserve->spare;
        reserve->spare = waiter;
    }
    return true;
}

/* A waiter for a kit that comes back without its own: a spare one; or one of the pool, in the place of one
 * that is lent and will be the pool's when it comes back. */
static struct waiter *another_waiter(struct router *router, struct reserve *reserve)
{
    struct waiter *waiter = reserve->spare;

    if (waiter) {
        reserve->spare = waiter->next;
        return waiter;
    }
    waiter = store_take(&router->tasks, router_waiter_size());
    if (waiter && !is_small(router, reserve, waiter)) {
        store_give(&router->tasks, waiter);
        return NULL;
    }
    reserve->lent -= waiter != NULL;
    return waiter;
}

void reserve_give(struct router *router, struct task *task)
{
    struct reserve *reserve = &task->function->reserve;
    struct kit *kit = kit_of(router, task);

    if (!kit->waiter)
        kit->waiter = another_waiter(router, reserve);
    push(router, kit->waiter ? &reserve->kits : &reserve->bare, task);
    reserve->free++;
    router->reserved_slots++;
}

/* ---- looking at it ---- */

size_t reserve_blocks_in_use(const struct router *router, const struct task *task)
{
    const struct kit *kit = kit_seen(router, task);

    return chain_blocks(kit->body) + (kit->waiter != NULL);
}

static size_t kits_blocks(const struct router *router, const struct task *first)
{
    size_t count = 0;

    for (const struct task *task = first; task; task = kit_seen(router, task)->next)
        count += 1 + reserve_blocks_in_use(router, task);
    return count;
}

size_t reserve_blocks(const struct router *router, const struct function *function)
{
    const struct reserve *reserve = &function->reserve;
    size_t count = kits_blocks(router, reserve->kits) + kits_blocks(router, reserve->bare);

    for (const struct waiter *waiter = reserve->spare; waiter; waiter = waiter->next)
        count++;
    return count;
}
