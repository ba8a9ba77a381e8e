#ifndef USERS_H
#define USERS_H

/*
 * How many connections each user has by the Unix socket. A table of fixed size with room for as many
 * users as there can be connections, in one block of a pool; every call is O(1).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "incPMAD.h"

struct user {
    uid_t uid;
    uint32_t connections; /* 0: the place is free */
};

struct users {
    struct user *places;
    size_t mask;  /* places, a power of two, less one */
    size_t count; /* users that are connected */
};

/* Bytes of the table for so many connections. */
size_t users_size(size_t connections);

/* False when the pool has no block for it. */
bool users_init(struct users *users, struct pmad *pool, size_t connections);

/* Gives the block back. */
void users_finish(struct users *users, struct pmad *pool);

/* How many connections that user has. */
size_t users_connections(const struct users *users, uid_t uid);

/* One more, one less. */
void users_enter(struct users *users, uid_t uid);
void users_leave(struct users *users, uid_t uid);

#endif
