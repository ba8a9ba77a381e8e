/*
 * beanstalkd, which knows no results: a client puts into the tube of a function; a worker reserves, puts
 * the result into a tube of the client's, deletes the task and reserves the next in one write. A client
 * reserves and deletes its results over a second connection, since a connection that waits for a task
 * does nothing else; it always has as many reservations under way as there can be tasks. Background
 * tasks have no result.
 */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "load.h"
#include "text.h"

static const char reserve[] = "reserve\r\n";
static const char time_to_run[] = "100000"; /* seconds */

static void say_put(struct peer *peer, size_t size)
{
    conn_print(&peer->conn, "put 0 0 %s %zu\r\n", time_to_run, size);
}

/* The answer is USING whatever tube, so this is how one asks whether all before was heard. */
static void beanstalk_hello(struct load *load, struct peer *peer)
{
    (void)load;
    conn_print(&peer->conn, "list-tube-used\r\n");
}

static void beanstalk_client_begin(struct load *load, struct peer *client)
{
    conn_print(&client->conn, "use %s\r\n", load->functions[0]);
}

static void beanstalk_submit(struct load *load, struct peer *client, struct task task)
{
    unsigned function = task.number % load->options->functions;

    if (function != client->function)
        conn_print(&client->conn, "use %s\r\n", load->functions[function]);
    client->function = function;
    say_put(client, load->options->size);
    task_say(&client->conn, task);
    conn_say(&client->conn, "\r\n", 2);
}

static void beanstalk_worker_begin(struct load *load, struct peer *worker)
{
    for (unsigned i = 0; i < function_count(load, worker); i++)
        conn_print(&worker->conn, "watch %s\r\n", function_name(load, worker, i));
    conn_print(&worker->conn, "ignore default\r\n");
    beanstalk_hello(load, worker);
    conn_print(&worker->conn, reserve);
}

static void beanstalk_reply_begin(struct load *load, struct peer *replies)
{
    conn_print(&replies->conn, "watch results-%u-%u\r\nignore default\r\n", load->run,
               replies->number);
    beanstalk_hello(load, replies);
    for (unsigned i = 0; i < load->options->flight; i++)
        conn_print(&replies->conn, reserve);
}

/* Cuts an answer that is one line off the front. */
static size_t line_take(struct load *load, struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t line = text_line(bytes, size);

    if (line == 0)
        return 0;
    if (text_begins(bytes, line, "USING "))
        peer_ready(load, peer);
    else if (!text_begins(bytes, line, "INSERTED ") && !text_begins(bytes, line, "DELETED") &&
             !text_begins(bytes, line, "WATCHING "))
        peer_fail(peer, "the server sent an unexpected answer", bytes, line);
    return line;
}

static size_t beanstalk_client_take(struct load *load, struct peer *client, const uint8_t *bytes,
                                    size_t size)
{
    size_t taken = line_take(load, client, bytes, size);

    if (load->background && text_begins(bytes, taken, "INSERTED "))
        load_accepted(load, client);
    return taken;
}

/* Cuts RESERVED ID SIZE and what follows off the front. */
struct reserved {
    const uint8_t *id, *bytes;
    size_t id_size, size;
};

static size_t reserved_cut(const struct peer *peer, const uint8_t *bytes, size_t size,
                           struct reserved *reserved)
{
    size_t line = text_line(bytes, size);

    if (line == 0)
        return 0;
    reserved->id = text_word(bytes, line, 1, &reserved->id_size);
    reserved->bytes = bytes + line;
    reserved->size = text_last_number(bytes, line);
    if (reserved->size >= SIZE_MAX / 2)
        peer_fail(peer, "the server sent an unexpected answer", bytes, line);
    return size - line < reserved->size + 2 ? 0 : line + reserved->size + 2;
}

static void say_delete(struct peer *peer, const struct reserved *reserved)
{
    conn_print(&peer->conn, "delete %.*s\r\n", (int)reserved->id_size, (const char *)reserved->id);
    conn_print(&peer->conn, reserve);
}

static size_t beanstalk_reply_take(struct load *load, struct peer *replies, const uint8_t *bytes,
                                   size_t size)
{
    struct reserved reserved;
    size_t taken;

    if (!text_begins(bytes, size, "RESERVED "))
        return line_take(load, replies, bytes, size);
    taken = reserved_cut(replies, bytes, size, &reserved);
    if (taken == 0)
        return 0;
    say_delete(replies, &reserved);
    load_result(load, replies->client, reserved.bytes, reserved.size);
    return taken;
}

static void say_result(const struct load *load, struct peer *worker,
                       const struct reserved *reserved)
{
    struct task task;

    if (!task_read(&task, reserved->bytes, reserved->size))
        peer_fail(worker, "the server sent what is no task of ours", reserved->bytes,
                  reserved->size);
    conn_print(&worker->conn, "use results-%u-%u\r\n", load->run, task.client);
    say_put(worker, reserved->size);
    conn_say_lying(&worker->conn, reserved->bytes, reserved->size);
    conn_say(&worker->conn, "\r\n", 2);
}

static size_t beanstalk_worker_take(struct load *load, struct peer *worker, const uint8_t *bytes,
                                    size_t size)
{
    struct reserved reserved;
    size_t taken;

    if (!text_begins(bytes, size, "RESERVED ")) {
        taken = line_take(load, worker, bytes, size);
        if (load->background && text_begins(bytes, taken, "DELETED"))
            load_done(load, worker);
        return taken;
    }
    taken = reserved_cut(worker, bytes, size, &reserved);
    if (taken == 0)
        return 0;
    if (!load->background)
        say_result(load, worker, &reserved);
    say_delete(worker, &reserved);
    return taken;
}

const struct protocol beanstalk = {
    .name = "beanstalk",
    .asks = true,
    .keeps = true,
    .functions = true,
    .hello = beanstalk_hello,
    .client_begin = beanstalk_client_begin,
    .client_take = beanstalk_client_take,
    .submit = beanstalk_submit,
    .reply_begin = beanstalk_reply_begin,
    .reply_take = beanstalk_reply_take,
    .worker_begin = beanstalk_worker_begin,
    .worker_take = beanstalk_worker_take,
};
