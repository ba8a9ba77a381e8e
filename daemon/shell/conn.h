#ifndef CONN_H
#define CONN_H

/*
 * One connection: a socket, its handle, and the peer the router knows. It is a block of the pool
 * `workers` from accept4(2) until its handle has closed. The connection only carries: bytes that
 * have come go where the router says, bytes the router has go out, and its end becomes the end of
 * the peer.
 *
 *     CONN_OPEN       read and written, as the router wishes
 *        | its peer is PEER_ENDING and all has been written
 *        v
 *     CONN_LINGERING  unknown to the router; the write side is shut, what still comes is dropped, so
 *        |            that the last answer is not lost to a reset; at most CONN_LINGER_US
 *        v
 *     CONN_CLOSED     until libuv lets go of the handle
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <uv.h>

#include "access.h"
#include "peer.h"
#include "stranger.h"

enum {
    CONN_LINGER_US = 1000000, /* how long a peer may take to notice its end */
    CONN_ENDING_US = 5000000  /* how long it may take to read its last answers */
};

enum conn_state { CONN_OPEN, CONN_LINGERING, CONN_CLOSED };

struct server;

TAILQ_HEAD(conn_list, conn);

/* Connections with the same time to live, in the order in which it ends. */
struct conn_queue {
    struct conn_list list;
    uint64_t stay_us;
};

struct conn {
    struct peer peer; /* the first member: the router's peer is our connection */
    struct server *server;
    uv_poll_t poll;
    int fd;
    struct ucred who;     /* by the Unix socket: process and user; else uid NO_USER */
    uint32_t denied_seen; /* of peer.denied: logged, or left out */
    bool is_local;        /* it came by the Unix socket */
    int interest;         /* what the handle waits for, enum uv_poll_event */
    enum conn_state state;
    bool stuck;                  /* the socket takes no more; it waits for UV_WRITABLE */
    bool half_closed;            /* its other end sends no more, but what it sent is not read yet */
    bool left;                   /* all it sent has been read: it goes when all has been written */
    bool touched;                /* in server->touched */
    struct conn_queue *waits_in; /* for its time to end; or NULL */
    uint64_t until_us;           /* then */
    TAILQ_ENTRY(conn) in_all;
    TAILQ_ENTRY(conn) in_touched;
    TAILQ_ENTRY(conn) in_queue;
};

/* The connection of a peer that the router named. */
struct conn *conn_of(struct peer *peer);

/* Makes a connection of a socket that was accepted, and a peer of it with these rights; the router has
 * room for one. False when there is no block for it or libuv refuses; the socket is the caller's
 * then. */
bool conn_open(struct server *server, int fd, const struct stranger *stranger,
               const struct access_rights *rights);

/* Writes what the router has for it, until the socket takes no more. */
void conn_write(struct conn *conn);

/* Looks at it once all is read and written in this turn: should it end, and what does it wait for? */
void conn_settle(struct conn *conn);

/* Ends peer and connection now. */
void conn_end(struct conn *conn);

#endif
