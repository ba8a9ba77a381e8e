#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "server.h"
#include "text.h"

enum {
    READ_PARTS = 64,    /* stretches of memory one read fills */
    WRITE_PARTS = 64,   /* and one write gathers */
    WRITES_A_TURN = 16, /* who reads as fast as it is written to has to let others have a turn */
    DROP_SIZE = 16384   /* bytes dropped at a time while lingering */
};

_Static_assert(offsetof(struct conn, peer) == 0, "conn_of() takes a peer for its connection");

struct conn *conn_of(struct peer *peer)
{
    return (struct conn *)(void *)peer;
}

/* ---- coming ---- */

static void on_poll(uv_poll_t *handle, int status, int events);

/* Waits for exactly these events; libuv makes system calls of it, so only for news. */
static void conn_wait_for(struct conn *conn, int interest)
{
    if (interest == conn->interest)
        return;
    conn->interest = interest;
    if (loop_watch(&conn->poll, interest, on_poll) < 0)
        conn_end(conn);
}

/* Counts it for its user, if it has one. */
static void conn_count(const struct conn *conn, void (*count)(struct users *users, uid_t uid))
{
    struct server *server = conn->server;

    if (conn->who.uid == NO_USER)
        return;
    count(&server->users, conn->who.uid);
    server->gauges.value[GAUGE_USERS] = server->users.count;
}

bool conn_open(struct server *server, int fd, const struct stranger *stranger,
               const struct access_rights *rights)
{
    struct conn *conn = pmad_alloc(server->pools.of[POOL_WORKERS], sizeof *conn);
    char who[WHO_TEXT_MAX];
    int on = 1;

    if (conn == NULL)
        return false;
    *conn = (struct conn){.server = server,
                          .fd = fd,
                          .who = stranger->who,
                          .is_local = stranger->is_local,
                          .state = CONN_OPEN};
    if (uv_poll_init(&server->loop.uv, &conn->poll, fd) < 0) {
        pmad_free(server->pools.of[POOL_WORKERS], conn);
        return false;
    }
    conn->poll.data = conn;
    /* What is written is gathered already: waiting for more would only delay it. */
    if (!stranger->is_local)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    router_connect(server->router, &conn->peer, fd, stranger->address, rights->whole);
    access_grant(rights, server->router, &conn->peer);
    server->gauges.value[GAUGE_CONNECTIONS_OPEN]++;
    server->gauges.value[GAUGE_CONNECTIONS_ACCEPTED]++;
    conn_count(conn, users_enter);
    TAILQ_INSERT_TAIL(&server->conns, conn, in_all);
    conn_wait_for(conn, UV_READABLE);
    log_event(LOG_CONNECTED, "peer=%d %s", fd, who_text(who, &stranger->who, stranger->address));
    return true;
}

/* ---- bytes ---- */

static void conn_touch(struct conn *conn)
{
    if (conn->touched || conn->state != CONN_OPEN)
        return;
    conn->touched = true;
    TAILQ_INSERT_TAIL(&conn->server->touched, conn, in_touched);
}

static void conn_untouch(struct conn *conn)
{
    if (!conn->touched)
        return;
    conn->touched = false;
    TAILQ_REMOVE(&conn->server->touched, conn, in_touched);
}

static void conn_set_stuck(struct conn *conn, bool stuck)
{
    if (stuck && !conn->stuck)
        conn->server->stuck_count++;
    if (!stuck && conn->stuck)
        conn->server->stuck_count--;
    conn->stuck = stuck;
}

/* True for a read or write that only came at the wrong moment. */
static bool is_later(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

/* One read a turn: who sends much does not keep the others waiting. */
static void conn_read(struct conn *conn)
{
    struct iovec room[READ_PARTS];
    size_t count = peer_input(&conn->peer, room, READ_PARTS);
    ssize_t size;

    if (count == 0)
        return;
    size = readv(conn->fd, room, (int)count);
    if (size > 0)
        peer_input_got(&conn->peer, (size_t)size);
    else if (size == 0)
        conn->left = true;
    else if (!is_later(errno))
        conn_end(conn);
}

static size_t total(const struct iovec *slices, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += slices[i].iov_len;
    return bytes;
}

void conn_write(struct conn *conn)
{
    struct iovec slices[WRITE_PARTS];
    size_t count;

    conn_touch(conn);
    if (conn->stuck || conn->peer.standing == PEER_DROPPED)
        return;
    for (int i = 0; (count = peer_output(&conn->peer, slices, WRITE_PARTS)) > 0; i++) {
        size_t bytes = total(slices, count);
        ssize_t written = writev(conn->fd, slices, (int)count);

        if (written < 0 && !is_later(errno)) {
            conn_end(conn);
            return;
        }
        if (written > 0)
            peer_output_sent(&conn->peer, (size_t)written);
        if (written < 0 || (size_t)written < bytes || i == WRITES_A_TURN) {
            conn_set_stuck(conn, true);
            return;
        }
    }
}

/* Drops what still comes; the end of it, or of its time, is the end. */
static void conn_drop_input(struct conn *conn)
{
    char bytes[DROP_SIZE];
    ssize_t size = read(conn->fd, bytes, sizeof bytes);

    if (size == 0 || (size < 0 && !is_later(errno)))
        conn_end(conn);
}

/* True when nobody is there to be written to; false also where only its sending has ended. */
static bool is_gone(int fd)
{
    struct pollfd about = {.fd = fd};

    return poll(&about, 1, 0) > 0 && (about.revents & (POLLHUP | POLLERR)) != 0;
}

/* The other end has closed while it was not read. One that is gone is ended, and what it sent last
 * is lost; one that only has nothing more to say is read to its end when its turn comes. */
static void conn_lost_sight(struct conn *conn)
{
    if (is_gone(conn->fd))
        conn_end(conn);
    else
        conn->half_closed = true;
}

static void conn_ready(struct conn *conn, int events)
{
    if (conn->state == CONN_LINGERING) {
        conn_drop_input(conn);
        return;
    }
    conn_touch(conn);
    if (events & UV_WRITABLE) {
        conn_set_stuck(conn, false);
        conn_write(conn);
    }
    if (conn->state == CONN_OPEN && events & UV_READABLE && !conn->left)
        conn_read(conn);
    if (conn->state == CONN_OPEN && events & UV_DISCONNECT)
        conn_lost_sight(conn);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *conn = handle->data;

    server_turn_begin(conn->server);
    status_touch(&conn->server->status);
    if (status < 0)
        conn_end(conn);
    else
        conn_ready(conn, events);
}

/* ---- going ---- */

static void conn_wait_in(struct conn *conn, struct conn_queue *queue)
{
    if (conn->waits_in == queue)
        return;
    if (conn->waits_in != NULL)
        TAILQ_REMOVE(&conn->waits_in->list, conn, in_queue);
    conn->waits_in = queue;
    if (queue == NULL)
        return;
    conn->until_us = conn->server->now.mono_us + queue->stay_us;
    TAILQ_INSERT_TAIL(&queue->list, conn, in_queue);
}

/* From here on the router does not know it. */
static void conn_leave_router(struct conn *conn)
{
    conn_untouch(conn);
    conn_set_stuck(conn, false);
    router_disconnect(conn->server->router, &conn->peer);
}

static void conn_linger(struct conn *conn)
{
    conn_leave_router(conn);
    conn->state = CONN_LINGERING;
    (void)shutdown(conn->fd, SHUT_WR);
    conn_wait_in(conn, &conn->server->lingering);
    conn_wait_for(conn, UV_READABLE);
}

static int conn_interest(const struct conn *conn)
{
    int interest = conn->stuck ? UV_WRITABLE : 0;

    if (conn->left)
        return interest;
    if (conn->peer.standing == PEER_OPEN && peer_is_read(&conn->peer))
        return interest | UV_READABLE;
    return conn->half_closed ? interest : interest | UV_DISCONNECT;
}

/* A line for the last request that was denied; those before are counted with those left out. */
static void conn_log_denied(struct conn *conn)
{
    uint32_t news = conn->peer.denied - conn->denied_seen;
    char who[WHO_TEXT_MAX];

    if (news == 0)
        return;
    conn->denied_seen = conn->peer.denied;
    log_left_out(LOG_DENIED, news - 1);
    log_seldom(LOG_DENIED, conn->server->now.mono_us, "peer=%d %s request=%s", conn->fd,
               who_text(who, &conn->who, conn->peer.address), conn->peer.denied_last);
}

void conn_settle(struct conn *conn)
{
    char who[WHO_TEXT_MAX];
    bool is_told = !peer_has_output(&conn->peer);

    conn_untouch(conn);
    conn_log_denied(conn);
    switch (conn->peer.standing) {
    case PEER_OPEN:
        break;
    case PEER_ENDING:
        if (is_told) {
            conn_linger(conn);
            return;
        }
        conn_wait_in(conn, &conn->server->ending);
        break;
    case PEER_DROPPED:
        log_seldom(LOG_DROPPED, conn->server->now.mono_us,
                   "it did not read, or did not speak, in time; peer=%d %s", conn->fd,
                   who_text(who, &conn->who, conn->peer.address));
        conn_end(conn);
        return;
    }
    if (conn->left && is_told)
        conn_end(conn);
    else
        conn_wait_for(conn, conn_interest(conn));
}

/* The handle has closed: until then libuv may still have used the block. */
static void on_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct server *server = conn->server;

    pmad_free(server->pools.of[POOL_WORKERS], conn);
    server_conn_gone(server);
}

void conn_end(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    if (conn->state == CONN_OPEN)
        conn_leave_router(conn);
    conn->state = CONN_CLOSED;
    conn_wait_in(conn, NULL);
    status_touch(&conn->server->status);
    TAILQ_REMOVE(&conn->server->conns, conn, in_all);
    conn_count(conn, users_leave);
    log_event(LOG_DISCONNECTED, "peer=%d", conn->fd);
    uv_close((uv_handle_t *)&conn->poll, on_closed);
    close(conn->fd);
}
