#ifndef PROTOCOL_H
#define PROTOCOL_H

/*
 * A protocol: how a client asks for a task, how a worker takes and answers it, and how what the server
 * says is cut into messages. One table each, all of them in protocol.c.
 *
 * The functions named *_take look at `size` bytes that a peer has got, from the beginning of a message.
 * They return the bytes of the message after having done what it asks for, or 0 if it is not whole. They
 * say what happens by the functions of load.h named load_*, and end the program for a message that
 * makes no sense.
 *
 * A connection first says `hello`, and then, in its role, what *_begin says: who it is, and what it can
 * do. Its *_take calls peer_ready() when the server has confirmed the one or the other; where there is
 * nothing to confirm, *_begin does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task.h"

struct load;
struct peer;

typedef void peer_begin(struct load *load, struct peer *peer);
typedef size_t peer_take(struct load *load, struct peer *peer, const uint8_t *bytes, size_t size);

struct protocol {
    const char *name;
    bool asks;      /* a worker can ask for tasks: --classic */
    bool pushes;    /* a worker can have credits: --push */
    bool keeps;     /* tasks can wait without a worker: fill and drain */
    bool functions; /* a worker gets what it can do, and not what others can */

    /* Once, before any peer. */
    void (*prepare)(struct load *load);

    /* So that the server knows the connection, and we know that it does. */
    peer_begin *hello;

    peer_begin *client_begin;
    peer_take *client_take;
    void (*submit)(struct load *load, struct peer *client, struct task task);

    /* A second connection of each client for its results; NULL where they come over the first. */
    peer_begin *reply_begin;
    peer_take *reply_take;

    peer_begin *worker_begin;
    peer_take *worker_take;

    /* Makes a worker ready anew when the server knows of the last task that it has done. NULL where
     * load_done() is called no sooner than that. */
    peer_begin *worker_end;
};

/* The protocol of that name, or NULL; its names, with blanks between. */
const struct protocol *protocol_named(const char *name);
extern const char protocol_names[];

extern const struct protocol gearman, relay, beanstalk, redis, nats;

#endif
