#ifndef RIG_H
#define RIG_H

/*
 * A router without a world: pools, a clock that the test moves, and remotes, which are the far ends
 * of connections. What a remote is to send is handed to the core in pieces of a chosen size; what
 * the core says to it is taken in pieces of a chosen size, or not at all.
 *
 * rig_turn() is the turn of router.h to the letter: a peer is written to only when the core has
 * named it or its writing got stuck, and read only when peer_input() names room. A core that forgets
 * to name somebody is found at the end of the turn.
 */
#include <stdbool.h>

#include "heap.h"
#include "pools.h"
#include "router.h"

#define RIG_WALL_US INT64_C(1700000000000000) /* the wall clock of a rig at its beginning */

enum { RIG_ALL = 0 }; /* in `piece` and `slices`: no bound of the test's */

struct rig_setup {
    struct router_limits limits;
    struct pmad_layout tasks, wire;
    struct router_function_rule every_function;
    const struct router_function_row *functions;
    size_t function_count;
    const struct router_pattern *patterns;
    size_t pattern_count;
    size_t worker_wakeup;
    bool round_robin, exceptions;
    uint8_t seed; /* fills router_setup.seed */
};

/* The core's peer in memory of its own, given back the moment it is disconnected: whoever uses it
 * later is seen by a sanitizer. */
struct seat {
    struct peer peer;
    struct remote *remote;
};

struct remote {
    struct rig *rig;
    struct remote *next;
    struct seat *seat; /* NULL: not connected any more */
    int number;

    struct bytes to_send; /* not handed over yet */
    size_t fed;           /* bytes handed over since it connected */
    size_t piece;         /* bytes handed over at a time */
    bool halted;          /* peer_input() named no room; waits to be named */

    struct bytes heard; /* what it was told */
    size_t looked_at;   /* bytes at the front of it that talk.h has shown */
    size_t appetite;    /* bytes it reads before it stops; SIZE_MAX: it never stops */
    bool stuck;         /* something could not be written */
    size_t slices;      /* how many peer_output() may fill at once */
};

struct rig {
    struct rig_setup setup;
    struct router_pools pools;
    struct router *router;
    struct router_now now;
    uint64_t next_us; /* what router_deadline() said last */
    struct remote *remotes;
    int numbers;                                /* of the remotes made so far */
    size_t tasks_base, wire_base, workers_base; /* bytes in use right after router_init() */

    /* Called, where it is set, before a peer is ended by the rig of its own accord. */
    void (*on_end)(struct remote *remote, enum peer_standing standing, void *context);
    /* Called, where it is set, whenever the core may have judged frames of this peer. */
    void (*on_fed)(struct remote *remote, void *context);
    void *context;
};

/* Limits and pools in which nothing a test does by the way is refused. Durations are 0: never. */
struct rig_setup rig_setup_ample(void);

void rig_init(struct rig *rig, const struct rig_setup *setup);

/* router_change() to what `setup` says now; who is connected keeps its rights, by number. */
bool rig_change(struct rig *rig, const struct rig_setup *setup);

/*
 * Everybody leaves, what is left is given up, and every pool must be as it was at the beginning, the
 * core consistent, the pools sound. Gives everything back.
 */
void rig_finish(struct rig *rig);

/* One turn, repeated until nothing moves, and another as long as one is due. */
void rig_turn(struct rig *rig);

/* Moves both clocks, and makes a turn. */
void rig_sleep(struct rig *rig, uint64_t us);

/* Fails with the core's own words if router_check() finds something. */
void rig_check(struct rig *rig);

struct router_counts rig_counts(const struct rig *rig);

/* Sets the wall clock, to so many microseconds since 1970, and makes a turn; the other clock stands. */
void rig_set_wall(struct rig *rig, int64_t wall_us);

/* A new connection with all rights; there must be room. It reads everything. */
struct remote *remote_new(struct rig *rig);

/* The same with some rights only, a set of enum peer_right. */
struct remote *remote_with(struct rig *rig, unsigned rights);

/* The connection ends; `remote` stays, for what it heard, until rig_finish() or remote_free(). */
void remote_leave(struct remote *remote);

void remote_free(struct remote *remote);

/* Bytes to be sent, from the next turn on. */
void remote_post(struct remote *remote, const void *bytes, size_t size);

/* True when all that was posted has been handed over and judged. */
bool remote_is_settled(const struct remote *remote);

/* Bytes handed over that the core has not judged yet. */
size_t remote_unjudged(const struct remote *remote);

#endif
