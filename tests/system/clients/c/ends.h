/*
 * The two ends of a task: clients that ask and workers that do, all on libgearman.
 *
 * A worker is either a hand, a process of its own that does whatever comes, or a worker of the
 * scenario itself, which takes and answers its tasks step by step.
 */
#ifndef ENDS_H
#define ENDS_H

#include "scenario.h"

#include <sys/types.h>

/* How long the library may wait for the server, in milliseconds: far above what it ever takes. */
#define PATIENCE_MS 30000

/* An own client or worker of the server on this port of the loopback, released by libgearman. */
gearman_client_st *client_open(in_port_t port);
gearman_worker_st *worker_open(in_port_t port);

/* Starts a process that works for ever at what `equip` registers; its process id. */
pid_t hand_start(in_port_t port, void (*equip)(gearman_worker_st *worker));

/* What a hand can do: send the workload back; refuse; report in every way there is, then say done;
 * raise an exception. */
gearman_return_t do_echo(gearman_job_st *job, void *context);
gearman_return_t do_fail(gearman_job_st *job, void *context);
gearman_return_t do_report(gearman_job_st *job, void *context);
gearman_return_t do_raise(gearman_job_st *job, void *context);

/* Registers `work` under this name, without a time limit. */
void worker_offer(gearman_worker_st *worker, const char *name, gearman_function_fn *work);
void worker_offer_with(gearman_worker_st *worker, const char *name, gearman_function_fn *work,
                       void *context);

/* Registers a name for a worker whose tasks are taken by hand; seconds of time limit, 0 none. */
void worker_register(gearman_worker_st *worker, const char *name, uint32_t seconds);

/* The next task, which is there already; it has to be this function with this workload. */
gearman_job_st *worker_take(gearman_worker_st *worker, const char *function, const char *workload);

/* Answers a task that was taken, and releases it. */
void worker_complete(gearman_job_st *job, const char *result);

/* Nothing is queued for this worker: a task submitted now, with low priority, is what it gets. */
void worker_has_no_more(gearman_worker_st *worker, const char *function, in_port_t port);

/* Returns once the server has judged all that this worker has sent. */
void worker_sync(gearman_worker_st *worker);

/* What a client was told of a task, as words: `created data:one warning:w status:1/2 fail`. */
struct story {
    char text[128];
};

/* Adds a task that tells its story, for gearman_client_run_tasks(). */
gearman_task_st *client_add(gearman_client_st *client, const char *function, const char *unique,
                            const char *workload, struct story *story);

/* Submits without waiting for the result: returns when the task is created and has its handle. */
gearman_task_st *client_submit(gearman_client_st *client, const char *function, const char *unique,
                               const char *workload, struct story *story);

/* Waits until the story of an unfinished task that was submitted has come to this. */
void client_wait(gearman_client_st *client, const struct story *story, const char *text);

/* Waits for the end of all tasks of a client that submitted. */
void client_finish(gearman_client_st *client);

#endif
