#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ends.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char host[] = "127.0.0.1";

gearman_client_st *client_open(in_port_t port)
{
    gearman_client_st *client = gearman_client_create(NULL);

    CHECK(client != NULL);
    CHECK_INT(gearman_client_add_server(client, host, port), GEARMAN_SUCCESS);
    gearman_client_set_timeout(client, PATIENCE_MS);
    return client;
}

gearman_worker_st *worker_open(in_port_t port)
{
    gearman_worker_st *worker = gearman_worker_create(NULL);

    CHECK(worker != NULL);
    CHECK_INT(gearman_worker_add_server(worker, host, port), GEARMAN_SUCCESS);
    gearman_worker_set_timeout(worker, PATIENCE_MS);
    return worker;
}

pid_t hand_start(in_port_t port, void (*equip)(gearman_worker_st *worker))
{
    gearman_worker_st *worker;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    worker = worker_open(port);
    equip(worker);
    for (;;)
        gearman_worker_work(worker); /* what a task came to is not the worker's end */
}

gearman_return_t do_echo(gearman_job_st *job, void *context)
{
    (void)context;
    gearman_job_send_complete(job, gearman_job_workload(job), gearman_job_workload_size(job));
    return GEARMAN_SUCCESS;
}

gearman_return_t do_fail(gearman_job_st *job, void *context)
{
    (void)job;
    (void)context;
    return GEARMAN_FAIL;
}

gearman_return_t do_report(gearman_job_st *job, void *context)
{
    (void)context;
    gearman_job_send_data(job, "one", 3);
    gearman_job_send_warning(job, "careful", 7);
    gearman_job_send_status(job, 1, 2);
    gearman_job_send_data(job, "two", 3);
    gearman_job_send_complete(job, "done", 4);
    return GEARMAN_SUCCESS;
}

gearman_return_t do_raise(gearman_job_st *job, void *context)
{
    (void)context;
    gearman_job_send_exception(job, "broken", 6);
    return GEARMAN_SUCCESS;
}

void worker_offer(gearman_worker_st *worker, const char *name, gearman_function_fn *work)
{
    worker_offer_with(worker, name, work, NULL);
}

void worker_offer_with(gearman_worker_st *worker, const char *name, gearman_function_fn *work,
                       void *context)
{
    CHECK_INT(gearman_worker_define_function(worker, name, strlen(name),
                                             gearman_function_create(work), 0, context),
              GEARMAN_SUCCESS);
}

void worker_register(gearman_worker_st *worker, const char *name, uint32_t seconds)
{
    CHECK_INT(gearman_worker_register(worker, name, seconds), GEARMAN_SUCCESS);
}

gearman_job_st *worker_take(gearman_worker_st *worker, const char *function, const char *workload)
{
    gearman_return_t status;
    gearman_job_st *job = gearman_worker_grab_job(worker, NULL, &status);

    CHECK_INT(status, GEARMAN_SUCCESS);
    CHECK_TEXT(gearman_job_function_name(job), function);
    CHECK_BYTES(gearman_job_workload(job), gearman_job_workload_size(job), workload,
                strlen(workload));
    return job;
}

void worker_complete(gearman_job_st *job, const char *result)
{
    CHECK_INT(gearman_job_send_complete(job, result, strlen(result)), GEARMAN_SUCCESS);
    gearman_job_free(job);
}

void worker_has_no_more(gearman_worker_st *worker, const char *function, in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_job_handle_t handle;

    CHECK_INT(gearman_client_do_low_background(client, function, NULL, "last", 4, handle),
              GEARMAN_SUCCESS);
    worker_complete(worker_take(worker, function, "last"), "");
    gearman_client_free(client);
}

void worker_sync(gearman_worker_st *worker)
{
    CHECK_INT(gearman_worker_echo(worker, "judged?", 7), GEARMAN_SUCCESS);
}

/* Goes as far as it can without waiting; true if there is more to come. */
static bool client_step(gearman_client_st *client)
{
    gearman_return_t status = gearman_client_run_tasks(client);

    if (status != GEARMAN_IO_WAIT)
        CHECK_INT(status, GEARMAN_SUCCESS);
    return status == GEARMAN_IO_WAIT;
}

void client_wait(gearman_client_st *client, const struct story *story, const char *text)
{
    CHECK(client_step(client));
    while (strncmp(story->text, text, strlen(text)) != 0) {
        CHECK_INT(gearman_client_wait(client), GEARMAN_SUCCESS);
        CHECK(client_step(client));
    }
}

void client_finish(gearman_client_st *client)
{
    while (client_step(client))
        CHECK_INT(gearman_client_wait(client), GEARMAN_SUCCESS);
}

/* Adds one word to a task's story, with what the task has to say after a colon. */
static gearman_return_t told(gearman_task_st *task, const char *word, const void *data, size_t size)
{
    struct story *story = gearman_task_context(task);
    size_t length = strlen(story->text);

    snprintf(story->text + length, sizeof story->text - length, "%s%s%s%.*s", length > 0 ? " " : "",
             word, size > 0 ? ":" : "", (int)size, size > 0 ? (const char *)data : "");
    return GEARMAN_SUCCESS;
}

static gearman_return_t told_data(gearman_task_st *task, const char *word)
{
    return told(task, word, gearman_task_data(task), gearman_task_data_size(task));
}

static gearman_return_t on_created(gearman_task_st *task)
{
    return told(task, "created", NULL, 0);
}

static gearman_return_t on_data(gearman_task_st *task)
{
    return told_data(task, "data");
}

static gearman_return_t on_warning(gearman_task_st *task)
{
    return told_data(task, "warning");
}

static gearman_return_t on_status(gearman_task_st *task)
{
    char progress[32];
    int length = snprintf(progress, sizeof progress, "%u/%u", gearman_task_numerator(task),
                          gearman_task_denominator(task));

    return told(task, "status", progress, (size_t)length);
}

static gearman_return_t on_complete(gearman_task_st *task)
{
    return told_data(task, "complete");
}

static gearman_return_t on_exception(gearman_task_st *task)
{
    return told_data(task, "exception");
}

static gearman_return_t on_fail(gearman_task_st *task)
{
    return told(task, "fail", NULL, 0);
}

static void client_tell(gearman_client_st *client)
{
    gearman_client_set_created_fn(client, on_created);
    gearman_client_set_data_fn(client, on_data);
    gearman_client_set_warning_fn(client, on_warning);
    gearman_client_set_status_fn(client, on_status);
    gearman_client_set_complete_fn(client, on_complete);
    gearman_client_set_exception_fn(client, on_exception);
    gearman_client_set_fail_fn(client, on_fail);
}

gearman_task_st *client_add(gearman_client_st *client, const char *function, const char *unique,
                            const char *workload, struct story *story)
{
    gearman_return_t status;
    gearman_task_st *task;

    story->text[0] = '\0';
    client_tell(client);
    task = gearman_client_add_task(client, NULL, story, function, unique, workload,
                                   strlen(workload), &status);
    CHECK_INT(status, GEARMAN_SUCCESS);
    return task;
}

gearman_task_st *client_submit(gearman_client_st *client, const char *function, const char *unique,
                               const char *workload, struct story *story)
{
    gearman_task_st *task = client_add(client, function, unique, workload, story);

    gearman_client_add_options(client, GEARMAN_CLIENT_NON_BLOCKING);
    client_wait(client, story, "created");
    return task;
}
