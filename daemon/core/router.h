#ifndef ROUTER_H
#define ROUTER_H

/*
 * The routing core: a state machine without a world. In come bytes from peers, the end of a peer,
 * the passing of time; out go bytes, per peer. It reads no clock, opens no socket, logs nothing and
 * takes memory from the pools it was given and nowhere else, so that every run can be repeated from
 * its inputs. The daemon, the simulator and the tests drive it through the calls below.
 *
 * One turn of its driver:
 *
 *     router_tick(router, now);                            what time it is, what has expired
 *     for every peer that has bytes:
 *         n = peer_input(peer, room, ROOM_MAX);            where they belong: read them there
 *         peer_input_got(peer, bytes_read);                frames are judged and done
 *     do
 *         while ((peer = router_next_output(router))) {
 *             n = peer_output(peer, slices, max);          what is to be written: write it
 *             peer_output_sent(peer, bytes_written);
 *         }
 *     while (router_settle(router));                       who waited for room goes on
 *     until = router_deadline(router);                     the next turn is not later than this
 *
 * A frame enters by two steps. Its head, which is small and bounded, is judged by router_begin()
 * before its body has come: taken, refused by name, or told to wait. The body of what is taken is
 * read straight into the blocks it will stay in, and router_commit() makes it happen. Between the
 * two only memory is held, so that a peer which leaves in the middle leaves nothing behind. The
 * calls of the turn above do this for every frame in the bytes (inbox.c).
 *
 * Where every byte lives, who gives it back, and what is held for a task before its submitter hears
 * JOB_CREATED: docs/architecture.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "gm_frame.h"
#include "incPMAD.h"
#include "peer.h"

struct router;

/* What the router goes by; pmadd.conf(5), section [limits], says what each is for. Durations of 0:
 * never. */
struct router_limits {
    size_t connections;
    size_t connections_reserved; /* of them: who comes last may not submit */
    size_t tasks;
    size_t functions;
    size_t function_name_max;
    size_t payload_max;
    size_t text_line_max;
    size_t submissions_per_connection;
    size_t waiters_per_task; /* at most 65535 */
    size_t registrations_per_worker;
    size_t outbox_max;
    uint64_t slow_peer_grace_us;
    uint64_t frame_timeout_us;
    uint64_t idle_timeout_us;
};

/* Where its memory comes from. The pools stay the caller's, and outlive the router. */
struct router_pools {
    struct pmad *tasks;   /* envelopes, bodies of submissions, waiters */
    struct pmad *wire;    /* unfinished heads, answers, bodies of results */
    struct pmad *workers; /* registrations; the caller's connections */
    struct pmad *runtime; /* tables, once, in router_init() */
};

/* What holds for a function; pmadd.conf(5), sections [function *] and [function LABEL]. */
struct router_function_rule {
    uint64_t timeout_us;   /* how long a worker may have a task; 0: for ever */
    size_t retries;        /* how many workers a task may cost, at most 65535; 0: any number */
    size_t max_queue;      /* tasks of it at once, running ones included; 0: no limit of its own */
    size_t max_bytes;      /* bytes of their bodies; 0: no limit of its own */
    size_t reserve;        /* submissions it has room for whatever others do, */
    size_t reserve_size;   /* each with a body of so many bytes */
    uint64_t warn_wait_us; /* how long its tasks wait before router_stuck() tells; 0: for ever */
    bool retry_on_fail;    /* WORK_FAIL counts as a lost worker */
};

/* A pattern of function names: bytes, ROUTER_ANY_BYTE for any one, ROUTER_ANY_BYTES for any number. */
enum {
    ROUTER_ANY_BYTE = 256,
    ROUTER_ANY_BYTES = 257,
    ROUTER_PATTERN_MAX = 128, /* items */
    ROUTER_PATTERNS_MAX = 64, /* that rights are limited to */
    ROUTER_RULES_MAX = 64     /* functions, or kinds of them, with rules of their own */
};

struct router_pattern {
    size_t size;
    uint16_t items[ROUTER_PATTERN_MAX];
};

/* The functions that `match` matches have that rule; of several that match, the first. One with a
 * reserve matches one name. */
struct router_function_row {
    struct router_pattern match;
    struct router_function_rule rule;
};

/* A number of the driver's that the line `stats` tells beside the router's own. */
struct router_gauge {
    const char *name;
    const uint64_t *value;
};

enum {
    ROUTER_PREFIX_MAX = 42,   /* bytes of `handle_prefix` */
    ROUTER_CREDIT_MAX = 65535 /* of `pmad-push=N`: tasks a worker may have in hand unasked */
};

struct router_setup {
    struct router_limits limits;
    struct router_pools pools;
    struct router_function_rule every_function; /* that no row matches; without a reserve */
    const struct router_function_row *functions;
    size_t function_count;                 /* at most ROUTER_RULES_MAX */
    const struct router_pattern *patterns; /* for router_grant() */
    size_t pattern_count;                  /* at most ROUTER_PATTERNS_MAX */
    const struct router_gauge *gauges;     /* kept by reference, with what they point to */
    size_t gauge_count;
    const char
        *handle_prefix;    /* of job handles: 1 to ROUTER_PREFIX_MAX printable bytes, no blanks */
    const char *version;   /* what the line `version` answers */
    const char *verbosity; /* and the line `verbose` */
    long pid;              /* and the line `getpid` */
    size_t worker_wakeup;  /* sleepers woken for each task; 0: all there are */
    bool round_robin;      /* a worker's functions take turns within a priority */
    bool exceptions;       /* all clients get WORK_EXCEPTION, without asking for it */
    uint8_t seed[16];      /* random: keys the hash tables and starts the generations of handles */
};

struct router_now {
    uint64_t mono_us; /* never goes back */
    int64_t wall_us;  /* since 1970-01-01 00:00 UTC; may be set, forward and back */
};

enum router_status {
    ROUTER_OK,
    ROUTER_RUNTIME_TOO_SMALL, /* the pool `runtime` cannot hold the tables, see router_needs() */
    ROUTER_WIRE_TOO_SMALL,    /* the pool `wire` cannot hold a body of payload_max and one read */
    ROUTER_TASKS_TOO_SMALL,   /* the pool `tasks` cannot hold one task of payload_max */
    ROUTER_RESERVE_TOO_LARGE /* the pool `tasks`, or the limits, cannot hold all that is reserved */
};

/*
 * What the router will take from a pool whose size follows from the limits: block sizes and how many
 * blocks of each. Fills at most `max` needs and returns how many there are. Only POOL `runtime`
 * (everything at init) and `workers` (registrations, as they come) have needs.
 */
struct router_need {
    size_t block_size;
    size_t blocks;
};

size_t router_needs_runtime(const struct router_limits *limits, struct router_need *needs,
                            size_t max);
size_t router_needs_workers(const struct router_limits *limits, struct router_need *needs,
                            size_t max);

/* Bytes an envelope takes for a task with a unique id and a reducer of `texts_size` bytes together and a
 * body of `body_size` in its block; what is too large for one block is a chain beside an empty
 * envelope. */
size_t router_envelope_size(size_t texts_size, size_t body_size);

/* Bytes of a waiter: one for each foreground submission, from the pool `tasks`. */
size_t router_waiter_size(void);

/*
 * The router keeps lanes back, so that nobody waits for ever for an answer, nor what a worker says for its
 * clients. It takes them of the pool `wire` at init, in this order: a body of payload_max; a node of
 * router_lane_node_size() bytes for each client that can wait for one task; ROUTER_LANE_ANSWERS nodes of
 * router_lane_answer_size() bytes, with room for the longest answer.
 */
enum { ROUTER_LANE_ANSWERS = 8 };

size_t router_lane_nodes(const struct router_limits *limits);
size_t router_lane_node_size(void);
size_t router_lane_answer_size(const struct router_limits *limits);

/* Bytes of bodies that the pool `wire` must have room for beside the blocks of the lanes: one read, a
 * margin, the longest row of a listing. */
size_t router_wire_beside(const struct router_limits *limits);

/* The same with the lanes, if every block were as large as what is in it: what a pool has at least. */
size_t router_wire_floor(const struct router_limits *limits);

/*
 * What a reserve takes of the pool `tasks` at init, for each submission: an envelope of so many bytes,
 * a body of reserve_size in blocks of its own, and a waiter; and a slot. The rest of the pool must hold
 * one task of payload_max as ever.
 */
size_t router_reserve_envelope(const struct router_limits *limits);

/* Makes a router out of blocks of the pools. On ROUTER_OK `*router` is ready until router_finish();
 * on any other status nothing is held. `setup` is not kept, nor what it points to but the pools. */
enum router_status router_init(struct router **router, const struct router_setup *setup);

/* Gives every block back. All peers must have been disconnected. */
void router_finish(struct router *router);

/* One phrase for a status, without a full stop. */
const char *router_status_text(enum router_status status);

/* ---- peers come and go ---- */

/* True while one more peer that may do `rights`, a set of enum peer_right, may connect: the last
 * connections_reserved are for those who may work or administer. */
bool router_has_room(const struct router *router, unsigned rights);

/*
 * Makes `*peer`, memory of the caller's, a peer of the router; there must be room. `number` is what
 * listings call it (its descriptor), `address` one word of at most PEER_ADDRESS_MAX bytes, `rights`
 * what it may ask for, for every function: a set of enum peer_right. One that takes a connection of the
 * reserve may not submit: that is refused, and ends it.
 */
void router_connect(struct router *router, struct peer *peer, int number, const char *address,
                    unsigned rights);

/* Allows it `right` for the functions that pattern `index` of router_setup matches, too. */
void router_grant(struct router *router, struct peer *peer, enum peer_right right, size_t index);

/* Ends a peer: its unfinished frame is forgotten, its queued foreground tasks are dropped, its
 * assigned ones go back to the head of their queues, what waited to be said to it is given back.
 * Afterwards the router knows nothing of `*peer`. */
void router_disconnect(struct router *router, struct peer *peer);

/* ---- other rules, while it runs ---- */

/*
 * From now on it goes by `setup`, as if it had been made with it: the limits that size no table, the rules
 * of functions, the patterns, the verbosity. Of the limits connections, tasks, functions,
 * function_name_max, payload_max, waiters_per_task and registrations_per_worker stay what they are, and so
 * do all reserves; where `setup` says otherwise, or keeps back as many connections as there are, nothing
 * changes and the answer is false.
 *
 * A function takes its new rule at once, but for a limit that `maxqueue` has set. A time limit that runs
 * goes on to its end. Numbers of patterns mean the new ones, so every peer is to be told its rights anew
 * before anything else, router_allow().
 */
bool router_change(struct router *router, const struct router_setup *setup);

/*
 * What this peer may ask for now, in place of what it might: `rights` for every function, and by right,
 * `some`, for those of these patterns, a set of their numbers. Tasks it has submitted go on. One that has
 * no right left, or is registered for, or has in hand, what it may not do, hears ERROR ACCESS_DENIED and
 * is ended.
 */
void router_allow(struct peer *peer, unsigned rights, const uint64_t some[PEER_RIGHTS]);

enum { ROUTER_RELOAD_MAX = 600 }; /* bytes of the answer to `reload` */

/* Somebody who has said `reload` and waits for the answer; NULL: nobody. Ask at the end of a turn, when
 * router_settle() has nothing more. */
struct peer *router_reload_asked(const struct router *router);

/* Answers it, with at most ROUTER_RELOAD_MAX bytes of a line; control characters become `?`. */
void router_reload_answer(struct peer *peer, const char *answer);

/* ---- bytes in ---- */

enum { ROUTER_READ_SIZE = 65536 }; /* bytes of the read buffer all peers share */

/*
 * Says where the next bytes of this peer belong: fills `room` with at most `max` (2 or more)
 * stretches of memory, to be filled in order, and returns how many; 0 when the peer is not to be
 * read now (it will come up in router_next_output() when that changes). The memory is good until any
 * other call on the router.
 */
size_t peer_input(struct peer *peer, struct iovec *room, size_t max);

/* `bytes`, 1 or more, have been put there: everything whole in them is done. What is left of them
 * the router keeps by itself. */
void peer_input_got(struct peer *peer, size_t bytes);

/* ---- the same, frame by frame ---- */

enum router_verdict {
    ROUTER_TAKE, /* put the body where router_body() says, then router_commit() */
    ROUTER_SKIP, /* all is said and done; what body there is, is dropped */
    ROUTER_WAIT, /* no room for this now; nothing happened; begin again later */
    ROUTER_CLOSE /* this peer is to be closed when its last answer is written */
};

/* Judges the head of a frame. Nothing of `head` is kept by reference. */
enum router_verdict router_begin(struct router *router, struct peer *peer,
                                 const struct gm_head *head);

/* Where the next bytes of the body taken belong; 0 when it is whole or nobody wants its bytes. */
size_t router_body(struct peer *peer, struct iovec *room, size_t max);

/* So many of them are there (or were dropped, where nobody wants them). */
void router_body_got(struct peer *peer, size_t bytes);

/* The body is whole: the frame takes effect. */
void router_commit(struct router *router, struct peer *peer);

/* ---- bytes out ---- */

/*
 * Returns the next peer that needs its driver: it has something to say, it is to be read again, or it
 * is to be ended (peer->standing). NULL when all have been named. A peer is named once for all that
 * has gathered, and again when there is news; one whose writing got stuck must be remembered by the
 * driver until it can be written.
 */
struct peer *router_next_output(struct router *router);

/* Fills at most `max` slices with what is to be written next and returns how many; 0: nothing. They
 * are good until any other call on the router. */
size_t peer_output(struct peer *peer, struct iovec *slices, size_t max);

/* The first `bytes` of them have been written. */
void peer_output_sent(struct peer *peer, size_t bytes);

/* True while something waits to be written to this peer. */
bool peer_has_output(const struct peer *peer);

/* True while peer_input() would name room. */
bool peer_is_read(const struct peer *peer);

/* Lets peers go on that waited for memory or for their own outbox. Returns true if that gave
 * router_next_output() something to name. */
bool router_settle(struct router *router);

/* ---- time ---- */

/* Tells the time and ends what has expired. Call at the beginning of every turn. */
void router_tick(struct router *router, struct router_now now);

/* The time (mono_us) at which the next thing can expire, UINT64_MAX when nothing can: there must be a
 * turn then, and when somebody has set the wall clock. Ask at the end of every turn, since what happens
 * in a turn changes it. */
uint64_t router_deadline(const struct router *router);

/* ---- the end ---- */

/* From now on submissions are refused as `draining`. Everything else goes on. */
void router_drain(struct router *router);

/* True when no task is left in any state. */
bool router_is_empty(const struct router *router);

enum { ROUTER_STUCK_NAME = 128 };

/* A function whose tasks wait though nobody can do any of them, whom an administrator has not paused. */
struct router_stuck {
    char name[3 * ROUTER_STUCK_NAME + 1]; /* percent-encoded, its first ROUTER_STUCK_NAME bytes */
    size_t queued;
    uint64_t waited_us; /* the longest */
    uint64_t over_us;   /* how much longer that is than the function's `warn_wait_us` */
};

/* Is row `row` of the functions, from 0 and below the limit `functions`, one whose tasks have waited for
 * its `warn_wait_us`? */
bool router_stuck(const struct router *router, size_t row, struct router_stuck *stuck);

/* Who keeps submissions: gets each as the bytes of a frame, in pieces. False: no more of them. */
struct router_keeper {
    void *user;
    bool (*begin)(void *user, size_t size); /* so many bytes come */
    bool (*put)(void *user, const void *bytes, size_t size);
    bool (*end)(void *user);
};

/* Tells what is left of the background: every task that has not ended, as the frame that would submit it
 * again, under its unique id. Those that run come first, then each queue in its order, then those for
 * later. False if the keeper wanted no more. */
bool router_keep(const struct router *router, const struct router_keeper *keeper);

/* Gives up all tasks: waiting clients get WORK_FAIL. Returns how many were in the background, and so
 * are lost. */
size_t router_abandon(struct router *router);

/* ---- scarcity, for tests and the simulator ---- */

/*
 * The nth allocation from now on (1: the next) fails as if its pool were used up, and, if `on`, so do
 * all after it; 0: none does. It may be one of any pool that the running router takes from. Returns how
 * many there have been since the last call.
 */
uint64_t router_scarcity(struct router *router, uint64_t nth, bool on);

/* ---- looking at it ---- */

struct router_counts {
    size_t peers;   /* connections; */
    size_t workers; /* of them, those with a registration, */
    size_t clients; /* and those with a waiter */
    size_t functions;
    size_t tasks;      /* the sum of the following */
    size_t tasks_most; /* that there ever were at once */
    size_t arriving, delayed, queued, assigned, cancelled_running, told;
    size_t bytes;          /* of the payloads of those that have not ended, */
    size_t arriving_bytes; /* and of those that come piece by piece */
    size_t waiters, registrations;
    size_t starved;          /* peers that wait for memory */
    size_t draining;         /* 1 since router_drain(), else 0 */
    size_t reserved;         /* submissions that there is room for in the reserves of functions */
    uint64_t submitted;      /* tasks accepted: JOB_CREATED was said */
    uint64_t completed;      /* ended by WORK_COMPLETE */
    uint64_t failed;         /* ended by WORK_FAIL or WORK_EXCEPTION, or given up */
    uint64_t cancelled;      /* ended by `cancel job` */
    uint64_t coalesced;      /* submissions attached to a task that was there */
    uint64_t abandoned;      /* foreground tasks whose last client left before they ran */
    uint64_t retried;        /* put back in their queue: their worker was lost, or took too long */
    uint64_t refused;        /* submissions refused, for whatever reason */
    uint64_t dropped_slow;   /* peers that did not read */
    uint64_t denied;         /* requests for which the peer had no right */
    uint64_t dropped_silent; /* peers that did not speak, or stopped in the middle of a frame */
};

/* submitted == completed + failed + cancelled + abandoned + delayed + queued + assigned, always. */
void router_counts(const struct router *router, struct router_counts *counts);

/*
 * Walks everything: every task in exactly one place, lists and counters consistent, every block of
 * the pools `tasks` and `wire` owned once. Returns NULL if all holds, else a phrase that names what
 * does not. O(everything); meant for tests, the simulator and debugging.
 */
const char *router_check(struct router *router);

/*
 * Looks at the next few hundred tasks, peers and functions, round and round, for what holds of each of
 * them by itself. Returns NULL, or a phrase as router_check() does. It takes some microseconds, and is
 * meant for a daemon that runs.
 */
const char *router_audit(struct router *router);

#endif
