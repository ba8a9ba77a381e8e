#include "outbox.h"

#include <string.h>

#include "deadline.h"
#include "halt.h"
#include "match.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"
#include "worker.h"

/* ---- what a node looks like when it is written ---- */

static const uint8_t noop_frame[GM_HEADER_SIZE] = {0, 'R', 'E', 'S', 0, 0, 0, GM_NOOP};

static size_t add_handle(const struct router *router, const struct task *task, uint8_t *handle,
                         struct gm_slice *arg)
{
    *arg = (struct gm_slice){handle, handle_format(&router->slots, task->handle, handle)};
    return 1;
}

/* A WORK_STATUS keeps its two numbers in its body, as they were sent, a NUL between. */
static size_t add_status(const struct out *out, struct gm_slice *args)
{
    const uint8_t *text = out->body->bytes;
    const uint8_t *nul = memchr(text, 0, out->body_size);
    size_t first = (size_t)(nul - text);

    args[0] = (struct gm_slice){text, first};
    args[1] = (struct gm_slice){nul + 1, out->body_size - first - 1};
    return 2;
}

static size_t add_assignment(const struct task *task, struct gm_slice *args)
{
    args[0] = (struct gm_slice){task->function->name, task->function->name_size};
    args[1] = (struct gm_slice){task->unique, task->unique_size};
    args[2] = (struct gm_slice){task_reducer(task), task->reducer_size};
    return 3;
}

/* Makes the head of a frame about a task, at most `room` bytes; returns its size. */
static size_t make_head(const struct router *router, const struct out *out, uint8_t *into,
                        size_t room)
{
    const struct task *task = out->kind == OUT_ASSIGN ? out->of.task : out->of.waiter->task;
    struct gm_slice args[GM_ARGS_MAX];
    uint8_t handle[GM_HANDLE_MAX];
    size_t count = add_handle(router, task, handle, args);

    if (out->kind == OUT_ASSIGN)
        count += add_assignment(task, args + count);
    else if (out->type == GM_WORK_STATUS)
        count += add_status(out, args + count);
    MUST(count >= gm_packet(out->type)->args);
    return gm_head_encode(into, room, GM_RES, (enum gm_type)out->type, args,
                          out->type == GM_WORK_STATUS ? 0 : out->body_size);
}

/* The bytes ahead of the body: its own, or made in the scratch memory. No more than `room` are made;
 * a base of NULL says that they do not fit. */
static struct iovec head_of(const struct router *router, struct out *out, uint8_t *scratch,
                            size_t room)
{
    switch ((enum out_kind)out->kind) {
    case OUT_BYTES:
        return (struct iovec){out_bytes(out), out->head_size};
    case OUT_NOOP:
        memcpy(scratch, noop_frame, sizeof noop_frame);
        return (struct iovec){scratch, sizeof noop_frame};
    case OUT_ASSIGN:
    case OUT_EVENT:
    case OUT_FINAL:
        if (out->head_size > room || make_head(router, out, scratch, room) == 0)
            return (struct iovec){0};
        return (struct iovec){scratch, out->head_size};
    }
    return (struct iovec){0};
}

/* A WORK_STATUS is all head: its body is written as arguments. */
static size_t out_size(const struct out *out)
{
    bool all_head = out->kind == OUT_EVENT && out->type == GM_WORK_STATUS;

    return out->head_size + (all_head ? 0 : out->body_size);
}

/* ---- nodes ---- */

struct out *out_take(struct router *router, size_t size)
{
    struct out *out = wire_take(router, sizeof *out + size);

    if (out)
        *out = (struct out){.kind = OUT_BYTES};
    return out;
}

uint8_t *out_bytes(struct out *out)
{
    return (uint8_t *)(out + 1);
}

void out_give(struct router *router, struct out *out)
{
    body_release(router, out->body);
    wire_give_node(router, out);
}

/* Lets go of a node that has been written, or never will be. */
static void out_done(struct peer *peer, struct out *out)
{
    switch ((enum out_kind)out->kind) {
    case OUT_BYTES:
        out_give(peer->router, out);
        break;
    case OUT_NOOP:
        peer->noop_waits = false;
        if (peer->noop_again) {
            peer->noop_again = false;
            outbox_noop(peer);
        }
        break;
    case OUT_ASSIGN:
        out->of.task->assign_waits = false;
        break;
    case OUT_EVENT:
        if (out->of.waiter->status == out)
            out->of.waiter->status = NULL;
        out_give(peer->router, out);
        break;
    case OUT_FINAL:
        waiter_leave(peer->router, out->of.waiter);
        break;
    }
}

/* ---- the queue ---- */

size_t outbox_backlog(const struct peer *peer)
{
    const struct out *first = STAILQ_FIRST(&peer->outbox.queue);

    return first ? peer->outbox.size - (out_size(first) - peer->outbox.sent) : 0;
}

static void watch_backlog(struct peer *peer)
{
    worker_credit_changed(peer);
    if (outbox_backlog(peer) <= peer->router->limits.outbox_max) {
        peer_timer_stop(peer, DEADLINE_SLOW);
        peer_timer_stop(peer, DEADLINE_HOG);
    } else if (!peer->timers[DEADLINE_SLOW].armed) {
        peer_timer_start(peer, DEADLINE_SLOW);
        peer_timer_start(peer, DEADLINE_HOG);
    }
}

/* It is to read what waits now, outbox_max at most, before its time is over: a byte now and then does
 * not put that off. */
static void watch_reading(struct peer *peer)
{
    size_t most = peer->router->limits.outbox_max;

    peer->outbox.behind = peer->outbox.size < most ? peer->outbox.size : most;
    peer_timer_start(peer, DEADLINE_OUTBOX);
    if (peer->timers[DEADLINE_HOG].armed)
        peer_timer_start(peer, DEADLINE_HOG);
}

/* Less waits than before: who was watched or halted for it may go on. */
static void shrunk(struct peer *peer)
{
    if (peer->outbox.size == 0)
        peer_timer_stop(peer, DEADLINE_OUTBOX);
    watch_backlog(peer);
    peer_resume_output(peer);
}

/* What a node takes of the pool `wire` by itself. */
static size_t block_size(const struct peer *peer, const struct out *out)
{
    bool own = out->kind == OUT_BYTES || out->kind == OUT_EVENT;

    return own ? pmad_block_size(peer->router->wire.pool, out) : 0;
}

static void put(struct peer *peer, struct out *out)
{
    struct outbox *outbox = &peer->outbox;
    bool was_empty = STAILQ_EMPTY(&outbox->queue);

    STAILQ_INSERT_TAIL(&outbox->queue, out, link);
    outbox->size += out_size(out);
    if (was_empty)
        watch_reading(peer);
    outbox->held += block_size(peer, out);
    watch_backlog(peer);
    peer_ready(peer);
}

void outbox_answer(struct peer *peer, struct out *out, size_t head_size, struct body body)
{
    out->head_size = (uint32_t)head_size;
    out->body = body.first;
    out->body_size = (uint32_t)body.size;
    put(peer, out);
}

void outbox_noop(struct peer *peer)
{
    if (peer->noop_waits) {
        peer->noop_again = true;
        return;
    }
    peer->noop_waits = true;
    peer->noop = (struct out){.kind = OUT_NOOP, .head_size = sizeof noop_frame};
    put(peer, &peer->noop);
}

/* The size of the head depends on nothing that can change while the node waits. */
static void measure(const struct router *router, struct out *out)
{
    out->head_size = (uint32_t)make_head(router, out, router->scratch, SCRATCH_SIZE);
    MUST(out->head_size > 0);
}

void outbox_assign(struct task *task, enum gm_type type)
{
    struct peer *worker = task->worker;

    task->assign_waits = true;
    task->assign = (struct out){.kind = OUT_ASSIGN,
                                .type = (uint8_t)type,
                                .of.task = task,
                                .body = task->body.first,
                                .body_size = (uint32_t)task->body.size};
    measure(worker->router, &task->assign);
    put(worker, &task->assign);
}

/* Has none of its bytes been written? Only the first node of an outbox can be in the middle. */
static bool is_untouched(const struct peer *peer, const struct out *out)
{
    return peer->outbox.sent == 0 || STAILQ_FIRST(&peer->outbox.queue) != out;
}

static void replace_status(struct waiter *waiter, struct out *newer)
{
    struct out *waiting = waiter->status;
    struct outbox *outbox = &waiter->peer->outbox;

    outbox->size -= out_size(waiting);
    body_release(waiter->peer->router, waiting->body);
    waiting->body = newer->body;
    waiting->body_size = newer->body_size;
    waiting->head_size = newer->head_size;
    outbox->size += out_size(waiting);
    watch_backlog(waiter->peer);
    newer->body = NULL;
    out_give(waiter->peer->router, newer);
}

void outbox_event(struct waiter *waiter, struct out *out, enum gm_type type, struct body body)
{
    struct peer *peer = waiter->peer;

    *out = (struct out){.kind = OUT_EVENT,
                        .of_lane = out->of_lane,
                        .type = (uint8_t)type,
                        .of.waiter = waiter,
                        .body = body.first,
                        .body_size = (uint32_t)body.size};
    if (body.first)
        body.first->refs++;
    measure(peer->router, out);
    if (type == GM_WORK_STATUS && waiter->status && is_untouched(peer, waiter->status)) {
        replace_status(waiter, out);
        return;
    }
    /* What comes behind other news does not overtake it. */
    waiter->status = type == GM_WORK_STATUS ? out : NULL;
    put(peer, out);
}

void outbox_final(struct waiter *waiter, enum gm_type type)
{
    const struct body *result = &waiter->task->result;
    bool bare = type == GM_WORK_FAIL;

    waiter->final = (struct out){.kind = OUT_FINAL,
                                 .type = (uint8_t)type,
                                 .of.waiter = waiter,
                                 .body = bare ? NULL : result->first,
                                 .body_size = bare ? 0 : (uint32_t)result->size};
    measure(waiter->peer->router, &waiter->final);
    put(waiter->peer, &waiter->final);
}

bool outbox_withdraw(struct task *task)
{
    struct peer *worker = task->worker;

    if (!task->assign_waits)
        return true;
    if (!is_untouched(worker, &task->assign))
        return false;
    STAILQ_REMOVE(&worker->outbox.queue, &task->assign, out, link);
    worker->outbox.size -= out_size(&task->assign);
    task->assign_waits = false;
    shrunk(worker);
    return true;
}

void outbox_discard(struct peer *peer)
{
    struct outbox *outbox = &peer->outbox;
    struct out *out;

    peer->noop_again = false;
    while ((out = STAILQ_FIRST(&outbox->queue))) {
        STAILQ_REMOVE_HEAD(&outbox->queue, link);
        out_done(peer, out);
    }
    outbox->size = 0;
    outbox->sent = 0;
    outbox->held = 0;
}

/* ---- writing ---- */

struct gather {
    struct iovec *slices;
    size_t count, max;
    size_t skip; /* bytes written already */
};

static void gather_add(struct gather *gather, void *bytes, size_t size)
{
    if (size <= gather->skip) {
        gather->skip -= size;
        return;
    }
    gather->slices[gather->count++] =
        (struct iovec){.iov_base = (uint8_t *)bytes + gather->skip, .iov_len = size - gather->skip};
    gather->skip = 0;
}

static void gather_body(struct gather *gather, const struct out *out)
{
    size_t left = out_size(out) - out->head_size;

    for (struct block *at = out->body; left > 0 && gather->count < gather->max; at = at->next) {
        size_t part = left < at->capacity ? left : at->capacity;

        gather_add(gather, at->bytes, part);
        left -= part;
    }
}

size_t peer_output(struct peer *peer, struct iovec *slices, size_t max)
{
    const struct router *router = peer->router;
    struct gather gather = {.slices = slices, .max = max, .skip = peer->outbox.sent};
    size_t made = 0;
    struct out *out;

    STAILQ_FOREACH (out, &peer->outbox.queue, link) {
        struct iovec head;

        if (gather.count == max || made + GM_HEADER_SIZE > SCRATCH_SIZE)
            break;
        head = head_of(router, out, router->scratch + made, SCRATCH_SIZE - made);
        if (!head.iov_base)
            break;
        if (out->kind != OUT_BYTES)
            made += head.iov_len;
        gather_add(&gather, head.iov_base, head.iov_len);
        gather_body(&gather, out);
    }
    return gather.count;
}

void peer_output_sent(struct peer *peer, size_t bytes)
{
    struct outbox *outbox = &peer->outbox;
    struct out *out;

    MUST(bytes <= outbox->size);
    outbox->size -= bytes;
    outbox->sent += bytes;
    while ((out = STAILQ_FIRST(&outbox->queue)) && outbox->sent >= out_size(out)) {
        outbox->sent -= out_size(out);
        outbox->held -= block_size(peer, out);
        STAILQ_REMOVE_HEAD(&outbox->queue, link);
        out_done(peer, out);
    }
    outbox->behind -= bytes < outbox->behind ? bytes : outbox->behind;
    if (outbox->behind == 0)
        watch_reading(peer);
    shrunk(peer);
    match_all(peer->router);
}

bool peer_has_output(const struct peer *peer)
{
    return peer->outbox.size > 0;
}
