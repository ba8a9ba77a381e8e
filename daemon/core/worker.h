#ifndef WORKER_H
#define WORKER_H

/*
 * A worker: a peer that can do functions. A registration ties one peer to one function; it comes from
 * the pool `workers` and stands in the lists of both.
 *
 * Who is woken: for each function, as many sleepers as tasks wait (times `worker_wakeup`) beyond those
 * already woken for it, the longest asleep first. A woken worker counts for all its functions until it asks, sleeps again,
 * leaves, or has let a second pass (DEADLINE_WOKEN); then each of them is looked at again, so that no
 * task waits beside a sleeper.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "function.h"
#include "gm_frame.h"
#include "peer.h"

struct registration {
    TAILQ_ENTRY(registration) in_peer;
    TAILQ_ENTRY(registration) in_function;
    TAILQ_ENTRY(registration) in_asleep; /* while the peer sleeps */
    struct peer *peer;
    struct function *function;
    uint32_t timeout_ms; /* how long it may have a task of this function; 0: as long as others */
};

/* Has it said that it can do this? */
bool worker_can(const struct peer *peer, const struct function *function);

/* Registers; once, however often it is said: the last time limit counts. False when the pool has no
 * room for it. */
bool worker_can_do(struct router *router, struct peer *peer, struct function *function,
                   uint32_t timeout_ms);

/* Takes one registration back, or all. Tasks in its hand stay there. */
void worker_cant_do(struct router *router, struct peer *peer, struct function *function);
void worker_reset(struct router *router, struct peer *peer);

/* PRE_SLEEP: it is to be woken when there is something for it; at once, if there is already. */
void worker_falls_asleep(struct peer *peer);

/* It has asked, or leaves: it is awake, and others may have to be woken in its place. */
void worker_wakes_up(struct peer *peer);

/* Wakes sleepers of a function as long as tasks wait beyond those woken for it. */
void worker_rouse(struct router *router, struct function *function);

/* The next task for it: high before normal before low over all its functions, in the order in which
 * it named them; first in, first out within. NULL when there is none. */
struct task *worker_next_task(const struct peer *peer);

/* Puts a queued task into its hand and says so, as `type`. The time limit begins. */
void worker_assign(struct router *router, struct peer *peer, struct task *task, enum gm_type type);

/* Takes a task out of its worker's hand. A worker that is in the middle of reading its assignment is
 * dropped: it cannot be told the rest of it any more. */
void worker_let_go(struct task *task);

/* The worker is lost: its tasks go back to the head of their queues, in their old order; those that
 * have cost as many workers as they may are ended instead. */
void worker_lost(struct router *router, struct peer *peer);

/* It said WORK_FAIL of a task of a function that is tried again then: for this one task, it is lost. */
void worker_failed(struct router *router, struct task *task);

/* The time limit of a task is over: for this one task, its worker is lost. */
void worker_took_too_long(struct router *router, struct task *task);

#endif
