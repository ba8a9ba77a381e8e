/* WORK_*: what a worker says about a task in its hand. */
#include <string.h>

#include "answer.h"
#include "door.h"
#include "halt.h"
#include "hand.h"
#include "outbox.h"
#include "request.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"

/* The task that `handle` names, if this peer has it in hand and knows so. */
static struct task *task_held(const struct router *router, const struct peer *peer, uint64_t handle)
{
    struct task *task = slot_find(&router->slots, handle);
    bool in_hand = task && (task->state == TASK_ASSIGNED || task->state == TASK_CANCELLED);
    bool held = in_hand && task->grip->worker == peer;

    return held && !task->grip->assign_waits ? task : NULL;
}

static struct task *task_meant(const struct request *request)
{
    uint64_t handle = handle_parse(&request->router->slots, request->head->args[0]);

    return task_held(request->router, request->peer, handle);
}

/* The last that is said of a task. */
static bool is_last(enum gm_type type)
{
    return type == GM_WORK_COMPLETE || type == GM_WORK_FAIL || type == GM_WORK_EXCEPTION;
}

/* A worker that threw an exception may say WORK_FAIL of the same task as well: once, and unheard. */
static enum router_verdict not_held(const struct request *request)
{
    struct peer *peer = request->peer;
    uint64_t handle = handle_parse(&request->router->slots, request->head->args[0]);
    enum router_verdict verdict;

    if (request->head->type == GM_WORK_FAIL && handle != 0 && handle == peer->excused) {
        peer->excused = 0;
        return ROUTER_SKIP;
    }
    verdict = answer_error(peer, ERROR_JOB_NOT_FOUND, NULL);
    if (verdict == ROUTER_SKIP && is_last((enum gm_type)request->head->type))
        hand_answered_late(peer);
    return verdict;
}

/* Nobody listens to what is said of a task that was cancelled. */
static bool is_listened_to(const struct task *task)
{
    return task->state == TASK_ASSIGNED && task->waiters;
}

static size_t listeners(const struct task *task)
{
    return is_listened_to(task) ? task->waiter_count : 0;
}

/* Is the body of what is said to be kept? A result also where nobody waits, but somebody may join the
 * task while it comes. */
static bool is_wanted(const struct task *task, enum door_kind kind)
{
    bool joinable = task->state == TASK_ASSIGNED && task->unique_size > 0;

    return is_listened_to(task) || (kind == DOOR_FINAL && joinable);
}

/* Its time may run out while the body comes: then there must be a node to say so. */
static bool hold_late(struct peer *peer, const struct task *task)
{
    struct gm_slice args[2];

    peer->door.holds_late = false;
    if (task->grip->timer.due == 0)
        return true;
    answer_error_args(ERROR_JOB_NOT_FOUND, args);
    peer->door.holds_late = door_hold(peer, gm_head_size(GM_ERROR, args));
    return peer->door.holds_late;
}

/* It has run out: the task is not this worker's any more. Without a node for that it was router_abandon()
 * who took the task away, from all workers. */
static void say_late(struct peer *peer, struct door *door)
{
    struct gm_slice args[2];

    if (is_last((enum gm_type)door->type))
        hand_answered_late(peer);
    if (!door->holds_late)
        return;
    answer_error_args(ERROR_JOB_NOT_FOUND, args);
    answer_in(peer, door_node(door), GM_ERROR, args, (struct body){0});
}

/* Opens the door for what a worker says about a task; its body is kept where it is wanted. */
static enum router_verdict open_for(const struct request *request, const struct task *task,
                                    enum door_kind kind)
{
    struct peer *peer = request->peer;
    size_t body_size = request->head->body_size;
    bool wanted = is_wanted(task, kind);
    struct body body = {0};

    if (!hold_late(peer, task))
        return ROUTER_WAIT;
    if (wanted && !wire_take_result(peer, &body, body_size)) {
        door_spare(request->router, &peer->door);
        peer_wait(peer, wire_wants(body_size), LANE_BODY);
        return ROUTER_WAIT;
    }
    door_open(peer, kind, request->head, wanted ? &body : NULL)->handle =
        task_handle(request->router, task);
    return ROUTER_TAKE;
}

/* A result that is too large is refused by name; a last one is the end of its task all the same. */
static enum router_verdict too_large(const struct request *request, struct task *task)
{
    struct router *router = request->router;
    struct refusal refusal = {
        .limit = LIMIT_PAYLOAD,
        .function = {task->function->name, task->function->name_size},
        .used = request->head->body_size,
        .of = router->limits.payload_max,
    };
    enum router_verdict verdict = answer_refusal(request->peer, &refusal);

    if (verdict == ROUTER_SKIP && is_last((enum gm_type)request->head->type)) {
        if (request->head->type == GM_WORK_EXCEPTION)
            request->peer->excused = task_handle(router, task);
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    }
    return verdict;
}

enum router_verdict begin_final(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    if (request->head->body_size > request->router->limits.payload_max)
        return too_large(request, task);
    return open_for(request, task, DOOR_FINAL);
}

void commit_final(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = task_held(router, peer, door->handle);

    if (!task) {
        body_release(router, door->body.first);
        say_late(peer, door);
        return;
    }
    if (door->type == GM_WORK_EXCEPTION)
        peer->excused = door->handle;
    task_end(router, task, (enum gm_type)door->type, door->body);
}

enum router_verdict begin_fail(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    if (task->function->rule->retry_on_fail)
        hand_failed(request->router, task);
    else
        task_end(request->router, task, GM_WORK_FAIL, (struct body){0});
    return ROUTER_SKIP;
}

enum router_verdict begin_event(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    if (request->head->body_size > request->router->limits.payload_max)
        return too_large(request, task);
    if (!door_hold_news(request->peer, listeners(task)))
        return ROUTER_WAIT;
    return open_for(request, task, DOOR_EVENT);
}

/* Says it to everyone who waited when it began; who has joined since has not missed what was dropped. */
static void tell_waiters(struct door *door, const struct task *task, enum gm_type type)
{
    for (struct waiter *waiter = task->waiters; waiter; waiter = waiter->next) {
        struct out *out = door_node(door);

        if (!out)
            return;
        outbox_event(waiter, out, type, door->body);
    }
}

void commit_event(struct router *router, struct peer *peer, struct door *door)
{
    const struct task *task = task_held(router, peer, door->handle);

    if (!task)
        say_late(peer, door);
    else if (is_listened_to(task) && !door->sink)
        tell_waiters(door, task, (enum gm_type)door->type);
    body_release(router, door->body.first);
}

/* A decimal number as far as it is one; progress is kept for GET_STATUS only. */
static uint32_t decimal(struct gm_slice text)
{
    uint64_t number = 0;

    for (size_t i = 0; i < text.size && text.bytes[i] >= '0' && text.bytes[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(text.bytes[i] - '0');
        if (number > UINT32_MAX)
            return UINT32_MAX;
    }
    return (uint32_t)number;
}

/* Both numbers as they were sent, a NUL between, in one block. */
static struct block *status_text(struct router *router, const struct gm_slice *numbers)
{
    size_t size = numbers[0].size + 1 + numbers[1].size;
    struct block *block = wire_take(router, sizeof *block + size);

    if (!block)
        return NULL;
    *block = (struct block){.capacity = (uint32_t)size, .refs = 1};
    memcpy(block->bytes, numbers[0].bytes, numbers[0].size);
    block->bytes[numbers[0].size] = 0;
    memcpy(block->bytes + numbers[0].size + 1, numbers[1].bytes, numbers[1].size);
    return block;
}

enum router_verdict begin_status(const struct request *request)
{
    struct router *router = request->router;
    struct door *door = &request->peer->door;
    struct task *task = task_meant(request);
    const struct gm_slice *numbers = request->head->args + 1;

    if (!task)
        return not_held(request);
    if (is_listened_to(task)) {
        struct block *text;

        if (!door_hold_news(request->peer, listeners(task)))
            return ROUTER_WAIT;
        text = status_text(router, numbers);
        if (!text) {
            door_spare(router, door);
            peer_wait(request->peer, sizeof *text + router->head_max, 0);
            return ROUTER_WAIT;
        }
        door->body = (struct body){text, numbers[0].size + 1 + numbers[1].size};
        tell_waiters(door, task, GM_WORK_STATUS);
        door_spare(router, door);
        door->body = (struct body){0};
        body_release(router, text);
    }
    task->grip->numerator = decimal(numbers[0]);
    task->grip->denominator = decimal(numbers[1]);
    return ROUTER_SKIP;
}
