#ifndef PEER_H
#define PEER_H

/* A connection in its role: a client, a worker, one that stands by. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "protocol.h"

enum { FUNCTION_NAME_SIZE = 24 };

enum peer_state {
    PEER_WAITS, /* for the confirmation of what it said */
    PEER_READY
};

struct peer {
    struct conn conn;
    enum peer_state state;
    bool blocked;      /* the socket is full: wakes up when it can be written */
    bool is_idle;      /* a worker of functions that nobody calls */
    bool asked;        /* a worker's: an answer to its question is due */
    const char *role;  /* for messages */
    uint16_t number;   /* among those of its role */
    unsigned function; /* a client's: the last that it submitted to; see protocols */
    peer_take *take;
    struct peer *client; /* of a connection for results: whose */
    uint64_t *starts;    /* a client's background tasks that are not accepted yet, a ring */
    unsigned starts_at, starts_count;
};

/* ---- what modes use ---- */

/* Connect peers and say hello; return when the server knows all of them. Workers can do nothing yet,
 * but for the idle ones. */
void peers_open_idle(struct load *load);
void peers_open_workers(struct load *load);
void peers_open_clients(struct load *load);

/* Has all workers say what they can do. They are ready when the server knows. */
void peers_begin_workers(struct load *load);

/* Returns when the server knows of all that they have done. */
void peers_end_workers(struct load *load);

/* Writes what a peer has said. It is done anyway for each peer that was read from. */
void peer_flush(const struct load *load, struct peer *peer);

/* ---- what protocols use ---- */

/* What a peer said first is confirmed. */
void peer_ready(struct load *load, struct peer *peer);

/* Ends the program: this was sent to a peer, and makes no sense there. */
_Noreturn void peer_fail(const struct peer *peer, const char *what, const void *bytes, size_t size);

/* What a worker can do: the name of the first, the second, ... of so many functions. */
unsigned function_count(const struct load *load, const struct peer *worker);
const char *function_name(const struct load *load, const struct peer *worker, unsigned function);

#endif
