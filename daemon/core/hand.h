#ifndef HAND_H
#define HAND_H

/*
 * A worker's hand: the tasks that were assigned to it and have not ended, in the order of assignment. What
 * is needed of a task only while a worker has it lies in a grip: one in the peer, so that every worker can
 * always have a task, and for more of them one each in the pool `wire`.
 *
 * What is taken out of a hand because its worker is lost goes back to the head of its queue, or ends
 * where it has cost as many workers as it may.
 */
#include <stdbool.h>

#include "gm_frame.h"

struct peer;
struct registration;
struct router;
struct task;
struct wheel_timer;

/* Puts a queued task into the hand of the worker with that registration and says so, as `at_most`: as JOB_ASSIGN_UNIQ where that is
 * JOB_ASSIGN_ALL and there is no reducer. The time limit begins. False when the pool `wire` has no room for
 * it, which can only be where the worker has a task already: then it is short, and not free, until there
 * is. */
bool hand_take(struct router *router, struct registration *registration, struct task *task,
               enum gm_type at_most);

/* Takes a task out of its worker's hand. A worker that is in the middle of reading its assignment is
 * dropped: it cannot be told the rest of it any more. */
void hand_let_go(struct router *router, struct task *task);

/* The worker is lost: its tasks go back to the head of their queues, in their old order. */
void hand_lost(struct router *router, struct peer *peer);

/* It said WORK_FAIL of a task of a function that is tried again then: for this one task, it is lost. */
void hand_failed(struct router *router, struct task *task);

/* The time limit of a task is over, that of the grip with that timer: for this one task, its worker is lost. The credit for it stays
 * used until it has answered all the same: it may still be busy. */
void hand_took_too_long(struct router *router, struct wheel_timer *timer);

/* There is so much room in the pool `wire`: who was short when there was less is free again, as far as it
 * was. */
void hand_feed_short(struct router *router, size_t room);

/* It has answered a task that it does not have any more. */
void hand_answered_late(struct peer *peer);

#endif
