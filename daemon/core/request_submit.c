/* SUBMIT_*: from a head to a task that is held, or to a refusal by name. */
#include <string.h>

#include "answer.h"
#include "decimal.h"
#include "door.h"
#include "request.h"
#include "router_state.h"
#include "task.h"
#include "unique.h"

/* Counts a refusal that was said. */
static enum router_verdict refused(const struct request *request, enum router_verdict verdict)
{
    if (verdict == ROUTER_SKIP)
        request->router->counts.refused++;
    return verdict;
}

/* The argument of that number, empty where it is 0: no packet has its function's name for it. */
static struct gm_slice argument(const struct request *request, uint8_t number)
{
    return number > 0 ? request->head->args[number] : (struct gm_slice){0};
}

/* Is the function's queue full for a submission of this priority? */
static bool is_full(const struct function *function, enum task_priority priority)
{
    size_t most = function->max_queue[priority];

    return most > 0 && function_total(function) >= most;
}

/* May this submission join a task that is there? `twin` is the one that its head leads to; where the
 * id stands for the payload, the head cannot tell. */
static bool may_join(const struct request *request, const struct task *twin)
{
    if (unique_is_payload(request->head->args[1]))
        return request->head->body_size > 0;
    return twin != NULL;
}

/* Has the task as many waiters as it may? */
static bool is_crowded(const struct router *router, const struct task *task)
{
    return task && task->waiter_count >= router->limits.waiters_per_task;
}

/* Which limit is in the way of a submission to `function`, which may not be there yet, memory aside?
 * True: `*refusal` says. */
static bool is_refused(const struct request *request, const struct function *function,
                       struct refusal *refusal)
{
    const struct router *router = request->router;
    const struct router_limits *limits = &router->limits;
    struct gm_slice name = request->head->args[0];
    struct gm_slice reducer = argument(request, request->row->reducer);
    size_t waiting = request->peer->waiter_count;
    size_t most = function ? function->max_queue[request->row->priority] : 0;
    const struct task *twin =
        function ? unique_find(&router->uniques, function, request->head->args[1]) : NULL;
    const struct {
        bool refused;
        struct refusal refusal;
    } rules[] = {
        {router->draining, {.limit = LIMIT_DRAINING}},
        {!request_is_name(router, name),
         {.limit = LIMIT_NAME, .used = name.size, .of = limits->function_name_max}},
        {reducer.size > limits->function_name_max,
         {.limit = LIMIT_NAME, .used = reducer.size, .of = limits->function_name_max}},
        {request->head->body_size > limits->payload_max,
         {.limit = LIMIT_PAYLOAD, .used = request->head->body_size, .of = limits->payload_max}},
        {!request->row->background && waiting >= limits->submissions_per_connection,
         {.limit = LIMIT_CONNECTION, .used = waiting, .of = limits->submissions_per_connection}},
        {function && is_full(function, request->row->priority) && !may_join(request, twin),
         {.limit = LIMIT_QUEUE, .used = function ? function_total(function) : 0, .of = most}},
        {!request->row->background && is_crowded(router, twin),
         {.limit = LIMIT_WAITERS,
          .used = limits->waiters_per_task,
          .of = limits->waiters_per_task}},
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
static struct task *admit(const struct request *request, const struct submission *submission)
{
    struct task *task = task_arrive(request->router, submission);

    if (task && !submission->background && !waiter_attach(request->router, task, request->peer)) {
        task_free(request->router, task);
        return NULL;
    }
    return task;
}

/* SUBMIT_JOB_EPOCH: the second before which it is not to run. What lies before 1970 is past, too. */
static bool read_due(struct gm_slice text, uint64_t *due_s)
{
    bool past = text.size > 1 && text.bytes[0] == '-';

    if (past)
        text = (struct gm_slice){text.bytes + 1, text.size - 1};
    if (!decimal_read(text, due_s))
        return false;
    if (past)
        *due_s = 0;
    return *due_s <= INT64_MAX;
}

enum router_verdict begin_submit(const struct request *request)
{
    struct router *router = request->router;
    struct peer *peer = request->peer;
    const struct gm_head *head = request->head;
    struct submission submission = {.unique = head->args[1],
                                    .reducer = argument(request, request->row->reducer),
                                    .body_size = head->body_size,
                                    .priority = request->row->priority,
                                    .background = request->row->background};
    struct task *task;
    struct refusal refusal;

    if (submission.unique.size > GM_UNIQUE_MAX)
        return answer_error(peer, ERROR_ARGUMENT_TOO_LARGE, NULL);
    if (request->row->due > 0 && !read_due(head->args[request->row->due], &submission.due_s))
        return request_malformed(request, "epoch: no decimal number of seconds since 1970");
    submission.function = function_find(&router->functions, head->args[0]);
    if (is_refused(request, submission.function, &refusal))
        return refused(request, answer_refusal(peer, &refusal));
    submission.function = function_obtain(&router->functions, head->args[0]);
    if (!submission.function)
        return refused(request, request_refuse(request, LIMIT_FUNCTIONS, router->functions.used,
                                               router->limits.functions));
    if (!door_hold(peer, 1, GM_HEADER_SIZE + GM_HANDLE_MAX))
        return ROUTER_WAIT;
    task = admit(request, &submission);
    if (!task) {
        door_spare(router, &peer->door);
        refusal =
            refusal_of_pool(router->tasks.pool, head->args[0],
                            router_envelope_size(submission.unique.size + submission.reducer.size,
                                                 submission.body_size));
        return refused(request, answer_refusal(peer, &refusal));
    }
    door_open(peer, DOOR_SUBMIT, head, &task->body)->task = task;
    return ROUTER_TAKE;
}

/* The body is there, and the queue, or the task it joins, has filled up since its head was judged. */
static void refuse_late(struct router *router, struct peer *peer, struct door *door)
{
    struct gm_slice args[2];

    answer_error_args(ERROR_QUEUE, args);
    answer_in(peer, door_node(door), GM_ERROR, args, (struct body){0});
    router->counts.refused++;
    task_give_up(router, door->task);
}

void commit_submit(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = door->task;
    struct task *twin = unique_twin(&router->uniques, task);
    uint8_t handle[GM_HANDLE_MAX];
    struct gm_slice arg = {.bytes = handle};

    if (twin ? !task->background && is_crowded(router, twin)
             : is_full(task->function, task->priority)) {
        refuse_late(router, peer, door);
        return;
    }
    arg.size = handle_format(&router->slots, twin ? twin->handle : task->handle, handle);
    answer_in(peer, door_node(door), GM_JOB_CREATED, &arg, (struct body){0});
    if (twin) {
        router->counts.coalesced++;
        task_join(router, task, twin);
    } else {
        router->counts.submitted++;
        task_admit(router, task);
    }
}
