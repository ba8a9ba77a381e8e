/* Tasks: many at once on one connection, and what their client is told about each. */
#include "ends.h"

#include <stdio.h>
#include <string.h>

#define MANY 1000

static void equip_all(gearman_worker_st *worker)
{
    worker_offer(worker, "echo", do_echo);
    worker_offer(worker, "fail", do_fail);
    worker_offer(worker, "report", do_report);
    worker_offer(worker, "raise", do_raise);
}

/* The library sends a workload from where it lies: each has a place of its own until then. */
static void a_thousand_tasks_run_at_once(in_port_t port)
{
    static char workloads[MANY][20];
    static struct story stories[MANY];
    gearman_client_st *client = client_open(port);

    hand_start(port, equip_all);
    hand_start(port, equip_all);
    for (int i = 0; i < MANY; i++) {
        snprintf(workloads[i], sizeof workloads[i], "task %d", i);
        client_add(client, "echo", NULL, workloads[i], &stories[i]);
    }
    CHECK_INT(gearman_client_run_tasks(client), GEARMAN_SUCCESS);
    for (int i = 0; i < MANY; i++) {
        char wanted[64];

        snprintf(wanted, sizeof wanted, "created complete:task %d", i);
        CHECK_TEXT(stories[i].text, wanted);
    }
    gearman_client_free(client);
}

static void a_client_hears_all_that_its_worker_says(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    struct story story;

    hand_start(port, equip_all);
    client_add(client, "report", NULL, "x", &story);
    CHECK_INT(gearman_client_run_tasks(client), GEARMAN_SUCCESS);
    CHECK_TEXT(story.text, "created data:one warning:careful status:1/2 data:two complete:done");
    gearman_client_free(client);
}

static void a_failed_task_leaves_the_others_alone(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    struct story good;
    struct story bad;
    struct story better;

    hand_start(port, equip_all);
    client_add(client, "echo", NULL, "good", &good);
    client_add(client, "fail", NULL, "bad", &bad);
    client_add(client, "report", NULL, "better", &better);
    CHECK_INT(gearman_client_run_tasks(client), GEARMAN_SUCCESS);
    CHECK_TEXT(good.text, "created complete:good");
    CHECK_TEXT(bad.text, "created fail");
    CHECK_TEXT(better.text, "created data:one warning:careful status:1/2 data:two complete:done");
    gearman_client_free(client);
}

static void an_exception_reaches_a_client_that_asked_for_them(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    struct story story;

    hand_start(port, equip_all);
    gearman_client_add_options(client, GEARMAN_CLIENT_EXCEPTION);
    client_add(client, "raise", NULL, "x", &story);
    gearman_client_run_tasks(client);
    CHECK_TEXT(story.text, "created exception:broken");
    gearman_client_free(client);
}

static void an_exception_is_a_failure_to_all_others(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    struct story story;
    struct story next;

    hand_start(port, equip_all);
    client_add(client, "raise", NULL, "x", &story);
    gearman_client_run_tasks(client);
    CHECK_TEXT(story.text, "created fail");
    client_add(client, "echo", NULL, "next", &next);
    CHECK_INT(gearman_client_run_tasks(client), GEARMAN_SUCCESS);
    CHECK_TEXT(next.text, "created complete:next");
    gearman_client_free(client);
}

static void an_unknown_server_option_is_refused_by_name(in_port_t port)
{
    gearman_client_st *client = client_open(port);

    CHECK(gearman_client_set_server_option(client, "exceptions", 10));
    CHECK(!gearman_client_set_server_option(client, "wishes", 6));
    CHECK_INT(gearman_client_error_code(client), GEARMAN_UNKNOWN_OPTION);
    gearman_client_free(client);
}

const struct scenario task_scenarios[] = {
    {"a_thousand_tasks_run_at_once", a_thousand_tasks_run_at_once},
    {"a_client_hears_all_that_its_worker_says", a_client_hears_all_that_its_worker_says},
    {"a_failed_task_leaves_the_others_alone", a_failed_task_leaves_the_others_alone},
    {"an_exception_reaches_a_client_that_asked_for_them",
     an_exception_reaches_a_client_that_asked_for_them},
    {"an_exception_is_a_failure_to_all_others", an_exception_is_a_failure_to_all_others},
    {"an_unknown_server_option_is_refused_by_name", an_unknown_server_option_is_refused_by_name},
    {NULL, NULL},
};
