#ifndef OUTBOX_H
#define OUTBOX_H

/*
 * An outbox: the frames that wait to be written to one peer, in order.
 *
 * A node holds facts; its bytes are made when it is written. What must not fail for want of memory
 * has its node where the fact is: NOOP in the peer, JOB_ASSIGN in the grip, the last frame of a task
 * in the waiter. Answers and events have nodes from the pool `wire`, taken before the request is
 * begun, so that no request is done whose answer cannot be given.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"
#include "peer.h"
#include "store.h"

enum out_kind {
    OUT_BYTES,  /* bytes behind the node, then `body` */
    OUT_NOOP,   /* in the peer */
    OUT_ASSIGN, /* in the grip: its assignment, with the payload of its task */
    OUT_EVENT,  /* WORK_DATA, WORK_WARNING, WORK_STATUS for a waiter, with `body` */
    OUT_FINAL   /* in the waiter: the last frame of its task, with the task's result */
};

/* Takes a node with room for `size` bytes from the pool `wire`; NULL when there is none. */
struct out *out_take(struct router *router, size_t size);

/* The bytes behind an OUT_BYTES node. */
uint8_t *out_bytes(struct out *out);

/* Gives a node of the pool `wire` back that was not put anywhere, or is done with. */
void out_give(struct router *router, struct out *out);

/* Puts the first `head_size` bytes behind the node, and `body`, whose reference passes to the node,
 * into the outbox. */
void outbox_answer(struct peer *peer, struct out *out, size_t head_size, struct body body);

/* A frame without arguments that wakes a sleeper. At most one waits; where another is asked for, the
 * peer has gone to sleep again behind it, and it comes when that one has been written. */
void outbox_noop(struct peer *peer);

/* The assignment of its task to its worker as `type`: JOB_ASSIGN, JOB_ASSIGN_UNIQ or JOB_ASSIGN_ALL. */
void outbox_assign(struct grip *grip, enum gm_type type);

/* An event of the waiter's task, in a node from the pool `wire`; takes a reference of `body`. A
 * WORK_STATUS that has not begun to be written is replaced by the newer one. */
void outbox_event(struct waiter *waiter, struct out *out, enum gm_type type, struct body body);

/* The last frame of the waiter's task. */
void outbox_final(struct waiter *waiter, enum gm_type type);

/* Takes a task's assignment out again. False when its first bytes have been written. */
bool outbox_withdraw(struct grip *grip);

/* Drops everything that waits; a peer that has left is told nothing. */
void outbox_discard(struct peer *peer);

/* The limits are others: who is watched or halted for what waits is judged by the new ones. */
void outbox_judge(struct peer *peer);

/* Bytes that wait, beyond the frame being written. */
size_t outbox_backlog(const struct peer *peer);

#endif
