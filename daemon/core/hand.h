#ifndef HAND_H
#define HAND_H

/*
 * A worker's hand: the tasks that were assigned to it and have not ended, in the order of assignment.
 * What is taken out of a hand because its worker is lost goes back to the head of its queue, or ends
 * where it has cost as many workers as it may.
 */
#include "gm_frame.h"

struct peer;
struct router;
struct task;

/* Puts a queued task into a worker's hand and says so, as `at_most`: as JOB_ASSIGN_UNIQ where that is
 * JOB_ASSIGN_ALL and there is no reducer. The time limit begins. */
void hand_take(struct router *router, struct peer *peer, struct task *task, enum gm_type at_most);

/* Takes a task out of its worker's hand. A worker that is in the middle of reading its assignment is
 * dropped: it cannot be told the rest of it any more. */
void hand_let_go(struct task *task);

/* The worker is lost: its tasks go back to the head of their queues, in their old order. */
void hand_lost(struct router *router, struct peer *peer);

/* It said WORK_FAIL of a task of a function that is tried again then: for this one task, it is lost. */
void hand_failed(struct router *router, struct task *task);

/* The time limit of a task is over: for this one task, its worker is lost. The credit for it stays
 * used until it has answered all the same: it may still be busy. */
void hand_took_too_long(struct router *router, struct task *task);

/* It has answered a task that it does not have any more. */
void hand_answered_late(struct peer *peer);

#endif
