#ifndef ROUTER_STATE_H
#define ROUTER_STATE_H

/* The whole state of a router: what the files of the core share, and nobody else sees. */
#include <stdbool.h>

#include "answer.h"
#include "function.h"
#include "registration.h"
#include "router.h"
#include "rules.h"
#include "slot.h"
#include "store.h"
#include "table.h"
#include "task.h"
#include "unique.h"
#include "wheel.h"
#include "wire.h"

enum {
    /* A read never takes the last of the pool `wire`: what it causes must find room too. */
    WIRE_MARGIN = 8192,
    /* A body leaves as much room again as it takes, or this: however many results wait for slow
     * clients, others are read and answered. */
    BODY_MARGIN = 2 * WIRE_MARGIN,
    /* What all listings together may write in a turn, and so the largest piece of one, about. */
    LISTING_TURN = 32768,
    /* What one read brings of heads and small frames: all of it is done before others have a turn. */
    READ_TURN = 16384,
    /* How many clients may be told news of their tasks in a turn, about. */
    NEWS_TURN = 16384,
    /* Heads that are made when they are written are made here. */
    SCRATCH_SIZE = 65536,
    VERSION_MAX = 64,
    VERBOSITY_MAX = 16,
    ROUTER_POOLS = 4,
    /* Time limits are kept to the millisecond, and are never too short. */
    TICK_US = 1000,
    SECOND_US = 1000000
};

/* What it says about itself when it is asked. */
struct router_about {
    char version[VERSION_MAX];
    char verbosity[VERBOSITY_MAX];
    long pid;
};

/* Where router_audit() goes on, in each table. */
struct router_audited {
    size_t slots, peers, functions;
};

struct router {
    struct router_limits limits;
    struct pmad *pools[ROUTER_POOLS]; /* tasks, wire, workers, runtime: in the order of listings */
    struct pmad *workers;
    struct pmad *runtime;
    struct scarcity scarcity;
    struct store tasks;
    struct store wire;
    struct lane lane;
    struct slots slots;
    struct rules *rules;
    struct functions functions;
    struct registrations registrations;
    struct uniques uniques;
    struct wheel millis;  /* of the clock that never goes back: time limits of workers */
    struct wheel seconds; /* of the wall clock: tasks that are not to run before */
    struct table peers;   /* struct peer_slot */
    uint32_t peers_free;
    size_t reserved_slots; /* of free kits */
    size_t arriving;       /* bytes of bodies that come piece by piece, */
    size_t arriving_max;   /* and how many there may be: half the pool `tasks`, or one */
    size_t head_max;       /* bytes of the largest head that is listened to */
    size_t unread; /* bytes of the read buffer not judged yet: the pool `wire` has room for them */
    uint64_t turn; /* how many there have been */
    size_t listing_left; /* of this turn's LISTING_TURN */
    size_t news_left;    /* and of its NEWS_TURN */
    uint8_t *read_buffer;
    uint8_t *scratch;
    struct router_now now;
    bool draining;
    struct peer_list ready;
    struct peer_list starved;  /* HALT_MEMORY */
    struct peer_list resumed;  /* HALT_RESUMED */
    struct peer_list short_of; /* workers with a task in hand that found no room for another */
    struct peer_list freed;    /* workers that have credit again, see match.h */
    struct peer_list timers[PEER_DEADLINES];
    uint64_t waits; /* how often somebody has begun to wait, */
    uint64_t names; /* and how often a registration went behind the others of its peer */
    size_t states[TASK_STATES]; /* tasks in each state; TASK_FREE is not counted */
    struct router_counts counts;
    size_t worker_wakeup;
    bool round_robin, exceptions;
    struct router_about about;
    struct out_list reloads; /* nodes for those who wait for the answer to `reload` */
    const struct router_gauge *gauges;
    size_t gauge_count;
    uint64_t refused[REFUSAL_LIMITS]; /* for each reason */
    struct router_audited audited;
};

/* A row of the table of peers, so that listings can stop at one and go on at the next. */
struct peer_slot {
    struct peer *peer;
    uint32_t next_free;
};

#endif
