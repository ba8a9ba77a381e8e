/* SUBMIT_*: from a head to a task that is held, or to a refusal by name. */
#include <string.h>

#include "answer.h"
#include "door.h"
#include "request.h"
#include "router_state.h"
#include "task.h"
#include "worker.h"

/* Counts a refusal that was said. */
static enum router_verdict refused(const struct request *request, enum router_verdict verdict)
{
    if (verdict == ROUTER_SKIP)
        request->router->counts.refused++;
    return verdict;
}

/* Which limit is in the way of a submission, memory aside? True: `*refusal` says. */
static bool is_refused(const struct request *request, struct refusal *refusal)
{
    const struct router *router = request->router;
    const struct router_limits *limits = &router->limits;
    struct gm_slice name = request->head->args[0];
    size_t waiting = request->peer->waiter_count;
    const struct {
        bool refused;
        struct refusal refusal;
    } rules[] = {
        {router->draining, {.limit = LIMIT_DRAINING}},
        {!request_is_name(router, name),
         {.limit = LIMIT_NAME, .used = name.size, .of = limits->function_name_max}},
        {request->head->body_size > limits->payload_max,
         {.limit = LIMIT_PAYLOAD, .used = request->head->body_size, .of = limits->payload_max}},
        {!request->row->background && waiting >= limits->submissions_per_connection,
         {.limit = LIMIT_CONNECTION, .used = waiting, .of = limits->submissions_per_connection}},
        {!slots_free(&router->slots),
         {.limit = LIMIT_TASKS, .used = router->slots.used, .of = limits->tasks}},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].refused) {
            *refusal = rules[i].refusal;
            refusal->function = name;
            return true;
        }
    }
    return false;
}

/* Takes all that the task will hold, or nothing. */
static struct task *admit(const struct request *request, struct function *function)
{
    const struct submission submission = {.function = function,
                                          .unique = request->head->args[1],
                                          .body_size = request->head->body_size,
                                          .priority = request->row->priority,
                                          .background = request->row->background};
    struct task *task = task_arrive(request->router, &submission);

    if (task && !submission.background && !waiter_attach(request->router, task, request->peer)) {
        task_free(request->router, task);
        return NULL;
    }
    return task;
}

enum router_verdict begin_submit(const struct request *request)
{
    struct router *router = request->router;
    struct peer *peer = request->peer;
    struct gm_slice name = request->head->args[0];
    struct function *function;
    struct task *task;
    struct refusal refusal;

    if (request->head->args[1].size > GM_UNIQUE_MAX)
        return answer_error(peer, ERROR_ARGUMENT_TOO_LARGE, NULL);
    if (is_refused(request, &refusal))
        return refused(request, answer_refusal(peer, &refusal));
    function = function_obtain(&router->functions, name);
    if (!function)
        return refused(request, request_refuse(request, LIMIT_FUNCTIONS, router->functions.used,
                                               router->limits.functions));
    if (!door_hold(peer, 1, GM_HEADER_SIZE + GM_HANDLE_MAX))
        return ROUTER_WAIT;
    task = admit(request, function);
    if (!task) {
        door_spare(router, &peer->door);
        refusal = refusal_of_pool(
            router->tasks.pool, name,
            router_envelope_size(request->head->args[1].size, request->head->body_size));
        return refused(request, answer_refusal(peer, &refusal));
    }
    door_open(peer, DOOR_SUBMIT, request->head, &task->body)->task = task;
    return ROUTER_TAKE;
}

void commit_submit(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = door->task;
    uint8_t handle[GM_HANDLE_MAX];
    struct gm_slice arg = {handle, handle_format(&router->slots, task->handle, handle)};

    answer_in(peer, door_node(door), GM_JOB_CREATED, &arg, (struct body){0});
    router->counts.submitted++;
    task_queue(router, task, false);
    worker_rouse(task->function);
}
