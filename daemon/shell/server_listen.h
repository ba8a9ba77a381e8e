#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

/*
 * Where the daemon listens. Sockets that the service manager passes stand for those of the config: a Unix
 * socket for `socket`, a TCP socket for every `listen`. Nothing is done to them but to accept, and they
 * outlive the daemon: who connects while it drains waits for the next one.
 */
#include "config.h"

struct server;

/* Returns 0, or a negative errno, logged; then nothing is open. */
int server_listen(struct server *server, const struct config *config);

/* Closes all of it. */
void server_unlisten(struct server *server);

#endif
