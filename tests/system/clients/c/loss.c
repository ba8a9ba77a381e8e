/* Losses: a worker that dies, one that is too slow, a client that goes. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ends.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gearman_return_t do_begin_only(gearman_job_st *job, void *context)
{
    (void)context;
    gearman_job_send_data(job, "mine", 4);
    pause();
    return GEARMAN_ERROR;
}

static void equip_idler(gearman_worker_st *worker)
{
    worker_offer(worker, "f", do_begin_only);
}

static void a_dead_workers_task_goes_to_the_next(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    pid_t idler = hand_start(port, equip_idler);
    struct story story;
    gearman_task_st *task = client_submit(client, "f", NULL, "x", &story);
    gearman_job_st *job;

    client_wait(client, &story, "created data:mine");
    CHECK_INT(kill(idler, SIGKILL), 0);
    CHECK_INT(waitpid(idler, NULL, 0), idler);
    worker_register(worker, "f", 0);
    job = worker_take(worker, "f", "x");
    CHECK_TEXT(gearman_job_handle(job), gearman_task_job_handle(task));
    worker_complete(job, "done");
    client_finish(client);
    CHECK_TEXT(story.text, "created data:mine complete:done");
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static gearman_return_t do_after_the_late_one(gearman_job_st *job, void *context)
{
    gearman_job_st *late = context;

    CHECK_TEXT(gearman_job_handle(job), gearman_job_handle(late));
    worker_complete(late, "too late");
    gearman_job_send_complete(job, "in time", 7);
    return GEARMAN_SUCCESS;
}

/* libgearman says a number of seconds, which the server reads as milliseconds, at least 1,000. */
static void a_slow_workers_task_goes_to_the_next(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *slow = worker_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story story;

    client_submit(client, "f", NULL, "x", &story);
    worker_register(slow, "f", 1);
    worker_offer_with(worker, "f", do_after_the_late_one, worker_take(slow, "f", "x"));
    CHECK_INT(gearman_worker_work(worker), GEARMAN_SUCCESS);
    client_finish(client);
    CHECK_TEXT(story.text, "created complete:in time");
    gearman_worker_free(slow);
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static void a_task_whose_client_has_gone_is_not_done(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story story;

    client_submit(client, "f", NULL, "for nobody", &story);
    gearman_client_free(client);
    worker_register(worker, "f", 0);
    worker_has_no_more(worker, "f", port);
    gearman_worker_free(worker);
}

const struct scenario loss_scenarios[] = {
    {"a_dead_workers_task_goes_to_the_next", a_dead_workers_task_goes_to_the_next},
    {"a_slow_workers_task_goes_to_the_next", a_slow_workers_task_goes_to_the_next},
    {"a_task_whose_client_has_gone_is_not_done", a_task_whose_client_has_gone_is_not_done},
    {NULL, NULL},
};
