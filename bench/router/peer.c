#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "address.h"
#include "fail.h"
#include "load.h"

enum {
    OPEN_TOGETHER = 64,  /* connections that may wait for the server's accept() */
    IDLE_FUNCTIONS = 100 /* that idle workers can do, one each */
};

void peer_fail(const struct peer *peer, const char *what, const void *bytes, size_t size)
{
    const char *text = bytes;
    char shown[161];
    size_t count = 0;

    while (count < size && count < sizeof shown - 1) {
        shown[count] = text[count];
        if (shown[count] == '\0')
            shown[count] = ' ';
        else if (shown[count] < ' ' || shown[count] > '~')
            shown[count] = '.';
        count++;
    }
    shown[count] = '\0';
    fail("%s %u: %s: %s", peer->role, peer->number, what, shown);
}

void peer_ready(struct load *load, struct peer *peer)
{
    if (peer->state == PEER_READY)
        return;
    peer->state = PEER_READY;
    load->waiting_count--;
    load->progress_ns = load->now_ns;
}

static void peer_watch(const struct load *load, struct peer *peer, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

    if (peer->blocked)
        event.events |= EPOLLOUT;
    if (epoll_ctl(load->epoll, how, peer->conn.fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

void peer_flush(const struct load *load, struct peer *peer)
{
    if (!conn_flush(&peer->conn))
        fail("%s %u: the server has closed the connection: %s", peer->role, peer->number,
             strerror(errno));
    if (conn_waits(&peer->conn) != peer->blocked) {
        peer->blocked = !peer->blocked;
        peer_watch(load, peer, EPOLL_CTL_MOD);
    }
}

/* Lets a peer say something that the server will confirm. */
static void peer_says(struct load *load, struct peer *peer, peer_begin *begin)
{
    peer->state = PEER_WAITS;
    load->waiting_count++;
    begin(load, peer);
    peer_flush(load, peer);
}

static void peer_connect(const struct load *load, struct peer *peer, const char *role,
                         unsigned number, peer_take *take)
{
    peer->conn.fd = address_connect(load->options->server);
    peer->role = role;
    peer->number = (uint16_t)number;
    peer->take = take;
    peer_watch(load, peer, EPOLL_CTL_ADD);
}

static struct peer *peer_open(struct load *load, const char *role, unsigned number, peer_take *take)
{
    struct peer *peer = &load->peers[load->peer_count++];

    peer_connect(load, peer, role, number, take);
    peer_says(load, peer, load->protocol->hello);
    if (load->waiting_count >= OPEN_TOGETHER)
        load_until_ready(load);
    return peer;
}

/* Returns when the server has accepted everybody so far: it does that in the order of coming. */
static void probe(struct load *load)
{
    struct peer peer = {0};

    peer_connect(load, &peer, "probe", 0, load->protocol->client_take);
    peer_says(load, &peer, load->protocol->hello);
    load_until_ready(load);
    conn_close(&peer.conn);
}

static void open_silent(struct load *load)
{
    for (unsigned i = 0; i < load->options->idle; i++) {
        struct peer *peer = &load->peers[load->peer_count++];

        peer_connect(load, peer, "silent connection", i, load->protocol->client_take);
        if (i % OPEN_TOGETHER == OPEN_TOGETHER - 1 || i == load->options->idle - 1)
            probe(load);
    }
}

void peers_open_idle(struct load *load)
{
    const struct protocol *protocol = load->protocol;
    struct peer *first = &load->peers[load->peer_count];
    unsigned count = load->options->idle;

    switch (load->options->idle_as) {
    case IDLE_SILENT:
        open_silent(load);
        break;
    case IDLE_WORKER:
        for (unsigned i = 0; i < count; i++)
            peer_open(load, "idle worker", i, protocol->worker_take)->is_idle = true;
        load_until_ready(load);
        for (unsigned i = 0; i < count; i++)
            peer_says(load, first + i, protocol->worker_begin);
        load_until_ready(load);
        break;
    case IDLE_SAME:
        load->worker_count += count;
        break;
    }
}

void peers_open_workers(struct load *load)
{
    load->workers = &load->peers[load->peer_count];
    for (unsigned i = 0; i < load->worker_count; i++)
        peer_open(load, "worker", i, load->protocol->worker_take);
    load_until_ready(load);
}

void peers_begin_workers(struct load *load)
{
    for (unsigned i = 0; i < load->worker_count; i++)
        peer_says(load, &load->workers[i], load->protocol->worker_begin);
}

void peers_end_workers(struct load *load)
{
    load_until_ready(load);
    for (unsigned i = 0; load->protocol->worker_end != NULL && i < load->worker_count; i++)
        peer_says(load, &load->workers[i], load->protocol->worker_end);
    load_until_ready(load);
}

static void open_replies(struct load *load, struct peer *client)
{
    const struct protocol *protocol = load->protocol;
    struct peer *peer = peer_open(load, "client's results", client->number, protocol->reply_take);

    peer->client = client;
    load_until_ready(load);
    peer_says(load, peer, protocol->reply_begin);
}

void peers_open_clients(struct load *load)
{
    const struct options *options = load->options;

    load->clients = &load->peers[load->peer_count];
    for (unsigned i = 0; i < options->clients; i++)
        peer_open(load, "client", i, load->protocol->client_take)->starts =
            must_calloc(options->flight, sizeof *load->clients->starts);
    load_until_ready(load);
    for (unsigned i = 0; i < options->clients; i++) {
        peer_says(load, &load->clients[i], load->protocol->client_begin);
        if (load->protocol->reply_begin != NULL && !load->background)
            open_replies(load, &load->clients[i]);
    }
    load_until_ready(load);
}

unsigned function_count(const struct load *load, const struct peer *worker)
{
    return worker->is_idle ? 1 : load->options->functions;
}

const char *function_name(const struct load *load, const struct peer *worker, unsigned function)
{
    static char name[FUNCTION_NAME_SIZE];

    if (!worker->is_idle)
        return load->functions[function];
    snprintf(name, sizeof name, "idle-%u", worker->number % (unsigned)IDLE_FUNCTIONS);
    return name;
}
