#ifndef FUNCTION_H
#define FUNCTION_H

/*
 * A function: a name, the tasks that wait for it, and the workers that can do it. It comes into being
 * by the first CAN_DO or SUBMIT_* that names it and stays listed after its last user has left; when
 * the table is full, the one that has been idle longest makes room.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "gm_frame.h"
#include "histogram.h"
#include "peer.h"
#include "siphash.h"
#include "table.h"

struct router_function_rule;
struct rules;

enum task_state {
    TASK_FREE,
    TASK_ARRIVING,  /* its body is being read */
    TASK_DELAYED,   /* waits for its second */
    TASK_QUEUED,    /* waits in its function's queue */
    TASK_ASSIGNED,  /* in a worker's hand */
    TASK_CANCELLED, /* in a worker's hand, whom nobody listens to any more */
    TASK_TOLD,      /* ended; its waiters are being told */
    TASK_STATES
};

enum task_priority { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW, TASK_PRIORITIES };

/* Kits that wait for a submission, see reserve.h. */
struct reserve {
    struct task *kits;    /* complete */
    struct task *bare;    /* without their waiter */
    size_t free;          /* of both */
    struct waiter *spare; /* waiters whose kits are in use and will want them back */
    size_t lent;          /* waiters that are out with submissions */
    size_t waiter_block;  /* bytes of the block of a waiter, at most */
};

/* What has happened to the tasks of a function since it came into being. */
struct function_counts {
    uint64_t submitted; /* accepted: JOB_CREATED was said */
    uint64_t coalesced; /* submissions that joined one of them */
    uint64_t completed;
    uint64_t failed;                  /* by WORK_FAIL or WORK_EXCEPTION, or given up */
    uint64_t given_up;                /* of these: it had cost as many workers as it may */
    uint64_t cancelled;               /* by `cancel job` */
    uint64_t abandoned;               /* their last client left before they ran */
    uint64_t retried;                 /* times that one was put back into its queue */
    uint64_t timed_out;               /* times that a worker had one longer than it may */
    uint64_t refused[REFUSAL_LIMITS]; /* submissions, and registrations, by what was in the way */
};

struct function {
    TAILQ_ENTRY(function) idle; /* where nobody uses it */
    TAILQ_ENTRY(function) in_stirred;
    TAILQ_ENTRY(function) in_queued[TASK_PRIORITIES]; /* where it has tasks to give */
    struct function *next;                            /* in its bucket, or in the free list */
    struct task_list queues[TASK_PRIORITIES];
    size_t tasks[TASK_STATES];         /* in each state, but for TASK_FREE */
    size_t bytes;                      /* of the bodies of all these */
    size_t queued_of[TASK_PRIORITIES]; /* of the queued ones */
    size_t max_queue[TASK_PRIORITIES]; /* of function_total(), to submit at that priority; 0: any */
    const struct router_function_rule *rule;
    uint64_t patterns; /* that match it, of those rights are limited to: a set of their numbers */
    struct reserve reserve;
    struct registration_list able;    /* every worker that can do it */
    struct registration_list waiting; /* of them, those that wait, the longest first */
    size_t able_count;
    size_t woken; /* of them, those that were woken for it and have not asked since */
    struct function_counts counts;
    struct histogram wait_times; /* from when a task could have run until a worker was given it, */
    struct histogram run_times;  /* and from then until the worker had it no more */
    struct histogram sizes;      /* bytes of the bodies of those that were accepted */
    bool used;                   /* has a name */
    bool stirred;                /* it is in the list `stirred` */
    bool paused;                 /* by an administrator: its tasks stay in their queues; */
    bool draining;               /* or: nothing more is taken in for it */
    bool declared; /* by an administrator, or for its reserve: it keeps its place in the table */
    bool is_told;  /* `max_queue` is an administrator's, whatever its rule says */
    uint32_t name_size;
    uint8_t name[]; /* function_name_max bytes of room */
};

TAILQ_HEAD(function_list, function);

struct functions {
    struct table table;
    struct table buckets; /* struct function * */
    struct function *free;
    struct function_list idle;    /* neither in use nor declared, the longest idle first */
    struct function_list stirred; /* those to be looked at, see match.h */
    struct function_list
        queued[TASK_PRIORITIES]; /* those that have tasks of that priority to give */
    size_t used;
    const struct rules *rules;
    struct siphash_key key;
};

/* `rules` outlive it. */
bool functions_init(struct functions *functions, struct pmad *runtime, size_t count,
                    size_t name_max, const struct rules *rules, struct siphash_key key);

void functions_finish(struct functions *functions, struct pmad *runtime);

void functions_needs(size_t count, size_t name_max, struct router_need *needs);

/* The function of that name, or NULL. */
struct function *function_find(const struct functions *functions, struct gm_slice name);

/* Is this row of the table the function of that name? */
bool function_is(const struct function *function, struct gm_slice name);

/* Makes one that is not there; NULL when the table is full of functions in use. `name` is 1 to
 * function_name_max bytes. */
struct function *function_make(struct functions *functions, struct gm_slice name);

/* The function of that name, made if need be. */
struct function *function_obtain(struct functions *functions, struct gm_slice name);

/* Says that tasks or workers of the function came or went: notes whether it is idle now. */
void function_used(struct functions *functions, struct function *function);

/* Tasks of it that a worker has, those that were cancelled there included; and all that are delayed,
 * queued and running. */
size_t function_running(const struct function *function);
size_t function_total(const struct function *function);

/* Of its workers, those that wait for a task now. It looks at all that are listed as waiting. */
size_t function_free_workers(const struct function *function);

/* When the task that has waited longest, of those that are next at their priority, was first queued;
 * false: none waits. */
bool function_oldest_us(const struct function *function, uint64_t *queued_us);

/* True when nothing of it is left but its name. */
bool function_is_idle(const struct function *function);

/* Keeps it in the table, used or not, until function_drop(). */
void function_declare(struct functions *functions, struct function *function);

/* A task has become the first of a queue, or the last one has left it: notes which functions have tasks to
 * give, which one that is paused has not. */
void function_filled(struct functions *functions, struct function *function,
                     enum task_priority priority);
void function_emptied(struct functions *functions, struct function *function,
                      enum task_priority priority);

/* Its tasks stay where they are from now on, or do so no more. */
void function_pause(struct functions *functions, struct function *function, bool paused);

/* Has it tasks of that priority to give? */
bool function_offers(const struct function *function, enum task_priority priority);

/* Forgets an idle function, declared or not; its row is free then. */
void function_drop(struct functions *functions, struct function *function);

/* The function in row `index`, below the table's count, or NULL. */
struct function *function_at(const struct functions *functions, size_t index);

#endif
