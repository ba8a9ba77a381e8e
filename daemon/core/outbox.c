#include "outbox.h"

#include <string.h>

#include "deadline.h"
#include "halt.h"
#include "head.h"
#include "match.h"
#include "pmad_inline.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"
#include "worker.h"

/* ---- what a node looks like when it is written ---- */

static const uint8_t noop_frame[GM_HEADER_SIZE] = {0, 'R', 'E', 'S', 0, 0, 0, GM_NOOP};

static const struct task *task_of(const struct out *out)
{
    return out->kind == OUT_ASSIGN ? out->of.grip->task : out->of.waiter->task;
}

/* Writes the bytes ahead of the body. */
static void write_head(const struct router *router, struct out *out, uint8_t *into)
{
    switch ((enum out_kind)out->kind) {
    case OUT_BYTES:
        memcpy(into, out_bytes(out), out->head_size);
        break;
    case OUT_NOOP:
        memcpy(into, noop_frame, sizeof noop_frame);
        break;
    case OUT_ASSIGN:
    case OUT_EVENT:
    case OUT_FINAL:
        (void)head_write(router, task_of(out), (enum gm_type)out->type, out->body_size, into);
        break;
    }
}

static size_t out_size(const struct out *out)
{
    return (size_t)out->head_size + out->body_size;
}

/* ---- nodes ---- */

struct out *out_take(struct router *router, size_t size)
{
    struct out *out = wire_take(router, sizeof *out + size);

    if (out)
        *out = (struct out){.kind = OUT_BYTES,
                            .held = (uint32_t)pmad_block_size_inline(router->wire.pool, out)};
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
        out->of.grip->assign_waits = false;
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
    worker_changed(peer);
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

void outbox_judge(struct peer *peer)
{
    watch_backlog(peer);
    peer_resume_output(peer);
}

static void put(struct peer *peer, struct out *out)
{
    struct outbox *outbox = &peer->outbox;
    bool was_empty = STAILQ_EMPTY(&outbox->queue);

    STAILQ_INSERT_TAIL(&outbox->queue, out, link);
    outbox->size += out_size(out);
    if (was_empty)
        watch_reading(peer);
    outbox->held += out->held;
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

static void measure(const struct router *router, struct out *out)
{
    out->head_size = (uint32_t)head_size(router, task_of(out), (enum gm_type)out->type);
}

void outbox_assign(struct grip *grip, enum gm_type type)
{
    const struct task *task = grip->task;

    grip->assign_waits = true;
    grip->assign = (struct out){.kind = OUT_ASSIGN,
                                .type = (uint8_t)type,
                                .of.grip = grip,
                                .body = task->payload,
                                .body_size = task->payload_size};
    measure(grip->worker->router, &grip->assign);
    put(grip->worker, &grip->assign);
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
                        .held = out->held,
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

bool outbox_withdraw(struct grip *grip)
{
    struct peer *worker = grip->worker;

    if (!grip->assign_waits)
        return true;
    if (!is_untouched(worker, &grip->assign))
        return false;
    STAILQ_REMOVE(&worker->outbox.queue, &grip->assign, out, link);
    worker->outbox.size -= out_size(&grip->assign);
    grip->assign_waits = false;
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

/* What is small is copied behind what was made before, so that many frames are one slice: the kernel
 * takes longer for a slice than it takes to copy so many bytes. Measured: docs/performance.md. */
enum { COPY_MAX = 512 };

struct gather {
    struct iovec *slices;
    size_t count, max;
    size_t skip;         /* bytes written already */
    uint8_t *made, *end; /* where the next copy goes, and where the room for them ends */
};

/* Do these bytes follow those of the last slice? */
static bool gather_follows(const struct gather *gather, const uint8_t *bytes)
{
    const struct iovec *last = &gather->slices[gather->count - (gather->count > 0)];

    return gather->count > 0 && (const uint8_t *)last->iov_base + last->iov_len == bytes;
}

/* Adds bytes that stay where they are. False when there is no slice for them. */
static bool gather_add(struct gather *gather, void *bytes, size_t size)
{
    uint8_t *at = bytes;

    if (size <= gather->skip) {
        gather->skip -= size;
        return true;
    }
    at += gather->skip;
    size -= gather->skip;
    if (gather_follows(gather, at))
        gather->slices[gather->count - 1].iov_len += size;
    else if (gather->count < gather->max)
        gather->slices[gather->count++] = (struct iovec){.iov_base = at, .iov_len = size};
    else
        return false;
    gather->skip = 0;
    return true;
}

static bool gather_body(struct gather *gather, const struct out *out)
{
    size_t left = out->body_size;

    for (struct block *at = out->body; left > 0; at = at->next) {
        size_t part = left < at->capacity ? left : at->capacity;

        if (!gather_add(gather, at->bytes, part))
            return false;
        left -= part;
    }
    return true;
}

/* Copies the head, and what is small of the body. False when there is no room. */
static bool gather_out(struct gather *gather, const struct router *router, struct out *out)
{
    struct body body = {.first = out->body, .size = out->body_size};
    bool copies_body = out->body_size <= COPY_MAX;
    size_t size = out->head_size + (copies_body ? out->body_size : 0);
    uint8_t *made = gather->made;

    if (size > (size_t)(gather->end - made))
        return false;
    write_head(router, out, made);
    if (copies_body)
        body_read(&body, made + out->head_size);
    if (!gather_add(gather, made, size))
        return false;
    gather->made += size;
    return copies_body || gather_body(gather, out);
}

size_t peer_output(struct peer *peer, struct iovec *slices, size_t max)
{
    const struct router *router = peer->router;
    struct gather gather = {.slices = slices,
                            .max = max,
                            .skip = peer->outbox.sent,
                            .made = router->scratch,
                            .end = router->scratch + SCRATCH_SIZE};
    struct out *out;

    STAILQ_FOREACH (out, &peer->outbox.queue, link)
        if (!gather_out(&gather, router, out))
            break;
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
        outbox->held -= out->held;
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
