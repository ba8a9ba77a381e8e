/*
 * Gearman, as libgearman's clients and workers speak it: a client submits and waits for WORK_COMPLETE;
 * a worker asks with GRAB_JOB_ALL, sleeps after NO_JOB until NOOP, and sends WORK_COMPLETE and the next
 * GRAB_JOB_ALL together. With --push a worker has asked for `pmad-push=N`, and only answers. Background
 * tasks are submitted without a unique id, because equal ones would become one task, and are answered
 * with an empty result, because nobody sees it.
 *
 * The frames of a task are cut and made by hand here: this program has to be faster than the server.
 */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "gm_frame.h"
#include "load.h"
#include "wire.h"

enum { SUBMIT_HEAD_MAX = GM_HEADER_SIZE + FUNCTION_NAME_SIZE + 2, BODY_MAX = 256 * 1024 * 1024 };

static const struct gm_slice nothing = {NULL, 0};

/* The beginning of a submission, the same for all tasks of a function. */
struct submit_head {
    size_t size;
    uint8_t bytes[SUBMIT_HEAD_MAX];
};

static struct submit_head *submit_heads;

struct frame {
    uint32_t type;
    const uint8_t *body;
    size_t body_size;
};

/* ---- what is said ---- */

static void say(struct peer *peer, enum gm_type type, const struct gm_slice *args,
                struct gm_slice data)
{
    size_t room = gm_head_size(type, args);
    uint8_t *into = conn_room(&peer->conn, room + data.size);

    if (gm_head_encode(into, room, GM_REQ, type, args, data.size) != room)
        fail("%s cannot be encoded", gm_packet_name(type));
    if (data.size > 0)
        memcpy(into + room, data.bytes, data.size);
    conn_said(&peer->conn, room + data.size);
}

static void gearman_hello(struct load *load, struct peer *peer)
{
    (void)load;
    say(peer, GM_ECHO_REQ, NULL, gm_text("hello"));
}

static void grab(struct peer *worker)
{
    wire_header_write(conn_room(&worker->conn, GM_HEADER_SIZE), 'Q', GM_GRAB_JOB_ALL, 0);
    conn_said(&worker->conn, GM_HEADER_SIZE);
    worker->asked = true;
}

/* A pushed worker's ECHO is answered behind its OPTION_REQ; one that asks says ECHO when it sleeps. */
static void gearman_worker_begin(struct load *load, struct peer *worker)
{
    char option[32];

    for (unsigned i = 0; i < function_count(load, worker); i++)
        say(worker, GM_CAN_DO, (struct gm_slice[]){gm_text(function_name(load, worker, i))},
            nothing);
    if (load->options->push > 0) {
        struct gm_slice body;

        snprintf(option, sizeof option, "pmad-push=%u", load->options->push);
        body = gm_text(option);
        say(worker, GM_OPTION_REQ, &body, nothing);
        gearman_hello(load, worker);
    } else {
        grab(worker);
    }
}

static void gearman_client_begin(struct load *load, struct peer *client)
{
    peer_ready(load, client);
}

static void gearman_prepare(struct load *load)
{
    enum gm_type type = load->background ? GM_SUBMIT_JOB_BG : GM_SUBMIT_JOB;
    unsigned count = load->options->functions;

    submit_heads = must_calloc(count, sizeof *submit_heads);
    for (unsigned i = 0; i < count; i++)
        submit_heads[i].size = gm_head_encode(
            submit_heads[i].bytes, sizeof submit_heads[i].bytes, GM_REQ, type,
            (struct gm_slice[]){gm_text(load->functions[i]), nothing}, load->options->size);
}

static void gearman_submit(struct load *load, struct peer *client, struct task task)
{
    const struct submit_head *head = &submit_heads[task.number % load->options->functions];

    conn_say(&client->conn, head->bytes, head->size);
    task_say(&client->conn, task);
}

/* WORK_COMPLETE with the handle of an assignment, its NUL included. */
static void answer(struct peer *worker, const uint8_t *handle, size_t handle_size,
                   struct gm_slice data)
{
    uint32_t size = (uint32_t)(handle_size + data.size);
    uint8_t *into = conn_room(&worker->conn, GM_HEADER_SIZE + handle_size);

    wire_header_write(into, 'Q', GM_WORK_COMPLETE, size);
    memcpy(into + GM_HEADER_SIZE, handle, handle_size);
    conn_said(&worker->conn, GM_HEADER_SIZE + handle_size);
    if (data.size > 0)
        conn_say_lying(&worker->conn, data.bytes, data.size);
}

/* ---- what is heard ---- */

/* Cuts a whole frame off the front; returns its size, 0 if it is not whole. */
static size_t frame_cut(const struct peer *peer, struct frame *frame, const uint8_t *bytes,
                        size_t size)
{
    if (size < GM_HEADER_SIZE)
        return 0;
    if (!wire_is_header(bytes, 'S'))
        peer_fail(peer, "the server sent what is no frame", bytes, size);
    frame->type = wire_type(bytes);
    frame->body = bytes + GM_HEADER_SIZE;
    frame->body_size = wire_body_size(bytes);
    if (frame->body_size > BODY_MAX)
        peer_fail(peer, "the server announces too large a frame", bytes, GM_HEADER_SIZE);
    return size - GM_HEADER_SIZE < frame->body_size ? 0 : GM_HEADER_SIZE + frame->body_size;
}

static _Noreturn void frame_unexpected(const struct peer *peer, const struct frame *frame)
{
    char what[64];

    if (frame->type == GM_ERROR)
        peer_fail(peer, "the server refuses", frame->body, frame->body_size);
    snprintf(what, sizeof what, "the server sent %s, which is not expected",
             gm_packet_name(frame->type));
    peer_fail(peer, what, frame->body, frame->body_size);
}

/* The ERROR for a submission that there is no room for. */
static bool is_refusal(const struct frame *frame)
{
    static const char code[] = "QUEUE_ERROR"; /* and its NUL */

    return frame->type == GM_ERROR && frame->body_size >= sizeof code &&
           memcmp(frame->body, code, sizeof code) == 0;
}

/* The offset behind `args` arguments and their NULs. */
static size_t args_skip(const struct peer *peer, const struct frame *frame, unsigned args)
{
    size_t at = 0;

    while (args-- > 0) {
        const uint8_t *nul = memchr(frame->body + at, 0, frame->body_size - at);

        if (nul == NULL)
            frame_unexpected(peer, frame);
        at = (size_t)(nul - frame->body) + 1;
    }
    return at;
}

static size_t gearman_client_take(struct load *load, struct peer *client, const uint8_t *bytes,
                                  size_t size)
{
    struct frame frame;
    size_t taken = frame_cut(client, &frame, bytes, size);
    size_t handle;

    if (taken == 0)
        return 0;
    switch (frame.type) {
    case GM_WORK_COMPLETE:
        handle = args_skip(client, &frame, 1);
        load_result(load, client, frame.body + handle, frame.body_size - handle);
        break;
    case GM_JOB_CREATED:
        if (load->background)
            load_accepted(load, client);
        break;
    case GM_ECHO_RES:
        peer_ready(load, client);
        break;
    default:
        if (!load->options->mode->bears_refusal || !is_refusal(&frame))
            frame_unexpected(client, &frame);
        load_refused(load);
    }
    return taken;
}

static void assigned(struct load *load, struct peer *worker, const struct frame *frame,
                     unsigned args)
{
    size_t handle = args_skip(worker, frame, 1);
    size_t data = args_skip(worker, frame, args);

    if (load->background)
        load_done(load, worker);
    answer(worker, frame->body, handle,
           load->background
               ? nothing
               : (struct gm_slice){.bytes = frame->body + data, .size = frame->body_size - data});
    if (load->options->push == 0)
        grab(worker);
}

static size_t gearman_worker_take(struct load *load, struct peer *worker, const uint8_t *bytes,
                                  size_t size)
{
    struct frame frame;
    size_t taken = frame_cut(worker, &frame, bytes, size);

    if (taken == 0)
        return 0;
    switch (frame.type) {
    case GM_JOB_ASSIGN_UNIQ:
        assigned(load, worker, &frame, 3);
        break;
    case GM_JOB_ASSIGN:
        assigned(load, worker, &frame, 2);
        break;
    case GM_JOB_ASSIGN_ALL:
        assigned(load, worker, &frame, 4);
        break;
    case GM_NO_JOB:
        worker->asked = false;
        say(worker, GM_PRE_SLEEP, NULL, nothing);
        if (worker->state == PEER_WAITS)
            gearman_hello(load, worker);
        break;
    case GM_NOOP:
        if (!worker->asked)
            grab(worker);
        break;
    case GM_OPTION_RES:
        break;
    case GM_ECHO_RES:
        peer_ready(load, worker);
        break;
    default:
        frame_unexpected(worker, &frame);
    }
    return taken;
}

const struct protocol gearman = {
    .name = "gearman",
    .asks = true,
    .pushes = true,
    .keeps = true,
    .functions = true,
    .prepare = gearman_prepare,
    .hello = gearman_hello,
    .client_begin = gearman_client_begin,
    .client_take = gearman_client_take,
    .submit = gearman_submit,
    .worker_begin = gearman_worker_begin,
    .worker_take = gearman_worker_take,
    .worker_end = gearman_hello,
};

/* The floor speaks the same frames. It knows no functions, and pushes without end or queue. */
const struct protocol relay = {
    .name = "relay",
    .pushes = true,
    .prepare = gearman_prepare,
    .hello = gearman_hello,
    .client_begin = gearman_client_begin,
    .client_take = gearman_client_take,
    .submit = gearman_submit,
    .worker_begin = gearman_worker_begin,
    .worker_take = gearman_worker_take,
};
