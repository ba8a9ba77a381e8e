#ifndef PEER_H
#define PEER_H

/*
 * A peer: one connection, whatever it does on it: submit, work, ask. Its memory is the driver's, who
 * embeds it in a connection of his own; what is in it is the router's, but for `standing`, `number`,
 * `address`, and what it was denied, which anyone may read. Client, worker and administrator are
 * roles, not kinds: one connection may play all of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "block.h"
#include "wheel.h"

enum {
    PEER_ADDRESS_MAX = 47, /* bytes, without NUL: an IPv6 address and more */
    PEER_ID_MAX = 63       /* bytes of SET_CLIENT_ID that are kept, without NUL */
};

/* What a peer may ask for. */
enum peer_right {
    RIGHT_SUBMIT = 1,  /* SUBMIT_*, GET_STATUS* */
    RIGHT_WORK = 2,    /* CAN_DO*, GRAB_JOB*, PRE_SLEEP, WORK_* and the like */
    RIGHT_OBSERVE = 4, /* listings, `version` and other questions */
    RIGHT_ADMIN = 8,   /* `maxqueue`, `create function`, `drop function`, `cancel job`, `reload` */
    RIGHT_ALL = 15,
    PEER_RIGHTS = 4
};

struct function;
struct grip;
struct out;
struct peer;
struct registration;
struct router;
struct task;
struct waiter;

TAILQ_HEAD(grip_list, grip);
TAILQ_HEAD(peer_list, peer);
TAILQ_HEAD(registration_list, registration);
TAILQ_HEAD(task_list, task);
TAILQ_HEAD(waiter_list, waiter);
STAILQ_HEAD(out_list, out);

enum peer_standing {
    PEER_OPEN,
    PEER_ENDING, /* write what it has to be told, then close it; it is read no more */
    PEER_DROPPED /* close it now; what waited to be written to it is lost */
};

/* Why a peer is not read at the moment. */
enum peer_halt {
    HALT_NOT,
    HALT_MEMORY, /* its next frame finds no room in the pool `wire` */
    HALT_OUTBOX, /* it does not read what it is told, or a listing for it is not finished */
    HALT_RESUMED /* what halted it is over; it goes on in router_settle() */
};

/* One frame waiting to be written: facts, or bytes. See outbox.h. */
struct out {
    STAILQ_ENTRY(out) link;
    struct block *body; /* written behind the head; counted, unless a task owns it */
    union {
        struct grip *grip;     /* OUT_ASSIGN */
        struct waiter *waiter; /* OUT_EVENT, OUT_FINAL */
        struct peer *peer;     /* in router->reloads: who is to be answered */
    } of;
    uint32_t body_size;
    uint32_t head_size; /* bytes ahead of the body */
    uint32_t held;      /* bytes of the block of the pool `wire` that the node is in, if it is */
    uint8_t kind;       /* enum out_kind */
    uint8_t type;       /* enum gm_type, where the head is made when it is written */
    uint8_t of_lane;    /* enum wire_lane: the node is one of those kept back; 0: it is not */
};

struct outbox {
    struct out_list queue;
    size_t size;   /* bytes in all of it that have not been written */
    size_t sent;   /* bytes of the first frame that have */
    size_t held;   /* bytes of the blocks its nodes are in */
    size_t behind; /* bytes to be written before its time to read begins anew */
};

/* What a body that is on its way will become. */
enum door_kind { DOOR_CLOSED, DOOR_SUBMIT, DOOR_EVENT, DOOR_FINAL, DOOR_ECHO };

/* The frame that has begun and is not committed. */
struct door {
    enum door_kind kind;
    uint32_t type;         /* enum gm_type */
    bool sink;             /* nobody wants the bytes of the body */
    size_t left;           /* bytes of it still to come */
    struct body body;      /* where they go */
    struct block *filling; /* the block that is being filled, */
    size_t filled;         /* and how far */
    struct task *task;     /* DOOR_SUBMIT: the envelope */
    uint64_t handle;       /* DOOR_EVENT, DOOR_FINAL: whose */
    size_t arriving;       /* DOOR_SUBMIT: bytes of the body, where it comes piece by piece */
    bool holds_late;       /* the first of `outs` is for saying that it came too late */
    struct out_list outs;  /* nodes held for what the commit will say */
};

struct inbox {
    struct block *parked; /* what was read and not yet judged */
    size_t parked_size;
    size_t skip;     /* bytes of a refused body still to come */
    size_t wants;    /* HALT_MEMORY: room in the pool `wire` that would do, */
    size_t arriving; /* and bytes of bodies that may come piece by piece */
    unsigned lanes;  /* and so would these, a set of enum wire_lane */
    uint64_t rested; /* the turn in which it has had its share, and was halted for it */
    enum peer_halt halt;
};

/* A listing that is being written, piece by piece. */
struct listing {
    uint8_t kind;              /* enum listing_kind, 0: none */
    uint8_t most;              /* LISTING_PEEK: so many tasks */
    uint32_t index;            /* the next row of its table */
    const struct function *of; /* LISTING_PEEK: that wait for this function */
};

enum worker_sleep {
    WORKER_AWAKE,
    WORKER_ASLEEP, /* said PRE_SLEEP */
    WORKER_WOKEN   /* was sent a NOOP and has not asked since */
};

/* What a worker's hand holds of a task, as long as it has it. */
struct grip {
    TAILQ_ENTRY(grip) in_hand;
    struct task *task; /* NULL: a peer's own, and free */
    struct peer *worker;
    struct wheel_timer timer; /* of the time limit */
    struct out assign;        /* the JOB_ASSIGN frame */
    bool assign_waits;        /* it is in the outbox: the worker does not know the task yet */
    uint32_t numerator, denominator; /* of the last WORK_STATUS */
};

/* Lists of peers in the order in which something will expire; one a kind. */
enum peer_deadline {
    DEADLINE_IDLE,   /* to say a first word */
    DEADLINE_FRAME,  /* to finish a frame */
    DEADLINE_OUTBOX, /* to read something, if somebody needs the memory */
    DEADLINE_SLOW,   /* to get below outbox_max */
    DEADLINE_HOG,    /* above it, to read as much, if somebody needs the memory */
    DEADLINE_WOKEN,  /* to ask for the task it was woken for, before others are */
    PEER_DEADLINES
};

struct peer {
    struct router *router;
    int number;
    enum peer_standing standing;
    char address[PEER_ADDRESS_MAX + 1];
    char id[PEER_ID_MAX + 1];
    uint8_t rights; /* for every function: a set of enum peer_right */
    uint64_t
        some[PEER_RIGHTS]; /* and for those of these patterns, by right: a set of their numbers */
    bool reserved;         /* it came when only reserved connections were left: it may not submit */
    uint32_t denied;       /* requests for which it had no right, for the log; */
    const char *denied_last; /* the last of them, a word that stays */
    uint32_t index;          /* in the router's table of peers */
    bool is_ready;           /* it is in router->ready */

    struct inbox inbox;
    struct door door;
    struct outbox outbox;
    struct listing listing;
    struct out *reload; /* held for the answer to the line `reload`; NULL: it has not asked */

    /* as a worker */
    struct registration_list registrations;
    struct registration_list
        unlisted;                   /* of them, those in no list of their functions, see worker.h */
    struct registration *woken_for; /* of them, the one it was sent a NOOP for, until it asks */
    size_t registration_count;
    struct grip_list hand;      /* its tasks, in the order of assignment */
    struct grip grip;           /* for one of them: there is always room for that */
    size_t in_hand;             /* tasks in `hand` */
    size_t overdue;             /* tasks taken from it for their time limit, and not answered yet */
    size_t short_at;            /* is_short: the room there was in the pool `wire` */
    TAILQ_ENTRY(peer) in_short; /* router->short_of, */
    TAILQ_ENTRY(peer) in_freed; /* router->freed */
    uint64_t since;             /* `waits`: since when, as router->waits counts */
    uint64_t excused; /* handle of its last WORK_EXCEPTION: one WORK_FAIL for it is ignored */
    struct out noop;
    enum worker_sleep sleep;
    uint16_t credit; /* tasks it may have in hand without asking */
    bool is_short;   /* there was no room for another task */
    bool waits;      /* for a task, see worker.h; */
    bool freed;      /* it is to, for it is free again */
    bool noop_waits; /* `noop` is in the outbox, */
    bool noop_again; /* and is to be put there once more */

    /* as a client */
    bool takes_exceptions;
    struct waiter_list waiters; /* in the order of submission */
    size_t waiter_count;
    struct function *recent; /* what it named last: its row, whoever may have that by now */

    TAILQ_ENTRY(peer) ready;  /* router->ready */
    TAILQ_ENTRY(peer) halted; /* router->starved or router->resumed */
    struct peer_timer {
        TAILQ_ENTRY(peer) link;
        uint64_t since_us;
        bool armed;
    } timers[PEER_DEADLINES];
};

#endif
