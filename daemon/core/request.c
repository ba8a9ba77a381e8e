#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "door.h"
#include "inbox.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "worker.h"

/* One request: who asks what. `row` is its line in the table below. */
struct request {
    struct router *router;
    struct peer *peer;
    const struct gm_head *head;
    const struct handler *row;
};

struct handler {
    enum router_verdict (*begin)(const struct request *request);
    enum task_priority priority; /* SUBMIT_* */
    bool background;             /* SUBMIT_* */
    enum gm_type answer;         /* GRAB_*: how a task is assigned */
};

/* ---- submitting ---- */

static enum router_verdict refuse(const struct request *request, const struct refusal *refusal)
{
    enum router_verdict verdict = answer_refusal(request->peer, refusal);

    if (verdict == ROUTER_SKIP)
        request->router->counts.refused++;
    return verdict;
}

static enum router_verdict refuse_limit(const struct request *request, enum refusal_limit limit,
                                        size_t used, size_t of)
{
    struct refusal refusal = {
        .limit = limit, .function = request->head->args[0], .used = used, .of = of};

    return refuse(request, &refusal);
}

/* Is the name one that a function can have? */
static bool is_name(const struct router *router, struct gm_slice name)
{
    return name.size > 0 && name.size <= router->limits.function_name_max &&
           !memchr(name.bytes, 0, name.size);
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
        {!is_name(router, name),
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

static enum router_verdict begin_submit(const struct request *request)
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
        return refuse(request, &refusal);
    function = function_obtain(&router->functions, name);
    if (!function)
        return refuse_limit(request, LIMIT_FUNCTIONS, router->functions.used,
                            router->limits.functions);
    if (!door_hold(peer, 1, GM_HEADER_SIZE + GM_HANDLE_MAX))
        return ROUTER_WAIT;
    task = admit(request, function);
    if (!task) {
        door_spare(router, &peer->door);
        refusal = refusal_of_pool(
            router->tasks.pool, name,
            router_envelope_size(request->head->args[1].size, request->head->body_size));
        return refuse(request, &refusal);
    }
    door_open(peer, DOOR_SUBMIT, request->head, &task->body)->task = task;
    return ROUTER_TAKE;
}

static void commit_submit(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = door->task;
    uint8_t handle[GM_HANDLE_MAX];
    struct gm_slice arg = {handle, handle_format(&router->slots, task->handle, handle)};

    answer_in(peer, door_node(door), GM_JOB_CREATED, &arg, (struct body){0});
    router->counts.submitted++;
    task_queue(router, task, false);
    worker_rouse(task->function);
}

/* ---- working ---- */

/* The task that `handle` names, if this peer has it in hand and knows so. */
static struct task *task_held(const struct router *router, const struct peer *peer, uint64_t handle)
{
    struct task *task = slot_find(&router->slots, handle);
    bool held = task && task->state == TASK_ASSIGNED && task->worker == peer;

    return held && !task->assign_waits ? task : NULL;
}

static struct task *task_meant(const struct request *request)
{
    uint64_t handle = handle_parse(&request->router->slots, request->head->args[0]);

    return task_held(request->router, request->peer, handle);
}

/* A worker that threw an exception may say WORK_FAIL of the same task as well: once, and unheard. */
static enum router_verdict not_held(const struct request *request)
{
    struct peer *peer = request->peer;
    uint64_t handle = handle_parse(&request->router->slots, request->head->args[0]);

    if (request->head->type == GM_WORK_FAIL && handle != 0 && handle == peer->excused) {
        peer->excused = 0;
        return ROUTER_SKIP;
    }
    return answer_error(peer, ERROR_JOB_NOT_FOUND, NULL);
}

static size_t waiters_of(const struct task *task)
{
    const struct waiter *waiter;
    size_t count = 0;

    TAILQ_FOREACH(waiter, &task->waiters, in_task)
    count++;
    return count;
}

/* Opens the door for what a worker says about a task; its body is kept where somebody waits for it. */
static enum router_verdict open_for(const struct request *request, const struct task *task,
                                    enum door_kind kind)
{
    struct peer *peer = request->peer;
    size_t body_size = request->head->body_size;
    bool wanted = !TAILQ_EMPTY(&task->waiters);
    struct body body = {0};

    if (wanted && !wire_take_result(peer, &body, body_size)) {
        door_spare(request->router, &peer->door);
        inbox_wait(peer, wire_wants(body_size), true);
        return ROUTER_WAIT;
    }
    door_open(peer, kind, request->head, wanted ? &body : NULL)->handle = task->handle;
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
    bool last = request->head->type == GM_WORK_COMPLETE || request->head->type == GM_WORK_EXCEPTION;

    if (verdict == ROUTER_SKIP && last)
        task_end(router, task, GM_WORK_FAIL, (struct body){0});
    return verdict;
}

static enum router_verdict begin_final(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    if (request->head->body_size > request->router->limits.payload_max)
        return too_large(request, task);
    return open_for(request, task, DOOR_FINAL);
}

static void commit_final(struct router *router, struct peer *peer, struct door *door)
{
    struct task *task = task_held(router, peer, door->handle);

    if (!task) {
        body_release(router, door->body.first);
        return;
    }
    if (door->type == GM_WORK_EXCEPTION)
        peer->excused = door->handle;
    task_end(router, task, (enum gm_type)door->type, door->body);
}

static enum router_verdict begin_fail(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    task_end(request->router, task, GM_WORK_FAIL, (struct body){0});
    return ROUTER_SKIP;
}

static enum router_verdict begin_event(const struct request *request)
{
    struct task *task = task_meant(request);

    if (!task)
        return not_held(request);
    if (request->head->body_size > request->router->limits.payload_max)
        return too_large(request, task);
    if (!door_hold(request->peer, waiters_of(task), 0))
        return ROUTER_WAIT;
    return open_for(request, task, DOOR_EVENT);
}

/* Says it to everyone who waited when it began. */
static void tell_waiters(struct door *door, const struct task *task, enum gm_type type)
{
    struct waiter *waiter;

    TAILQ_FOREACH(waiter, &task->waiters, in_task)
    {
        struct out *out = door_node(door);

        if (!out)
            return;
        outbox_event(waiter, out, type, door->body);
    }
}

static void commit_event(struct router *router, struct peer *peer, struct door *door)
{
    const struct task *task = task_held(router, peer, door->handle);

    if (task)
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

static enum router_verdict begin_status(const struct request *request)
{
    struct router *router = request->router;
    struct door *door = &request->peer->door;
    struct task *task = task_meant(request);
    const struct gm_slice *numbers = request->head->args + 1;

    if (!task)
        return not_held(request);
    if (!TAILQ_EMPTY(&task->waiters)) {
        struct block *text;

        if (!door_hold(request->peer, waiters_of(task), 0))
            return ROUTER_WAIT;
        text = status_text(router, numbers);
        if (!text) {
            door_spare(router, door);
            inbox_wait(request->peer, sizeof *text + router->head_max, false);
            return ROUTER_WAIT;
        }
        door->body = (struct body){text, numbers[0].size + 1 + numbers[1].size};
        tell_waiters(door, task, GM_WORK_STATUS);
        door_spare(router, door);
        door->body = (struct body){0};
        body_release(router, text);
    }
    task->numerator = decimal(numbers[0]);
    task->denominator = decimal(numbers[1]);
    return ROUTER_SKIP;
}

/* ---- what a worker says of itself ---- */

static enum router_verdict begin_can_do(const struct request *request)
{
    struct router *router = request->router;
    struct peer *peer = request->peer;
    struct gm_slice name = request->head->args[0];
    size_t most = router->limits.registrations_per_worker;
    struct function *function;
    struct refusal refusal;

    if (!is_name(router, name))
        return refuse_limit(request, LIMIT_NAME, name.size, router->limits.function_name_max);
    function = function_obtain(&router->functions, name);
    if (!function)
        return refuse_limit(request, LIMIT_FUNCTIONS, router->functions.used,
                            router->limits.functions);
    if (peer->registration_count >= most && !worker_can(peer, function))
        return refuse_limit(request, LIMIT_REGISTRATIONS, peer->registration_count, most);
    if (worker_can_do(router, peer, function))
        return ROUTER_SKIP;
    refusal = refusal_of_pool(router->workers, name, sizeof(struct registration));
    return refuse(request, &refusal);
}

static enum router_verdict begin_cant_do(const struct request *request)
{
    struct function *function = function_find(&request->router->functions, request->head->args[0]);

    if (function)
        worker_cant_do(request->router, request->peer, function);
    return ROUTER_SKIP;
}

static enum router_verdict begin_reset(const struct request *request)
{
    worker_reset(request->router, request->peer);
    return ROUTER_SKIP;
}

static enum router_verdict begin_pre_sleep(const struct request *request)
{
    worker_falls_asleep(request->peer);
    return ROUTER_SKIP;
}

static enum router_verdict begin_grab(const struct request *request)
{
    struct task *task = worker_next_task(request->peer);

    if (task)
        worker_assign(request->router, request->peer, task, request->row->answer);
    else if (answer(request->peer, GM_NO_JOB, NULL) == ROUTER_WAIT)
        return ROUTER_WAIT;
    worker_wakes_up(request->peer);
    return ROUTER_SKIP;
}

/* One printable word, so that listings keep their columns. */
static enum router_verdict begin_set_client_id(const struct request *request)
{
    struct gm_slice id = request->head->args[0];
    char *into = request->peer->id;
    size_t size = id.size < PEER_ID_MAX ? id.size : PEER_ID_MAX;

    for (size_t i = 0; i < size; i++)
        into[i] = (char)(id.bytes[i] > ' ' && id.bytes[i] < 0x7f ? id.bytes[i] : '_');
    into[size] = 0;
    if (size == 0)
        memcpy(into, "-", 2);
    return ROUTER_SKIP;
}

/* ---- what anyone may ask ---- */

static enum router_verdict begin_get_status(const struct request *request)
{
    struct router *router = request->router;
    struct gm_slice handle = request->head->args[0];
    const struct task *task;
    char numbers[2][24] = {"0", "0"};
    bool known, running;

    if (handle.size > 0 && handle.bytes[handle.size - 1] == 0)
        handle.size--; /* some clients send the NUL too */
    if (memchr(handle.bytes, 0, handle.size))
        handle.size = 0;
    task = slot_find(&router->slots, handle_parse(&router->slots, handle));
    running = task && task->state == TASK_ASSIGNED;
    known = running || (task && task->state == TASK_QUEUED);
    if (known) {
        (void)snprintf(numbers[0], sizeof numbers[0], "%" PRIu32, task->numerator);
        (void)snprintf(numbers[1], sizeof numbers[1], "%" PRIu32, task->denominator);
    }
    return answer(request->peer, GM_STATUS_RES,
                  (struct gm_slice[]){handle, gm_text(known ? "1" : "0"),
                                      gm_text(running ? "1" : "0"), gm_text(numbers[0]),
                                      gm_text(numbers[1])});
}

static enum router_verdict begin_option(const struct request *request)
{
    struct gm_slice option = request->head->args[0];

    if (!gm_slice_equal(option, gm_text("exceptions")))
        return answer_error(request->peer, ERROR_UNKNOWN_OPTION, NULL);
    if (answer(request->peer, GM_OPTION_RES, &option) == ROUTER_WAIT)
        return ROUTER_WAIT;
    request->peer->takes_exceptions = true;
    return ROUTER_SKIP;
}

/* An echo is no result: it never waits for a body's room, it is refused. */
static enum router_verdict begin_echo(const struct request *request)
{
    struct router *router = request->router;
    struct peer *peer = request->peer;
    size_t size = request->head->body_size;
    struct refusal refusal;
    struct body body;

    if (size > router->limits.payload_max) {
        refusal = (struct refusal){
            .limit = LIMIT_PAYLOAD, .used = size, .of = router->limits.payload_max};
        return answer_refusal(peer, &refusal);
    }
    if (!door_hold(peer, 1, GM_HEADER_SIZE))
        return ROUTER_WAIT;
    if (!wire_take_body(router, &body, size)) {
        door_spare(router, &peer->door);
        refusal = refusal_of_pool(router->wire.pool, (struct gm_slice){0}, size);
        return answer_refusal(peer, &refusal);
    }
    door_open(peer, DOOR_ECHO, request->head, &body);
    return ROUTER_TAKE;
}

static void commit_echo(struct peer *peer, struct door *door)
{
    answer_in(peer, door_node(door), GM_ECHO_RES, NULL, door->body);
}

/* ---- the table ---- */

static const struct handler handlers[GM_TYPES] = {
    [GM_CAN_DO] = {.begin = begin_can_do},
    [GM_CANT_DO] = {.begin = begin_cant_do},
    [GM_RESET_ABILITIES] = {.begin = begin_reset},
    [GM_PRE_SLEEP] = {.begin = begin_pre_sleep},
    [GM_SET_CLIENT_ID] = {.begin = begin_set_client_id},
    [GM_GRAB_JOB] = {.begin = begin_grab, .answer = GM_JOB_ASSIGN},
    [GM_GRAB_JOB_UNIQ] = {.begin = begin_grab, .answer = GM_JOB_ASSIGN_UNIQ},
    [GM_GRAB_JOB_ALL] = {.begin = begin_grab, .answer = GM_JOB_ASSIGN_UNIQ},
    [GM_SUBMIT_JOB] = {.begin = begin_submit, .priority = PRIORITY_NORMAL},
    [GM_SUBMIT_JOB_HIGH] = {.begin = begin_submit, .priority = PRIORITY_HIGH},
    [GM_SUBMIT_JOB_LOW] = {.begin = begin_submit, .priority = PRIORITY_LOW},
    [GM_SUBMIT_JOB_BG] = {.begin = begin_submit, .priority = PRIORITY_NORMAL, .background = true},
    [GM_SUBMIT_JOB_HIGH_BG] = {.begin = begin_submit,
                               .priority = PRIORITY_HIGH,
                               .background = true},
    [GM_SUBMIT_JOB_LOW_BG] = {.begin = begin_submit, .priority = PRIORITY_LOW, .background = true},
    [GM_WORK_COMPLETE] = {.begin = begin_final},
    [GM_WORK_EXCEPTION] = {.begin = begin_final},
    [GM_WORK_FAIL] = {.begin = begin_fail},
    [GM_WORK_DATA] = {.begin = begin_event},
    [GM_WORK_WARNING] = {.begin = begin_event},
    [GM_WORK_STATUS] = {.begin = begin_status},
    [GM_GET_STATUS] = {.begin = begin_get_status},
    [GM_ECHO_REQ] = {.begin = begin_echo},
    [GM_OPTION_REQ] = {.begin = begin_option},
};

enum router_verdict router_begin(struct router *router, struct peer *peer,
                                 const struct gm_head *head)
{
    struct request request = {.router = router, .peer = peer, .head = head};

    MUST(peer->door.kind == DOOR_CLOSED);
    if (head->magic != GM_REQ)
        return answer_error(peer, ERROR_INVALID_MAGIC, NULL);
    if (head->type < GM_TYPES)
        request.row = &handlers[head->type];
    if (!request.row || !request.row->begin)
        return answer_error(peer, ERROR_INVALID_COMMAND, NULL);
    return request.row->begin(&request);
}

void router_commit(struct router *router, struct peer *peer)
{
    struct door door = door_close(peer);

    switch (door.kind) {
    case DOOR_SUBMIT:
        commit_submit(router, peer, &door);
        break;
    case DOOR_EVENT:
        commit_event(router, peer, &door);
        break;
    case DOOR_FINAL:
        commit_final(router, peer, &door);
        break;
    case DOOR_ECHO:
        commit_echo(peer, &door);
        break;
    case DOOR_CLOSED:
        break;
    }
    door_spare(router, &door);
}

/* ---- what is not a request ---- */

enum router_verdict request_bad_arguments(struct router *router, struct peer *peer,
                                          const struct gm_head *head)
{
    char text[160];

    if (head->magic != GM_REQ)
        return answer_error(peer, ERROR_INVALID_MAGIC, NULL);
    (void)snprintf(text, sizeof text, "%s: arguments missing, or longer than %zu bytes",
                   gm_packet_name(head->type), router->head_max - GM_HEADER_SIZE);
    return answer_error(peer, ERROR_INVALID_COMMAND, text);
}

enum router_verdict request_bad_magic(struct peer *peer)
{
    if (answer_error(peer, ERROR_INVALID_MAGIC, NULL) == ROUTER_WAIT)
        return ROUTER_WAIT;
    return ROUTER_CLOSE;
}
