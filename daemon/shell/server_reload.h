#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

/*
 * The config is read again while the daemon runs, because of SIGHUP or the line `reload`: the same file
 * and the same command line as at the start. All of it is applied between two frames of a turn, or nothing:
 * a config that is wrong, or differs from that of the start in what only a restart changes, is refused
 * with the names of what is wrong, in the log and in the answer to the line.
 *
 * This is the one moment after the start at which the process may use the heap: for the names of users
 * and groups. What it takes it gives back.
 */
#include <stdbool.h>

#include "access.h"
#include "config.h"

struct server;

struct reload {
    /* Reads and finishes the config; false, with the errors, where it is wrong. */
    bool (*configure)(const void *source, struct config *config, struct config_errors *errors);
    const void *source;
    const struct config *started; /* what the daemon was made with */
    /* The rest is its own: in memory that is there from the beginning. */
    struct config config;
    struct config_errors errors;
    char unknown[16384];     /* users and groups that there are not, a line for each */
    struct access access[2]; /* the one in use, and the one being made */
};

/* Fills in the first three, and sees to it that the memory is there. */
void server_reload_init(struct reload *reload,
                        bool (*configure)(const void *source, struct config *config,
                                          struct config_errors *errors),
                        const void *source, const struct config *started);

/* Reads the config again if somebody has asked, and answers all who have. True if it did. */
bool server_reload_if_asked(struct server *server);

#endif
