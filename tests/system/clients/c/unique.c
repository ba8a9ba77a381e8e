/* Unique ids: who asks for the same gets the same, and it is done once. */
#include "ends.h"

#include <string.h>

static void two_clients_share_one_task(in_port_t port)
{
    gearman_client_st *first = client_open(port);
    gearman_client_st *second = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story one;
    struct story two;
    gearman_task_st *task = client_submit(first, "f", "same", "of the first", &one);
    gearman_task_st *other = client_submit(second, "f", "same", "of the second", &two);

    CHECK_TEXT(gearman_task_job_handle(other), gearman_task_job_handle(task));
    worker_register(worker, "f", 0);
    worker_complete(worker_take(worker, "f", "of the first"), "for both");
    client_finish(first);
    client_finish(second);
    CHECK_TEXT(one.text, "created complete:for both");
    CHECK_TEXT(two.text, "created complete:for both");
    worker_has_no_more(worker, "f", port);
    gearman_worker_free(worker);
    gearman_client_free(second);
    gearman_client_free(first);
}

static void a_running_task_can_be_joined(in_port_t port)
{
    gearman_client_st *first = client_open(port);
    gearman_client_st *second = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story one;
    struct story two;
    gearman_job_st *job;

    client_submit(first, "f", "same", "x", &one);
    worker_register(worker, "f", 0);
    job = worker_take(worker, "f", "x");
    CHECK_INT(gearman_job_send_data(job, "begun", 5), GEARMAN_SUCCESS);
    client_wait(first, &one, "created data:begun");
    client_submit(second, "f", "same", "x", &two);
    worker_complete(job, "done");
    client_finish(first);
    client_finish(second);
    CHECK_TEXT(one.text, "created data:begun complete:done");
    CHECK_TEXT(two.text, "created complete:done");
    worker_has_no_more(worker, "f", port);
    gearman_worker_free(worker);
    gearman_client_free(second);
    gearman_client_free(first);
}

static void a_hyphen_compares_the_payloads(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_client_st *other = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story one;
    struct story two;
    struct story three;
    gearman_task_st *task = client_submit(client, "f", "-", "equal", &one);
    gearman_task_st *equal = client_submit(other, "f", "-", "equal", &two);
    gearman_task_st *different = client_submit(client, "f", "-", "eqval", &three);

    CHECK_TEXT(gearman_task_job_handle(equal), gearman_task_job_handle(task));
    CHECK(strcmp(gearman_task_job_handle(different), gearman_task_job_handle(task)) != 0);
    worker_register(worker, "f", 0);
    worker_complete(worker_take(worker, "f", "equal"), "1");
    worker_complete(worker_take(worker, "f", "eqval"), "2");
    client_finish(client);
    client_finish(other);
    CHECK_TEXT(one.text, "created complete:1");
    CHECK_TEXT(two.text, "created complete:1");
    CHECK_TEXT(three.text, "created complete:2");
    worker_has_no_more(worker, "f", port);
    gearman_worker_free(worker);
    gearman_client_free(other);
    gearman_client_free(client);
}

static void the_same_id_of_another_function_is_another_task(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    struct story one;
    struct story two;
    gearman_task_st *task = client_submit(client, "f", "same", "x", &one);
    gearman_task_st *other = client_submit(client, "g", "same", "x", &two);

    CHECK(strcmp(gearman_task_job_handle(other), gearman_task_job_handle(task)) != 0);
    gearman_client_free(client);
}

static void a_background_task_survives_the_client_that_joined_it(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_client_st *passing = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    struct story story;
    gearman_job_handle_t handle;
    gearman_task_st *task;

    CHECK_INT(gearman_client_do_background(client, "f", "same", "x", 1, handle), GEARMAN_SUCCESS);
    task = client_submit(passing, "f", "same", "x", &story);
    CHECK_TEXT(gearman_task_job_handle(task), handle);
    gearman_client_free(passing);
    worker_register(worker, "f", 0);
    worker_complete(worker_take(worker, "f", "x"), "");
    gearman_worker_free(worker);
    gearman_client_free(client);
}

const struct scenario unique_scenarios[] = {
    {"two_clients_share_one_task", two_clients_share_one_task},
    {"a_running_task_can_be_joined", a_running_task_can_be_joined},
    {"a_hyphen_compares_the_payloads", a_hyphen_compares_the_payloads},
    {"the_same_id_of_another_function_is_another_task",
     the_same_id_of_another_function_is_another_task},
    {"a_background_task_survives_the_client_that_joined_it",
     a_background_task_survives_the_client_that_joined_it},
    {NULL, NULL},
};
