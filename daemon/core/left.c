/* What is left of the background when the router ends, as the frames that would submit it again. */
#include "decimal.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"

/* Names, ids and what stands between them fit into this many bytes beside the two names. */
enum { BESIDE_NAMES = 256, HEAD_MAX = 4096 };

static const enum gm_type types[TASK_PRIORITIES] = {
    [PRIORITY_HIGH] = GM_SUBMIT_JOB_HIGH_BG,
    [PRIORITY_NORMAL] = GM_SUBMIT_JOB_BG,
    [PRIORITY_LOW] = GM_SUBMIT_JOB_LOW_BG,
};

/* The head of the frame, in HEAD_MAX bytes; returns its size. */
static size_t write_head(const struct task *task, uint8_t *into)
{
    uint8_t digits[DECIMAL_MAX];
    struct gm_slice args[GM_ARGS_MAX] = {
        {task->function->name, task->function->name_size},
        {task->unique, task->unique_size},
    };
    enum gm_type type = types[task->priority];

    if (task->state == TASK_DELAYED) {
        type = GM_SUBMIT_JOB_EPOCH;
        args[2] = (struct gm_slice){digits, decimal_write(digits, task->timer.due)};
    } else if (task->reducer_size > 0) {
        type = GM_SUBMIT_REDUCE_JOB_BACKGROUND;
        args[2] = (struct gm_slice){task_reducer(task), task->reducer_size};
        args[3] = gm_text("");
    }
    return gm_head_encode(into, HEAD_MAX, GM_REQ, type, args, task->payload_size);
}

static bool keep_body(const struct task *task, const struct router_keeper *keeper)
{
    size_t left = task->payload_size;

    for (const struct block *block = task->payload; left > 0; block = block->next) {
        size_t part = left < block->capacity ? left : block->capacity;

        if (!keeper->put(keeper->user, block->bytes, part))
            return false;
        left -= part;
    }
    return true;
}

static bool keep(const struct task *task, const struct router_keeper *keeper)
{
    uint8_t head[HEAD_MAX];
    size_t size = write_head(task, head);

    MUST(size > 0);
    return keeper->begin(keeper->user, size + task->payload_size) &&
           keeper->put(keeper->user, head, size) && keep_body(task, keeper) &&
           keeper->end(keeper->user);
}

/* Those of one state, in no order that matters. */
static bool keep_state(const struct router *router, enum task_state state,
                       const struct router_keeper *keeper)
{
    for (size_t i = 0; i < router->slots.top; i++) {
        const struct task *task = slot_at(&router->slots, i);

        if (task && task->state == state && task->background && !keep(task, keeper))
            return false;
    }
    return true;
}

static bool keep_queues(const struct function *function, const struct router_keeper *keeper)
{
    const struct task *task;

    for (int priority = 0; priority < TASK_PRIORITIES; priority++)
        TAILQ_FOREACH (task, &function->queues[priority], place)
            if (task->background && !keep(task, keeper))
                return false;
    return true;
}

bool router_keep(const struct router *router, const struct router_keeper *keeper)
{
    MUST(2 * router->limits.function_name_max + BESIDE_NAMES <= HEAD_MAX);
    if (!keep_state(router, TASK_ASSIGNED, keeper))
        return false;
    for (size_t i = 0; i < router->functions.table.count; i++) {
        const struct function *function = function_at(&router->functions, i);

        if (function && !keep_queues(function, keeper))
            return false;
    }
    return keep_state(router, TASK_DELAYED, keeper);
}
