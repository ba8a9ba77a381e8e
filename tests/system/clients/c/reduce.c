/* Reduce jobs: a worker takes a task apart, has the parts done, and puts the results together. */
#include "ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every word of the workload becomes a task of the function that the client named. */
static gearman_return_t take_apart(gearman_job_st *job, void *context)
{
    const char *text = gearman_job_workload(job);
    size_t left = gearman_job_workload_size(job);

    (void)context;
    while (left > 0) {
        const char *blank = memchr(text, ' ', left);
        size_t length = blank != NULL ? (size_t)(blank - text) : left;
        size_t used = blank != NULL ? length + 1 : length;

        CHECK_INT(gearman_job_send_data(job, text, length), GEARMAN_SUCCESS);
        text += used;
        left -= used;
    }
    return GEARMAN_SUCCESS;
}

static gearman_return_t put_together(gearman_aggregator_st *aggregator, gearman_task_st *task,
                                     gearman_result_st *result)
{
    long sum = 0;
    char text[32];
    int length;

    (void)aggregator;
    for (; task != NULL; task = gearman_next(task)) {
        gearman_result_st *part = gearman_task_result(task);

        sum += strtol(gearman_result_value(part), NULL, 10);
    }
    length = snprintf(text, sizeof text, "%ld", sum);
    return gearman_result_store_value(result, text, (size_t)length);
}

static void equip_splitter(gearman_worker_st *worker)
{
    gearman_worker_add_options(worker, GEARMAN_WORKER_GRAB_ALL);
    CHECK_INT(gearman_worker_define_function(
                  worker, "split", 5, gearman_function_create_partition(take_apart, put_together),
                  0, NULL),
              GEARMAN_SUCCESS);
}

static gearman_return_t do_length(gearman_job_st *job, void *context)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%zu", gearman_job_workload_size(job));

    (void)context;
    gearman_job_send_data(job, text, (size_t)length);
    return GEARMAN_SUCCESS;
}

static void equip_length(gearman_worker_st *worker)
{
    worker_offer(worker, "length", do_length);
}

static void the_parts_of_a_reduce_job_are_put_together(in_port_t port)
{
    static const char text[] = "how many letters has this";
    gearman_client_st *client = client_open(port);
    gearman_argument_t argument = gearman_argument_make(NULL, 0, text, strlen(text));
    gearman_task_st *task;
    gearman_result_st *result;

    hand_start(port, equip_splitter);
    hand_start(port, equip_length);
    task = gearman_execute_by_partition(client, "split", 5, "length", 6, NULL, 0, NULL, &argument,
                                        NULL);
    CHECK(task != NULL);
    CHECK_INT(gearman_task_return(task), GEARMAN_SUCCESS);
    result = gearman_task_result(task);
    CHECK_BYTES(gearman_result_value(result), gearman_result_size(result), "21", 2);
    gearman_client_free(client);
}

static void equip_echo_for_all(gearman_worker_st *worker)
{
    gearman_worker_add_options(worker, GEARMAN_WORKER_GRAB_ALL);
    worker_offer(worker, "echo", do_echo);
}

static void a_plain_task_reaches_a_worker_that_takes_all_kinds(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_return_t status;
    size_t size = 0;
    char *result;

    hand_start(port, equip_echo_for_all);
    result = gearman_client_do(client, "echo", "an id", "plain", 5, &size, &status);
    CHECK_INT(status, GEARMAN_SUCCESS);
    CHECK_BYTES(result, size, "plain", 5);
    free(result);
    gearman_client_free(client);
}

const struct scenario reduce_scenarios[] = {
    {"the_parts_of_a_reduce_job_are_put_together", the_parts_of_a_reduce_job_are_put_together},
    {"a_plain_task_reaches_a_worker_that_takes_all_kinds",
     a_plain_task_reaches_a_worker_that_takes_all_kinds},
    {NULL, NULL},
};
