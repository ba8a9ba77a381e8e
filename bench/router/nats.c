/*
 * NATS, request and reply: a client publishes to the subject of a function with its inbox as the subject
 * for the answer; the workers of a function are one queue group, of which the server picks one. It
 * pushes of its own accord, without credits, and keeps nothing that nobody takes.
 */
#include <string.h>

#include "fail.h"
#include "load.h"
#include "text.h"

static const char ping[] = "PING\r\n";

static void nats_hello(struct load *load, struct peer *peer)
{
    (void)load;
    conn_print(&peer->conn, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n%s", ping);
}

static void nats_client_begin(struct load *load, struct peer *client)
{
    conn_print(&client->conn, "SUB _INBOX.%u.%u 1\r\n%s", load->run, client->number, ping);
}

static void nats_submit(struct load *load, struct peer *client, struct task task)
{
    conn_print(&client->conn, "PUB %s _INBOX.%u.%u %zu\r\n",
               load->functions[task.number % load->options->functions], load->run, client->number,
               load->options->size);
    task_say(&client->conn, task);
    conn_say(&client->conn, "\r\n", 2);
}

static void nats_worker_begin(struct load *load, struct peer *worker)
{
    for (unsigned i = 0; i < function_count(load, worker); i++)
        conn_print(&worker->conn, "SUB %s workers %u\r\n", function_name(load, worker, i), i + 1);
    conn_print(&worker->conn, ping);
}

/* Cuts a message without payload off the front. */
static size_t line_take(struct load *load, struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t line = text_line(bytes, size);

    if (line == 0)
        return 0;
    if (text_begins(bytes, line, "PONG"))
        peer_ready(load, peer);
    else if (text_begins(bytes, line, "PING"))
        conn_print(&peer->conn, "PONG\r\n");
    else if (!text_begins(bytes, line, "INFO "))
        peer_fail(peer, "the server sent something unexpected", bytes, line);
    return line;
}

/* MSG SUBJECT ID [REPLY] SIZE and its payload. */
struct message {
    const uint8_t *bytes;
    size_t line, size;
};

static size_t message_cut(const struct peer *peer, const uint8_t *bytes, size_t size,
                          struct message *message)
{
    size_t line = text_line(bytes, size);

    if (line == 0)
        return 0;
    *message = (struct message){
        .bytes = bytes + line, .line = line, .size = text_last_number(bytes, line)};
    if (message->size >= SIZE_MAX / 2)
        peer_fail(peer, "the server sent something unexpected", bytes, line);
    return size - line < message->size + 2 ? 0 : line + message->size + 2;
}

static size_t nats_client_take(struct load *load, struct peer *client, const uint8_t *bytes,
                               size_t size)
{
    struct message message;
    size_t taken;

    if (!text_begins(bytes, size, "MSG "))
        return line_take(load, client, bytes, size);
    taken = message_cut(client, bytes, size, &message);
    if (taken > 0)
        load_result(load, client, message.bytes, message.size);
    return taken;
}

static size_t nats_worker_take(struct load *load, struct peer *worker, const uint8_t *bytes,
                               size_t size)
{
    struct message message;
    const uint8_t *inbox;
    size_t taken, inbox_size;

    if (!text_begins(bytes, size, "MSG "))
        return line_take(load, worker, bytes, size);
    taken = message_cut(worker, bytes, size, &message);
    if (taken == 0)
        return 0;
    inbox = text_word(bytes, message.line, 3, &inbox_size);
    conn_print(&worker->conn, "PUB %.*s %zu\r\n", (int)inbox_size, (const char *)inbox,
               message.size);
    conn_say_lying(&worker->conn, message.bytes, message.size + 2); /* with its CR LF */
    return taken;
}

const struct protocol nats = {
    .name = "nats",
    .asks = true, /* in that no credits can be given; it pushes anyway */
    .functions = true,
    .hello = nats_hello,
    .client_begin = nats_client_begin,
    .client_take = nats_client_take,
    .submit = nats_submit,
    .worker_begin = nats_worker_begin,
    .worker_take = nats_worker_take,
};
