#ifndef STATUS_H
#define STATUS_H

/*
 * The one line that `systemctl status` shows. It is told at most once a second, and only when it
 * says something new: a busy second is followed by one look, and a daemon that nothing happens to is
 * never woken for it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "daemon_pools.h"
#include "router.h"

enum { STATUS_MAX = 160 };

struct status {
    const struct daemon_pools *pools;
    bool is_wanted;
    bool is_due;   /* something happened since the last look, or nobody heard that we are ready */
    bool is_ready; /* the service manager has heard it */
    uint64_t next_us; /* the next look is not before */
    char told[STATUS_MAX];
};

/* The pools outlive it; they may be mapped later. */
void status_init(struct status *status, const struct daemon_pools *pools);

/* The sockets answer. A service manager that does not hear it would end us in time, so it is told once
 * a second until it does. */
void status_ready(struct status *status, const struct router *router);

/* The same again, behind a reload: it has been told that we are at that. */
void status_ready_again(struct status *status, const struct router *router);

/* Something happened that may show. */
void status_touch(struct status *status);

/* When status_refresh() is to be called; UINT64_MAX: not at all. */
uint64_t status_deadline(const struct status *status);

/* Tells the service manager, if it is time and there is something new. */
void status_refresh(struct status *status, const struct router *router, uint64_t now_us);

#endif
