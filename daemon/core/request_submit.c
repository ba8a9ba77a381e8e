/* SUBMIT_*: from a head to a task that is held, or to a refusal by name. */
#include <string.h>

#include "answer.h"
#include "decimal.h"
#include "door.h"
#include "halt.h"
#include "head.h"
#include "outbox.h"
#include "request.h"
#include "reserve.h"
#include "router_state.h"
#include "task.h"
#include "unique.h"

/* Counts a refusal that was said. Who holds a connection of the reserve is not to submit on it. */
static enum router_verdict refused(const struct request *request, enum router_verdict verdict)
{
    if (verdict == ROUTER_WAIT)
        return ROUTER_WAIT;
    request->router->counts.refused++;
    return request->peer->reserved ? ROUTER_CLOSE : ROUTER_SKIP;
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

/* Is there a slot for it: of the function's reserve, or one that nobody has reserved? */
static bool has_slot(const struct request *request, const struct function *function)
{
    const struct router *router = request->router;

    return (function && reserve_serves(function, request->head->body_size)) ||
           router->slots.used + router->reserved_slots < router->limits.tasks;
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

/* A limit that is in the way, or not, and how much of it is used. Inline, so that what is not in the way is
 * not put together. */
static inline bool stops(struct refusal *refusal, bool is_in_the_way, enum refusal_limit limit,
                         size_t used, size_t of)
{
    if (!is_in_the_way)
        return false;
    *refusal =
        (struct refusal){.limit = limit, .function = refusal->function, .used = used, .of = of};
    return true;
}

/* Which limit is in the way of any such submission, memory aside? The first; `function` may not be there
 * yet. True: `*refusal` says. */
static bool is_refused(const struct request *request, const struct function *function,
                       struct refusal *refusal)
{
    const struct router *router = request->router;
    const struct router_limits *limits = &router->limits;
    struct gm_slice name = request->head->args[0];
    struct gm_slice reducer = argument(request, request->row->reducer);
    size_t size = request->head->body_size;
    size_t waiting = request->peer->waiter_count;

    refusal->function = name;
    return stops(refusal, router->draining, LIMIT_DRAINING, 0, 0) ||
           stops(refusal, request->peer->reserved, LIMIT_CONNECTIONS, router->counts.peers,
                 limits->connections - limits->connections_reserved) ||
           stops(refusal, !function && !request_is_name(router, name), LIMIT_NAME, name.size,
                 limits->function_name_max) ||
           stops(refusal, reducer.size > limits->function_name_max, LIMIT_NAME, reducer.size,
                 limits->function_name_max) ||
           stops(refusal, size > limits->payload_max, LIMIT_PAYLOAD, size, limits->payload_max) ||
           stops(refusal,
                 !request->row->background && waiting >= limits->submissions_per_connection,
                 LIMIT_CONNECTION, waiting, limits->submissions_per_connection) ||
           stops(refusal, !has_slot(request, function), LIMIT_TASKS,
                 router->slots.used + router->reserved_slots, limits->tasks);
}

/* A submission to a function, before its body has come or behind it. */
struct candidate {
    const struct function *function;
    enum task_priority priority;
    bool background;
    const struct task *twin; /* that it may join, as far as can be told; or NULL */
    bool joins;              /* it may join one */
    size_t bytes;            /* that it brings */
    size_t others;           /* bytes of the other tasks of the function */
};

/* Is it more than its function may hold? */
static bool is_heavy(const struct candidate *candidate)
{
    size_t most = candidate->function->rule->max_bytes;

    return most > 0 && (candidate->others > most || candidate->bytes > most - candidate->others);
}

/* And which one of the function's own? */
static bool is_refused_there(const struct router *router, const struct candidate *candidate,
                             struct refusal *refusal)
{
    const struct function *function = candidate->function;
    size_t waiters_most = router->limits.waiters_per_task;

    refusal->function = (struct gm_slice){function->name, function->name_size};
    return stops(refusal, function->draining, LIMIT_DRAINING, 0, 0) ||
           stops(refusal, !candidate->joins && is_full(function, candidate->priority), LIMIT_QUEUE,
                 function_total(function), function->max_queue[candidate->priority]) ||
           stops(refusal, !candidate->joins && is_heavy(candidate), LIMIT_BYTES, candidate->others,
                 function->rule->max_bytes) ||
           stops(refusal, !candidate->background && is_crowded(router, candidate->twin),
                 LIMIT_WAITERS, waiters_most, waiters_most);
}

/* Does the whole frame lie in what was read, so that it will be committed before anything else
 * happens? */
static bool is_whole(const struct router *router, const struct gm_head *head)
{
    return router->unread >= head->head_size && head->body_size <= router->unread - head->head_size;
}

/* May one more body of that size come piece by piece? Whoever announces much and sends little holds room
 * that others ask for; all of them together do not hold more than this. */
static bool may_arrive(const struct router *router, size_t size)
{
    return size <= router->arriving_max - router->arriving;
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

/* What the answer takes at most: where it is known that nothing can come in between, it is a handle. */
static size_t answer_room(const struct candidate *candidate, size_t pieces)
{
    bool may_be_refused_yet = pieces > 0 || candidate->joins;

    return may_be_refused_yet ? (size_t)ANSWER_REFUSAL_MAX : (size_t)GM_HEADER_SIZE + GM_HANDLE_MAX;
}

/* Judges by head and function; what there is of both is fine. */
static enum router_verdict take_in(const struct request *request, struct submission *submission)
{
    struct router *router = request->router;
    struct peer *peer = request->peer;
    const struct gm_head *head = request->head;
    const struct task *twin =
        unique_find(&router->uniques, submission->function, submission->unique, submission->hash);
    const struct candidate candidate = {.function = submission->function,
                                        .priority = submission->priority,
                                        .background = submission->background,
                                        .twin = twin,
                                        .joins = may_join(request, twin),
                                        .bytes = submission->body_size,
                                        .others = submission->function->bytes};
    size_t pieces = is_whole(router, head) ? 0 : head->body_size;
    struct refusal refusal;
    struct door *door;
    struct task *task;
    struct body body;

    if (is_refused_there(router, &candidate, &refusal))
        return refused(request, answer_refusal(peer, &refusal));
    if (pieces > 0 && !may_arrive(router, pieces)) {
        peer_wait_arrival(peer, pieces);
        return ROUTER_WAIT;
    }
    if (!door_hold(peer, answer_room(&candidate, pieces)))
        return ROUTER_WAIT;
    task = admit(request, submission);
    if (!task) {
        door_spare(router, &peer->door);
        refusal =
            refusal_of_pool(router->tasks.pool, head->args[0],
                            router_envelope_size(submission->unique.size + submission->reducer.size,
                                                 submission->body_size));
        return refused(request, answer_refusal(peer, &refusal));
    }
    body = task_body(task);
    door = door_open(peer, DOOR_SUBMIT, head, &body);
    door->task = task;
    door->arriving = pieces;
    router->arriving += pieces;
    return ROUTER_TAKE;
}

/* The function that is named; most often it is the one that this peer named last. */
static struct function *find_function(const struct request *request)
{
    struct gm_slice name = request->head->args[0];
    struct function *recent = request->peer->recent;

    if (recent && function_is(recent, name))
        return recent;
    return function_find(&request->router->functions, name);
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
    struct refusal refusal;

    if (submission.unique.size > GM_UNIQUE_MAX)
        return answer_error(peer, ERROR_ARGUMENT_TOO_LARGE, NULL);
    if (request->row->due > 0 && !read_due(head->args[request->row->due], &submission.due_s))
        return request_malformed(request, "epoch: no decimal number of seconds since 1970");
    submission.function = find_function(request);
    if (is_refused(request, submission.function, &refusal))
        return refused(request, answer_refusal(peer, &refusal));
    if (!submission.function)
        submission.function = function_make(&router->functions, head->args[0]);
    if (!submission.function)
        return refused(request, request_refuse(request, LIMIT_FUNCTIONS, router->functions.used,
                                               router->limits.functions));
    peer->recent = submission.function;
    submission.hash = unique_hash(&router->uniques, submission.unique);
    return take_in(request, &submission);
}

/* Says JOB_CREATED with the handle of the task, or of the one it joins. */
static void say_created(struct router *router, struct peer *peer, struct door *door,
                        const struct task *task)
{
    struct out *out = door_node(door);
    size_t size = head_write(router, task, GM_JOB_CREATED, 0, out_bytes(out));

    outbox_answer(peer, out, size, (struct body){0});
}

/* The queue, or the task it joins, may have filled up since its head was judged. */
void commit_submit(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = door->task;
    struct candidate candidate = {.function = task->function,
                                  .priority = (enum task_priority)task->priority,
                                  .background = task->background,
                                  .bytes = task->payload_size,
                                  .others = task->function->bytes - task->payload_size};
    struct refusal refusal;
    struct task *twin;

    unique_arrived(&router->uniques, task);
    twin = unique_twin(&router->uniques, task);
    candidate.twin = twin;
    candidate.joins = twin != NULL;
    if (is_refused_there(router, &candidate, &refusal)) {
        answer_refusal_in(peer, door_node(door), &refusal);
        router->counts.refused++;
        task_give_up(router, task);
    } else if (twin) {
        say_created(router, peer, door, twin);
        router->counts.coalesced++;
        twin->function->counts.coalesced++;
        task_join(router, task, twin);
    } else {
        say_created(router, peer, door, task);
        router->counts.submitted++;
        task->function->counts.submitted++;
        histogram_add(&task->function->sizes, task->payload_size);
        task_admit(router, task);
    }
}
