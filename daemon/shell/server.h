#ifndef SERVER_H
#define SERVER_H

/*
 * The daemon: owns the pools, the router, the loop and everything in it. All memory is taken in
 * server_init(); from then on nothing asks the system for any.
 *
 * A turn is what happens between two waits of the loop. It begins with the first callback
 * (server_turn_begin(): what time is it, what has expired), goes on with one read for each socket
 * that has something, and ends when all events have been seen (server_turn_end(): one gathered write
 * for each peer that has something to say, and everything that follows from it).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "budget.h"
#include "config.h"
#include "conn.h"
#include "daemon_pools.h"
#include "gauges.h"
#include "listener.h"
#include "loop.h"
#include "pid_file.h"
#include "process.h"
#include "router.h"
#include "spool.h"
#include "status.h"
#include "stuck.h"
#include "users.h"
#include "watchdog.h"

enum { SERVER_LISTENERS_MAX = 1 + 2 * CONFIG_LISTEN_MAX };

enum server_phase {
    SERVER_RUNS,
    SERVER_DRAINS, /* asked to end: goes on until all tasks are done, or the grace is over */
    SERVER_ENDS    /* the loop is left */
};

struct reload;

struct server {
    struct daemon_pools pools;
    struct router *router;
    struct loop loop;
    enum server_phase phase;
    uint64_t grace_us;       /* [server] shutdown_grace */
    uint64_t drain_until_us; /* SERVER_DRAINS */

    bool in_turn;
    struct router_now now; /* when the turn began */

    size_t listener_count;
    struct listener listeners[SERVER_LISTENERS_MAX];
    bool passed_on; /* the sockets are the service manager's, and there for the next one, too */
    bool accept_paused;
    uint64_t accept_retry_us; /* paused for want of descriptors: until then; else 0 */

    int spare_fd; /* the descriptor for telling those off for whom there is none; -1: given up */

    const struct access *access; /* who may do what */
    struct reload *reload;       /* how the config is read again */
    bool reload_asked;           /* by a signal */
    struct gauges gauges;
    struct spool spool;       /* of background tasks, from one start to the next */
    struct users users;       /* at the Unix socket */
    size_t conn_max;          /* blocks there are for connections */
    size_t stuck_count;       /* of open connections whose socket takes no more */
    struct conn_list conns;   /* all that are not closed */
    struct conn_list touched; /* to be settled before the turn ends */
    struct conn_queue ending, lingering;

    struct status status;
    struct watchdog watchdog;
    struct stuck stuck;

    struct process_user user; /* whom it becomes once all is open */
    struct pid_file pid_file;
};

/* The version of pmadd. */
const char *server_version(void);

/*
 * Claims everything the budget names: descriptors, pools, loop, router, sockets; writes the pid file
 * and becomes the user of the config. Config, access and reload are to stay where they are. Returns 0 when all sockets answer
 * and the service manager has been told; else a negative UV_E code, and the reason has been logged in
 * words.
 */
int server_init(struct server *server, const struct config *config, const struct budget *budget,
                const struct access *access, struct reload *reload);

/* Serves until it is asked to end and has. */
void server_run(struct server *server);

/* Gives everything back. True if all of it was there, no block lost, no pool damaged, and no task was lost
 * that the spool should have kept; else that has been logged. */
bool server_finish(struct server *server);

/* ---- for listener.c, conn.c and loop.c ---- */

/* Every callback that may change something calls this first. */
void server_turn_begin(struct server *server);

/* After all events of a turn; nothing happens where no turn has begun. */
void server_turn_end(struct server *server);

/* True while one more connection can be taken. */
bool server_has_room(const struct server *server);

/* Stops all listeners: for want of room until a connection ends, or until `retry_us`. */
void server_pause_accept(struct server *server, uint64_t retry_us);

/* A connection's block has been given back. */
void server_conn_gone(struct server *server);

/* SIGHUP: the config is read again before the turn ends. */
void server_asked_to_reload(struct server *server);

/* SIGTERM or SIGINT: the first one drains, the second one ends. */
void server_asked_to_end(struct server *server, const char *signal_name);

#endif
