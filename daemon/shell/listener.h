#ifndef LISTENER_H
#define LISTENER_H

/* A listening socket in the loop. It is read only while one more connection has room; who is not
 * accepted waits in the kernel's queue. */
#include <stdbool.h>
#include <uv.h>

#include "endpoint.h"

enum { ACCEPT_RETRY_US = 200000 }; /* how long to wait for what the system did not have */

struct server;

struct listener {
    struct server *server;
    struct endpoint endpoint;
    uv_poll_t poll;
};

/* Puts a socket into the loop, accepting. Returns 0 or a negative UV_E code. */
int listener_init(struct listener *listener, struct server *server,
                  const struct endpoint *endpoint);

/* Stops accepting, and begins again; listener_resume() returns 0 or a negative UV_E code. */
void listener_pause(struct listener *listener);
int listener_resume(struct listener *listener);

/* Closes socket and handle. */
void listener_close(struct listener *listener);

#endif
