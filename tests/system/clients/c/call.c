/* Calls: one task at a time, the client waiting for its result; echoes; sizes. */
#include "ends.h"

#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static void equip_echo(gearman_worker_st *worker)
{
    worker_offer(worker, "echo", do_echo);
}

typedef void *(call_fn)(gearman_client_st *client, const char *function, const char *unique,
                        const void *workload, size_t workload_size, size_t *result_size,
                        gearman_return_t *ret_ptr);

static void call(call_fn *do_it, gearman_client_st *client, const char *function,
                 const void *workload, size_t size)
{
    gearman_return_t status;
    size_t result_size = 0;
    void *result =
        do_it(client, function, NULL, size > 0 ? workload : NULL, size, &result_size, &status);

    CHECK_INT(status, GEARMAN_SUCCESS);
    CHECK_BYTES(result, result_size, workload, size);
    free(result);
}

static void every_priority_is_answered(in_port_t port)
{
    gearman_client_st *client = client_open(port);

    hand_start(port, equip_echo);
    call(gearman_client_do, client, "echo", "normal", 6);
    call(gearman_client_do_high, client, "echo", "high", 4);
    call(gearman_client_do_low, client, "echo", "low", 3);
    gearman_client_free(client);
}

static void high_goes_before_normal_before_low(in_port_t port)
{
    static const char *const order[] = {"high", "normal", "low"};
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);
    gearman_job_handle_t handle;

    CHECK_INT(gearman_client_do_low_background(client, "f", NULL, "low", 3, handle),
              GEARMAN_SUCCESS);
    CHECK_INT(gearman_client_do_background(client, "f", NULL, "normal", 6, handle),
              GEARMAN_SUCCESS);
    CHECK_INT(gearman_client_do_high_background(client, "f", NULL, "high", 4, handle),
              GEARMAN_SUCCESS);
    worker_register(worker, "f", 0);
    for (size_t i = 0; i < 3; i++)
        worker_complete(worker_take(worker, "f", order[i]), "");
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static void both_ends_can_ask_for_an_echo(in_port_t port)
{
    static const char data[] = "any bytes\0and a NUL";
    gearman_client_st *client = client_open(port);
    gearman_worker_st *worker = worker_open(port);

    CHECK_INT(gearman_client_echo(client, data, sizeof data), GEARMAN_SUCCESS);
    CHECK_INT(gearman_worker_echo(worker, data, sizeof data), GEARMAN_SUCCESS);
    gearman_worker_free(worker);
    gearman_client_free(client);
}

static void every_size_up_to_a_mebibyte_comes_back_whole(in_port_t port)
{
    static const size_t sizes[] = {0, 1, 11, 8191, 8192, 8193, 65536, 300000, MIB};
    gearman_client_st *client = client_open(port);
    char *data = malloc(MIB);

    CHECK(data != NULL);
    for (size_t i = 0; i < MIB; i++)
        data[i] = (char)(i * 31 + i / 251);
    hand_start(port, equip_echo);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        call(gearman_client_do, client, "echo", data, sizes[i]);
    free(data);
    gearman_client_free(client);
}

/* The default of payload_max is 1 MiB. */
static void a_payload_above_the_limit_is_an_error_and_the_client_goes_on(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_return_t status;
    size_t size = 0;
    char *data = calloc(2, MIB);

    CHECK(data != NULL);
    hand_start(port, equip_echo);
    for (size_t above = 1; above <= MIB; above <<= 10) {
        CHECK(gearman_client_do(client, "echo", NULL, data, MIB + above, &size, &status) == NULL);
        CHECK_INT(status, GEARMAN_QUEUE_ERROR);
    }
    call(gearman_client_do, client, "echo", data, MIB);
    free(data);
    gearman_client_free(client);
}

static void equip_three(gearman_worker_st *worker)
{
    worker_offer(worker, "echo", do_echo);
    worker_offer(worker, "fail", do_fail);
    worker_offer(worker, "report", do_report);
}

static void one_worker_does_several_functions(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_return_t status;
    size_t size = 0;

    hand_start(port, equip_three);
    for (int round = 0; round < 3; round++) {
        call(gearman_client_do, client, "echo", "back", 4);
        CHECK(gearman_client_do(client, "fail", NULL, "x", 1, &size, &status) == NULL);
        CHECK_INT(status, GEARMAN_WORK_FAIL);
    }
    gearman_client_free(client);
}

static void equip_in_namespace(gearman_worker_st *worker)
{
    gearman_worker_set_namespace(worker, "team:", 5);
    equip_echo(worker);
}

static void a_namespace_is_a_part_of_the_name(in_port_t port)
{
    gearman_client_st *client = client_open(port);
    gearman_client_st *plain = client_open(port);

    hand_start(port, equip_in_namespace);
    gearman_client_set_namespace(client, "team:", 5);
    call(gearman_client_do, client, "echo", "inside", 6);
    call(gearman_client_do, plain, "team:echo", "outside", 7);
    gearman_client_free(plain);
    gearman_client_free(client);
}

const struct scenario call_scenarios[] = {
    {"every_priority_is_answered", every_priority_is_answered},
    {"high_goes_before_normal_before_low", high_goes_before_normal_before_low},
    {"both_ends_can_ask_for_an_echo", both_ends_can_ask_for_an_echo},
    {"every_size_up_to_a_mebibyte_comes_back_whole", every_size_up_to_a_mebibyte_comes_back_whole},
    {"a_payload_above_the_limit_is_an_error_and_the_client_goes_on",
     a_payload_above_the_limit_is_an_error_and_the_client_goes_on},
    {"one_worker_does_several_functions", one_worker_does_several_functions},
    {"a_namespace_is_a_part_of_the_name", a_namespace_is_a_part_of_the_name},
    {NULL, NULL},
};
