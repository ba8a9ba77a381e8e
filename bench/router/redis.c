/*
 * Redis lists, as task queues are built of them: a client LPUSHes to the list of a function; a worker
 * takes the oldest with BRPOP, LPUSHes the result to a list of the client's, and asks for the next in the
 * same write. A client takes its results over a second connection, which always has as many BRPOPs
 * under way as there can be tasks. Background tasks have no result.
 */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "load.h"
#include "text.h"

/* "LPUSH LIST TASK" without the task. */
static void say_push(const struct load *load, struct peer *peer, const char *list)
{
    conn_print(&peer->conn, "*3\r\n$5\r\nLPUSH\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(list), list,
               load->options->size);
}

/* Where the results of a client's tasks go. */
static const char *results_list(const struct load *load, unsigned client)
{
    static char name[32];

    snprintf(name, sizeof name, "results-%u-%u", load->run, client);
    return name;
}

static void redis_hello(struct load *load, struct peer *peer)
{
    (void)load;
    conn_print(&peer->conn, "*1\r\n$4\r\nPING\r\n");
}

static void redis_client_begin(struct load *load, struct peer *client)
{
    peer_ready(load, client);
}

static void redis_submit(struct load *load, struct peer *client, struct task task)
{
    say_push(load, client, load->functions[task.number % load->options->functions]);
    task_say(&client->conn, task);
    conn_say(&client->conn, "\r\n", 2);
}

/* "BRPOP LIST... 0" */
static void say_pop(const struct load *load, struct peer *worker)
{
    unsigned count = function_count(load, worker);

    conn_print(&worker->conn, "*%u\r\n$5\r\nBRPOP\r\n", count + 2);
    for (unsigned i = 0; i < count; i++) {
        const char *name = function_name(load, worker, i);

        conn_print(&worker->conn, "$%zu\r\n%s\r\n", strlen(name), name);
    }
    conn_print(&worker->conn, "$1\r\n0\r\n");
}

static void redis_worker_begin(struct load *load, struct peer *worker)
{
    say_pop(load, worker);
    peer_ready(load, worker);
}

static void say_pop_result(const struct load *load, struct peer *replies)
{
    const char *list = results_list(load, replies->number);

    conn_print(&replies->conn, "*3\r\n$5\r\nBRPOP\r\n$%zu\r\n%s\r\n$1\r\n0\r\n", strlen(list),
               list);
}

static void redis_reply_begin(struct load *load, struct peer *replies)
{
    for (unsigned i = 0; i < load->options->flight; i++)
        say_pop_result(load, replies);
    peer_ready(load, replies);
}

/* Cuts a reply that is one line off the front. */
static size_t line_take(struct load *load, struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t line = text_line(bytes, size);

    if (line == 0)
        return 0;
    if (text_begins(bytes, line, "+PONG"))
        peer_ready(load, peer);
    else if (bytes[0] != ':')
        peer_fail(peer, "the server sent an unexpected reply", bytes, line);
    return line;
}

static size_t redis_client_take(struct load *load, struct peer *client, const uint8_t *bytes,
                                size_t size)
{
    size_t taken = line_take(load, client, bytes, size);

    if (taken > 0 && bytes[0] == ':' && load->background)
        load_accepted(load, client);
    return taken;
}

/* Cuts "$SIZE CRLF bytes CRLF" off at `*at`; NULL if it is not whole. */
static const uint8_t *bulk_cut(const struct peer *peer, const uint8_t *bytes, size_t size,
                               size_t *at, size_t *bulk)
{
    size_t line = text_line(bytes + *at, size - *at);
    const uint8_t *begin = bytes + *at + line;

    if (line == 0)
        return NULL;
    *bulk = text_last_number(bytes + *at, line);
    if (bytes[*at] != '$' || *bulk >= SIZE_MAX / 2)
        peer_fail(peer, "the server sent an unexpected reply", bytes, size);
    if (size - *at - line < *bulk + 2)
        return NULL;
    *at += line + *bulk + 2;
    return begin;
}

/* Cuts what a BRPOP answers off the front: an array of a list's name and an element of it. */
static size_t popped_cut(const struct peer *peer, const uint8_t *bytes, size_t size,
                         const uint8_t **element, size_t *element_size)
{
    size_t at = text_line(bytes, size);

    if (at == 0)
        return 0;
    if (!text_begins(bytes, at, "*2\r\n"))
        peer_fail(peer, "the server sent an unexpected reply", bytes, at);
    if (bulk_cut(peer, bytes, size, &at, element_size) == NULL)
        return 0;
    *element = bulk_cut(peer, bytes, size, &at, element_size);
    return *element == NULL ? 0 : at;
}

static size_t redis_reply_take(struct load *load, struct peer *replies, const uint8_t *bytes,
                               size_t size)
{
    const uint8_t *result = NULL;
    size_t result_size, taken;

    if (bytes[0] != '*')
        return line_take(load, replies, bytes, size);
    taken = popped_cut(replies, bytes, size, &result, &result_size);
    if (taken == 0)
        return 0;
    say_pop_result(load, replies);
    load_result(load, replies->client, result, result_size);
    return taken;
}

static size_t redis_worker_take(struct load *load, struct peer *worker, const uint8_t *bytes,
                                size_t size)
{
    const uint8_t *bytes_of_task = NULL;
    size_t task_size, taken;
    struct task task;

    if (bytes[0] != '*')
        return line_take(load, worker, bytes, size);
    taken = popped_cut(worker, bytes, size, &bytes_of_task, &task_size);
    if (taken == 0)
        return 0;
    if (!task_read(&task, bytes_of_task, task_size))
        peer_fail(worker, "the server sent what is no task of ours", bytes_of_task, task_size);
    if (load->background) {
        load_done(load, worker);
    } else {
        say_push(load, worker, results_list(load, task.client));
        conn_say_lying(&worker->conn, bytes_of_task, task_size);
        conn_say(&worker->conn, "\r\n", 2);
    }
    say_pop(load, worker);
    return taken;
}

const struct protocol redis = {
    .name = "redis",
    .asks = true,
    .keeps = true,
    .functions = true,
    .hello = redis_hello,
    .client_begin = redis_client_begin,
    .client_take = redis_client_take,
    .submit = redis_submit,
    .reply_begin = redis_reply_begin,
    .reply_take = redis_reply_take,
    .worker_begin = redis_worker_begin,
    .worker_take = redis_worker_take,
};
