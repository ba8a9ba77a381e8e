#ifndef ENDPOINT_H
#define ENDPOINT_H

/*
 * Places where connections arrive: a Unix socket, TCP addresses. Made at start, with words in the
 * log for what went wrong; after that only accept4(2) happens on them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "config.h"
#include "process.h"
#include "text.h"

enum { ENDPOINT_WHY_MAX = 512 };

struct endpoint {
    int fd; /* listening, non-blocking */
    /* what it is, for the log: a path, or ADDRESS:PORT */
    char name[CONFIG_ADDRESS_MAX];
    bool is_tcp;
    /* Unix: the file that is ours, and only as long as it is */
    char path[CONFIG_PATH_MAX]; /* empty: there is none */
    dev_t device;
    ino_t inode;
};

/*
 * Listens at `server->socket`, whose file has the mode and group of the config from its first moment
 * on. A socket file that nobody answers at is replaced; one that somebody does, or that is no
 * socket, is left alone. The file is
 * `owner`'s. Returns 0, or a negative errno with the reason in `*why` (ENDPOINT_WHY_MAX bytes): whether
 * it is an error the caller knows.
 */
int endpoint_unix(struct endpoint *endpoint, const struct config_server *server,
                  const struct process_user *owner, struct text *why);

/*
 * Listens at every address that HOST:PORT stands for, at most `max`: for `localhost` those of the
 * loopback, whatever the machine calls so. Returns how many there are now in `endpoints`, or a negative
 * errno, logged; then there are none.
 */
int endpoint_tcp(struct endpoint *endpoints, size_t max, const char *address, size_t backlog);

/*
 * Takes over the sockets that the service manager passes (sd_listen_fds(3)). Returns how many there are
 * now in `endpoints`, at most `max`, or a negative errno, logged, where one of them cannot be listened at.
 */
int endpoint_passed(struct endpoint *endpoints, size_t max);

/* Gives it the name ADDRESS:PORT, in figures. */
void endpoint_name_tcp(struct endpoint *endpoint, const struct sockaddr *address, socklen_t size);

/* Closes it; a socket file that is still ours goes too. */
void endpoint_close(struct endpoint *endpoint);

#endif
