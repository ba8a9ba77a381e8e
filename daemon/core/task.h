#ifndef TASK_H
#define TASK_H

/*
 * A task: what was submitted, from admission to the last word about it. Its envelope is one block of
 * the pool `tasks`, with unique id, reducer and a small body in it; a larger body is a chain beside
 * it.
 *
 * A waiter is one foreground submission attached to a task. It holds the outbox node of the last
 * frame to its client, so that telling the end of a task needs no memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "function.h"
#include "gm_frame.h"
#include "peer.h"
#include "wheel.h"

struct task {
    union {
        uint64_t due_s;           /* TASK_ARRIVING: the second it is not to run before */
        struct wheel_timer timer; /* TASK_DELAYED: to that second */
        struct {                  /* since it was queued */
            union {
                TAILQ_ENTRY(task) place; /* TASK_QUEUED: in its queue */
                struct {                 /* TASK_ASSIGNED, TASK_CANCELLED */
                    struct grip *grip;   /* of the hand it is in */
                    uint64_t assigned_us;
                };
            };
            uint64_t queued_us; /* for the first time */
        };
        struct body result; /* TASK_TOLD: what the waiters are told */
    };
    struct function *function;
    struct waiter *waiters;   /* the first, in the order of submission */
    struct block *payload;    /* `payload_size` bytes */
    struct task *unique_next; /* unique.h */
    uint32_t payload_size;
    uint32_t slot;         /* slot.h */
    uint32_t hash;         /* unique.h */
    uint16_t lost;         /* workers it has cost */
    uint16_t waiter_count; /* in `waiters` */
    uint8_t state;         /* enum task_state */
    uint8_t priority;      /* enum task_priority */
    bool background : 1;
    bool reserved : 1; /* its memory is a kit of its function's reserve */
    uint8_t unique_size;
    uint16_t reducer_size;
    uint8_t unique[]; /* and behind it the reducer */
};

struct waiter {
    struct waiter *next; /* of the same task */
    struct waiter *prev; /* of the first: the last */
    TAILQ_ENTRY(waiter) in_peer;
    struct task *task;
    struct peer *peer;
    struct out *status; /* the WORK_STATUS that waits to be written to it, or NULL */
    struct out final;
};

/* What a submission asks for, as judged. */
struct submission {
    struct function *function;
    struct gm_slice unique;
    uint32_t hash;           /* of it, see unique_hash() */
    struct gm_slice reducer; /* empty: none */
    uint64_t due_s;          /* since 1970; 0: now */
    size_t body_size;
    enum task_priority priority;
    bool background;
};

/* Takes envelope, slot and room for the body, of the function's reserve or of the pool: a task that is
 * TASK_ARRIVING. NULL when there is no room for it; there must be a free slot. */
struct task *task_arrive(struct router *router, const struct submission *submission);

/* Attaches a foreground submission of `peer`; NULL when the pool has no room for it. */
struct waiter *waiter_attach(struct router *router, struct task *task, struct peer *peer);

/* Moves a task from state to state, as its life allows, and counts it there. Its place, and all else
 * that belongs to a state, is the caller's. */
void task_move(struct router *router, struct task *task, enum task_state to);

/* A worker was given it, which its place in the queue is no more; or the worker has it no more. Both are
 * measured. */
void task_begins(const struct router *router, struct task *task);
void task_stops(const struct router *router, const struct task *task);

/* Puts a task whose body is whole where it has to wait: for its second, or in its queue. */
void task_admit(struct router *router, struct task *task);

/* Puts it into its queue, behind the others or, `first`, ahead of them where it has been before, and wakes
 * who can do it. */
void task_queue(struct router *router, struct task *task, bool first);

/* Takes it out of its queue. */
void task_unqueue(struct router *router, struct task *task);

/* Gives an arriving task up for `twin`, which it joins: its waiters wait for that one. */
void task_join(struct router *router, struct task *task, struct task *twin);

/* Gives an arriving task up, which nobody has heard of. */
void task_give_up(struct router *router, struct task *task);

/* The number of its handle. */
uint64_t task_handle(const struct router *router, const struct task *task);

/* Its payload. */
struct body task_body(const struct task *task);

/* Where its reducer begins; `reducer_size` bytes. */
const uint8_t *task_reducer(const struct task *task);

/* The task of a timer that was due. */
struct task *task_of_timer(struct wheel_timer *timer);

/*
 * Ends a task that is delayed, queued or assigned: every waiter is told `type` (WORK_COMPLETE, WORK_FAIL, or
 * WORK_EXCEPTION, which those that did not ask for it hear as WORK_FAIL) with `body`, whose one
 * reference passes to the task. Without waiters that is the end of the envelope. One that was cancelled
 * in its worker's hand has been told to be over already: nobody hears of it again.
 */
void task_end(struct router *router, struct task *task, enum gm_type type, struct body body);

/* Ends a task that is delayed, queued or assigned because an administrator says so: its waiters are
 * told WORK_FAIL. What the worker says of an assigned one from now on is taken silently, as long as its
 * time limit lasts. */
void task_cancel(struct router *router, struct task *task);

/* A client heard the last of it, or left. A foreground task in a queue that loses its last one is
 * dropped; one in a worker's hand goes on. */
void waiter_leave(struct router *router, struct waiter *waiter);

/* Gives everything back that a task holds. It must be in no queue, no hand, no outbox. */
void task_free(struct router *router, struct task *task);

/* Takes a task that nobody waits for out of its queue, or off its wheel, and gives it back. */
void task_forget(struct router *router, struct task *task);

#endif
