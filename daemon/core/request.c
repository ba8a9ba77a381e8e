#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "door.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"
#include "worker.h"

bool request_is_name(const struct router *router, struct gm_slice name)
{
    return name.size > 0 && name.size <= router->limits.function_name_max &&
           !memchr(name.bytes, 0, name.size);
}

enum router_verdict request_refuse(const struct request *request, enum refusal_limit limit,
                                   size_t used, size_t of)
{
    struct refusal refusal = {
        .limit = limit, .function = request->head->args[0], .used = used, .of = of};

    return answer_refusal(request->peer, &refusal);
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

    if (!request_is_name(router, name))
        return request_refuse(request, LIMIT_NAME, name.size, router->limits.function_name_max);
    function = function_obtain(&router->functions, name);
    if (!function)
        return request_refuse(request, LIMIT_FUNCTIONS, router->functions.used,
                              router->limits.functions);
    if (peer->registration_count >= most && !worker_can(peer, function))
        return request_refuse(request, LIMIT_REGISTRATIONS, peer->registration_count, most);
    if (worker_can_do(router, peer, function))
        return ROUTER_SKIP;
    refusal = refusal_of_pool(router->workers, name, sizeof(struct registration));
    return answer_refusal(peer, &refusal);
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
