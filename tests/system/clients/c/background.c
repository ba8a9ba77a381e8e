/* Background tasks: nobody waits, but anybody may ask how far they are. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is POSIX's */
#include "ends.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct progress {
    bool known;
    bool running;
    uint32_t numerator;
    uint32_t denominator;
};

static void has_status(gearman_client_st *client, const char *handle, struct progress wanted)
{
    struct progress got = {.known = true, .running = true};
    gearman_job_handle_t whole; /* libgearman asks for all of its bytes */

    snprintf(whole, sizeof whole, "%s", handle);
    CHECK_INT(gearman_client_job_status(client, whole, &got.known, &got.running, &got.numerator,
                                        &got.denominator),
              GEARMAN_SUCCESS);
    CHECK_INT(got.known, wanted.known);
    CHECK_INT(got.running, wanted.running);
    CHECK_INT(got.numerator, wanted.numerator);
    CHECK_INT(got.denominator, wanted.denominator);
}

static void a_status_follows_the_task_until_it_is_finished(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    gearman_job_handle_t handle;
    gearman_job_st *job;

    CHECK_INT(gearman_client_do_background(client, "f", NULL, "x", 1, handle), GEARMAN_SUCCESS);
    has_status(client, handle, (struct progress){.known = true});
    worker_register(worker, "f", 0);
    job = worker_take(worker, "f", "x");
    CHECK_TEXT(gearman_job_handle(job), handle);
    has_status(client, handle, (struct progress){.known = true, .running = true});
    CHECK_INT(gearman_job_send_status(job, 3, 10), GEARMAN_SUCCESS);
    worker_sync(worker);
    has_status(client, handle, (struct progress){true, true, 3, 10});
    worker_complete(job, "unheard");
    worker_sync(worker);
    has_status(client, handle, (struct progress){.known = false});
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static void a_handle_nobody_gave_out_is_unknown(in_port_t port)
{
    gearman_client_st *client = client_open(port);

    has_status(client, "H:nobody:1", (struct progress){.known = false});
    gearman_client_free(client);
}

/* A client of libgearman 1.1.20 can ask this only once: the second time it sends nothing. */
static void has_unique_status(in_port_t port, const char *unique, bool known, bool running,
                              uint32_t clients)
{
    gearman_client_st *client = client_open(port);
    gearman_status_t status = gearman_client_unique_status(client, unique, strlen(unique));

    CHECK_INT(gearman_status_return(status), GEARMAN_SUCCESS);
    CHECK_INT(gearman_status_is_known(status), known);
    CHECK_INT(gearman_status_is_running(status), running);
    CHECK_INT(status.status_.mesg_.client_count, clients);
    gearman_client_free(client);
}

static void a_unique_id_names_its_task(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_client_st *waiting = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    gearman_job_handle_t handle;
    struct story story;
    gearman_job_st *job;

    has_unique_status(port, "mine", false, false, 0);
    CHECK_INT(gearman_client_do_background(client, "f", "mine", "x", 1, handle), GEARMAN_SUCCESS);
    has_unique_status(port, "mine", true, false, 0);
    client_submit(waiting, "f", "mine", "x", &story);
    has_unique_status(port, "mine", true, false, 1);
    worker_register(worker, "f", 0);
    job = worker_take(worker, "f", "x");
    has_unique_status(port, "mine", true, true, 1);
    worker_complete(job, "done");
    client_finish(waiting);
    CHECK_TEXT(story.text, "created complete:done");
    has_unique_status(port, "mine", false, false, 0);
    gearman_worker_free(worker);
    gearman_client_free(waiting);
    gearman_client_free(client);
}

static void submit_epoch(gearman_client_st *client, const char *workload, time_t when,
                         gearman_job_handle_t handle)
{
    gearman_task_attr_t attributes =
        gearman_task_attr_init_epoch(when, GEARMAN_JOB_PRIORITY_NORMAL);
    gearman_argument_t argument = gearman_argument_make(NULL, 0, workload, strlen(workload));
    gearman_task_st *task =
        gearman_execute(client, "f", 1, workload, strlen(workload), &attributes, &argument, NULL);

    CHECK(task != NULL);
    snprintf(handle, GEARMAN_JOB_HANDLE_SIZE, "%s", gearman_task_job_handle(task));
    CHECK(handle[0] != '\0');
}

struct note {
    gearman_job_handle_t handle;
    struct timespec when; /* time() may say the second before for some milliseconds */
};

static gearman_return_t do_note(gearman_job_st *job, void *context)
{
    struct note *note = context;

    snprintf(note->handle, sizeof note->handle, "%s", gearman_job_handle(job));
    clock_gettime(CLOCK_REALTIME, &note->when);
    return GEARMAN_SUCCESS;
}

static void an_epoch_task_waits_for_its_second(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    time_t due = time(NULL) + 2;
    struct note note;
    gearman_job_handle_t handle;

    submit_epoch(client, "later", due, handle);
    has_status(client, handle, (struct progress){.known = true});
    worker_offer_with(worker, "f", do_note, &note);
    CHECK_INT(gearman_worker_work(worker), GEARMAN_SUCCESS);
    CHECK_TEXT(note.handle, handle);
    CHECK(note.when.tv_sec >= due);
    has_status(client, handle, (struct progress){.known = false});
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static void an_epoch_task_does_not_hold_up_those_behind_it(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    time_t now = time(NULL);
    gearman_job_handle_t handle;

    submit_epoch(client, "later", now + 3600, handle);
    submit_epoch(client, "past", now - 3600, handle);
    worker_register(worker, "f", 0);
    worker_complete(worker_take(worker, "f", "past"), "");
    worker_has_no_more(worker, "f", port);
    gearman_worker_free(worker);
    gearman_client_free(client);
}

const struct scenario background_scenarios[] = {
    {"a_status_follows_the_task_until_it_is_finished",
     a_status_follows_the_task_until_it_is_finished},
    {"a_handle_nobody_gave_out_is_unknown", a_handle_nobody_gave_out_is_unknown},
    {"a_unique_id_names_its_task", a_unique_id_names_its_task},
    {"an_epoch_task_waits_for_its_second", an_epoch_task_waits_for_its_second},
    {"an_epoch_task_does_not_hold_up_those_behind_it",
     an_epoch_task_does_not_hold_up_those_behind_it},
    {NULL, NULL},
};
