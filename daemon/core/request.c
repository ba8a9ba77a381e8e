#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "decimal.h"
#include "door.h"
#include "hand.h"
#include "pmad_must.h"
#include "rights.h"
#include "router_state.h"
#include "task.h"
#include "unique.h"
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

/* An argument that some clients end with a NUL. */
static struct gm_slice without_nul(struct gm_slice text)
{
    if (text.size > 0 && text.bytes[text.size - 1] == 0)
        text.size--;
    return text;
}

static enum router_verdict deny(const struct request *request)
{
    char text[96];

    (void)snprintf(text, sizeof text, "%s: this connection has no right to it",
                   gm_packet_name(request->head->type));
    if (answer_error(request->peer, ERROR_ACCESS_DENIED, text) == ROUTER_WAIT)
        return ROUTER_WAIT;
    peer_denied(request->peer, gm_packet_name(request->head->type));
    return request->row->closes ? ROUTER_CLOSE : ROUTER_SKIP;
}

/* ---- what a worker says of itself ---- */

/* CAN_DO_TIMEOUT: milliseconds, a second at least. What is no number, as one client sends it, is no
 * limit either. */
static uint32_t timeout_ms(const struct gm_head *head)
{
    enum { SHORTEST_MS = 1000 };
    uint64_t ms;

    if (head->type != GM_CAN_DO_TIMEOUT || !decimal_read(without_nul(head->args[1]), &ms) ||
        ms == 0)
        return 0;
    if (ms < SHORTEST_MS)
        return SHORTEST_MS;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

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
    if (worker_can_do(router, peer, function, timeout_ms(request->head)))
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
    struct peer *peer = request->peer;
    struct registration *registration;
    struct task *task = worker_next_task(peer, &registration);
    bool taken = task && hand_take(request->router, registration, task, request->row->answer);

    if (!taken && answer(peer, GM_NO_JOB, NULL) == ROUTER_WAIT)
        return ROUTER_WAIT;
    worker_wakes_up(peer);
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

/* What a status says, as text. */
struct status_texts {
    const char *known, *running;
    char numbers[3][24]; /* numerator, denominator, waiting clients */
};

static struct status_texts status_of(const struct task *task)
{
    bool running = task && task->state == TASK_ASSIGNED;
    bool known = running || (task && (task->state == TASK_QUEUED || task->state == TASK_DELAYED));
    struct status_texts texts = {known ? "1" : "0", running ? "1" : "0", {"0", "0", "0"}};

    if (known) {
        if (running) {
            const struct grip *grip = task->grip;

            (void)snprintf(texts.numbers[0], sizeof texts.numbers[0], "%" PRIu32, grip->numerator);
            (void)snprintf(texts.numbers[1], sizeof texts.numbers[1], "%" PRIu32,
                           grip->denominator);
        }
        (void)snprintf(texts.numbers[2], sizeof texts.numbers[2], "%" PRIu16, task->waiter_count);
    }
    return texts;
}

/* The task, if there is one that the peer may know of. */
static const struct task *known_to(const struct peer *peer, const struct task *task)
{
    return task && peer_may_to(peer, RIGHT_SUBMIT, task->function) ? task : NULL;
}

/* STATUS_RES, or with the count of clients behind it STATUS_RES_UNIQUE. */
static enum router_verdict answer_status(const struct request *request, enum gm_type type,
                                         struct gm_slice name, const struct task *task)
{
    struct status_texts texts = status_of(known_to(request->peer, task));

    return answer(request->peer, type,
                  (struct gm_slice[]){name, gm_text(texts.known), gm_text(texts.running),
                                      gm_text(texts.numbers[0]), gm_text(texts.numbers[1]),
                                      gm_text(texts.numbers[2])});
}

/* The name asked for, as it is repeated in the answer, where a NUL would end it. */
static struct gm_slice name_asked(const struct request *request)
{
    struct gm_slice name = without_nul(request->head->args[0]);

    if (name.size > 0 && memchr(name.bytes, 0, name.size))
        name.size = 0;
    return name;
}

static enum router_verdict begin_get_status(const struct request *request)
{
    const struct slots *slots = &request->router->slots;
    struct gm_slice handle = name_asked(request);

    return answer_status(request, GM_STATUS_RES, handle,
                         slot_find(slots, handle_parse(slots, handle)));
}

static enum router_verdict begin_get_status_unique(const struct request *request)
{
    const struct uniques *uniques = &request->router->uniques;
    struct gm_slice unique = name_asked(request);

    return answer_status(request, GM_STATUS_RES_UNIQUE, unique,
                         unique_find(uniques, NULL, unique, unique_hash(uniques, unique)));
}

/* The number in `pmad-push=NUMBER`; false: that is not what it is. */
static bool read_credit(struct gm_slice option, uint64_t *credit)
{
    static const char name[] = "pmad-push=";
    size_t size = sizeof name - 1;

    return option.size > size && memcmp(option.bytes, name, size) == 0 &&
           decimal_read((struct gm_slice){option.bytes + size, option.size - size}, credit) &&
           *credit <= ROUTER_CREDIT_MAX;
}

static enum router_verdict begin_option(const struct request *request)
{
    struct gm_slice option = request->head->args[0];
    struct peer *peer = request->peer;
    bool is_exceptions = gm_slice_equal(option, gm_text("exceptions"));
    uint64_t credit = 0;

    if (!is_exceptions && !read_credit(option, &credit))
        return answer_error(peer, ERROR_UNKNOWN_OPTION, NULL);
    if (!is_exceptions && !peer_may(peer, RIGHT_WORK))
        return deny(request);
    if (answer(peer, GM_OPTION_RES, &option) == ROUTER_WAIT)
        return ROUTER_WAIT;
    if (is_exceptions)
        peer->takes_exceptions = true;
    else
        worker_set_credit(peer, (uint16_t)credit);
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
    if (!door_hold(peer, GM_HEADER_SIZE))
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

#define SUBMIT(...)                                                                       \
    {                                                                                     \
        .begin = begin_submit, .right = RIGHT_SUBMIT, .names_function = true, __VA_ARGS__ \
    }
#define WORK(...)                        \
    {                                    \
        .right = RIGHT_WORK, __VA_ARGS__ \
    }

static const struct handler handlers[GM_TYPES] = {
    [GM_CAN_DO] = WORK(.begin = begin_can_do, .closes = true, .names_function = true),
    [GM_CAN_DO_TIMEOUT] = WORK(.begin = begin_can_do, .closes = true, .names_function = true),
    [GM_CANT_DO] = WORK(.begin = begin_cant_do),
    [GM_RESET_ABILITIES] = WORK(.begin = begin_reset),
    [GM_PRE_SLEEP] = WORK(.begin = begin_pre_sleep),
    [GM_GRAB_JOB] = WORK(.begin = begin_grab, .answer = GM_JOB_ASSIGN),
    [GM_GRAB_JOB_UNIQ] = WORK(.begin = begin_grab, .answer = GM_JOB_ASSIGN_UNIQ),
    [GM_GRAB_JOB_ALL] = WORK(.begin = begin_grab, .answer = GM_JOB_ASSIGN_ALL),
    [GM_WORK_COMPLETE] = WORK(.begin = begin_final),
    [GM_WORK_EXCEPTION] = WORK(.begin = begin_final),
    [GM_WORK_FAIL] = WORK(.begin = begin_fail),
    [GM_WORK_DATA] = WORK(.begin = begin_event),
    [GM_WORK_WARNING] = WORK(.begin = begin_event),
    [GM_WORK_STATUS] = WORK(.begin = begin_status),

    [GM_SUBMIT_JOB] = SUBMIT(.priority = PRIORITY_NORMAL),
    [GM_SUBMIT_JOB_HIGH] = SUBMIT(.priority = PRIORITY_HIGH),
    [GM_SUBMIT_JOB_LOW] = SUBMIT(.priority = PRIORITY_LOW),
    [GM_SUBMIT_JOB_BG] = SUBMIT(.priority = PRIORITY_NORMAL, .background = true),
    [GM_SUBMIT_JOB_HIGH_BG] = SUBMIT(.priority = PRIORITY_HIGH, .background = true),
    [GM_SUBMIT_JOB_LOW_BG] = SUBMIT(.priority = PRIORITY_LOW, .background = true),
    [GM_SUBMIT_JOB_EPOCH] = SUBMIT(.priority = PRIORITY_NORMAL, .background = true, .due = 2),
    [GM_SUBMIT_REDUCE_JOB] = SUBMIT(.priority = PRIORITY_NORMAL, .reducer = 2),
    [GM_SUBMIT_REDUCE_JOB_BACKGROUND] =
        SUBMIT(.priority = PRIORITY_NORMAL, .background = true, .reducer = 2),
    [GM_GET_STATUS] = {.begin = begin_get_status, .right = RIGHT_SUBMIT},
    [GM_GET_STATUS_UNIQUE] = {.begin = begin_get_status_unique, .right = RIGHT_SUBMIT},

    [GM_SET_CLIENT_ID] = {.begin = begin_set_client_id},
    [GM_ECHO_REQ] = {.begin = begin_echo},
    [GM_OPTION_REQ] = {.begin = begin_option},
};

/* Who may do something to some functions only may do what names none. */
static bool is_allowed(const struct request *request)
{
    enum peer_right right = request->row->right;

    if (right == 0)
        return true;
    if (request->row->names_function)
        return peer_may_to_name(request->peer, right, request->head->args[0]);
    return peer_may(request->peer, right);
}

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
    if (!is_allowed(&request))
        return deny(&request);
    return request.row->begin(&request);
}

void router_commit(struct router *router, struct peer *peer)
{
    struct door *door = &peer->door;

    switch (door_close(peer)) {
    case DOOR_SUBMIT:
        commit_submit(router, peer, door);
        break;
    case DOOR_EVENT:
        commit_event(router, peer, door);
        break;
    case DOOR_FINAL:
        commit_final(router, peer, door);
        break;
    case DOOR_ECHO:
        commit_echo(peer, door);
        break;
    case DOOR_CLOSED:
        break;
    }
    door_spare(router, door);
}

/* ---- what is not a request ---- */

enum router_verdict request_malformed(const struct request *request, const char *what)
{
    char text[160];

    (void)snprintf(text, sizeof text, "%s: %s", gm_packet_name(request->head->type), what);
    return answer_error(request->peer, ERROR_INVALID_COMMAND, text);
}

enum router_verdict request_bad_arguments(struct router *router, struct peer *peer,
                                          const struct gm_head *head)
{
    const struct request request = {.router = router, .peer = peer, .head = head};
    char what[80];

    if (head->magic != GM_REQ)
        return answer_error(peer, ERROR_INVALID_MAGIC, NULL);
    if (!handlers[head->type].begin)
        return answer_error(peer, ERROR_INVALID_COMMAND, NULL);
    (void)snprintf(what, sizeof what, "arguments missing, or longer than %zu bytes",
                   router->head_max - GM_HEADER_SIZE);
    return request_malformed(&request, what);
}

enum router_verdict request_bad_magic(struct peer *peer)
{
    if (answer_error(peer, ERROR_INVALID_MAGIC, NULL) == ROUTER_WAIT)
        return ROUTER_WAIT;
    return ROUTER_CLOSE;
}
