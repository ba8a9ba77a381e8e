#ifndef MODEL_H
#define MODEL_H

/*
 * What a router should do, written as plainly as it can be: lists, scans, no limits; what is looked for
 * at every step (a handle, a twin, what is next, how many there are) has an index. The simulator
 * tells it every request the core has judged and every message somebody heard; it says what must
 * come, and fails when something else does.
 *
 * Two strictnesses. With ample pools nothing is refused for want of memory and nobody waits for it,
 * so that every message is known in advance (MODEL_EXACT). With starved ones (MODEL_LEDGER)
 * submissions may be refused, by name, and requests be judged in an order nobody sees. What stays is
 * a ledger: what was accepted ends once, the frames of a task come whole and in their order, nothing
 * is told twice.
 */
#include <sys/queue.h>

#include "heap.h"
#include "rig.h"
#include "rulebook.h"
#include "talk.h"

enum { FUNCTIONS = 6, PRIORITIES = 3, UNIQUE_MAX = 63, BUCKETS = 1024, ACTOR_BUCKETS = 64 };

enum model_strictness { MODEL_EXACT, MODEL_LEDGER };

enum job_state {
    JOB_SENT,      /* not judged yet or, in a ledger, not answered */
    JOB_DELAYED,   /* accepted; its second has not come */
    JOB_QUEUED,    /* accepted, in nobody's hand */
    JOB_HELD,      /* in a worker's hand */
    JOB_CANCELLED, /* in a worker's hand, whom nobody listens to any more */
    JOB_ENDED,     /* completed, failed or cancelled */
    JOB_DROPPED,   /* its clients left before it ran */
    JOB_REFUSED,
    JOB_JOINED, /* there was one already that this submission waits for now */
    JOB_STATES
};

/* What a worker said of a job, or the router in his place: in a ledger each listener has to hear all
 * of it from some place on. */
struct told {
    struct told *next;
    uint32_t type;
    struct bytes rest;
};

/* A foreground submission that waits for a job. */
struct listener {
    struct listener *next;
    struct actor *actor;
    uint64_t since;   /* the tick of the model at which it began to wait */
    struct told **at; /* ledger: what it has to hear next */
    bool fresh;       /* ledger: it may begin to hear anywhere */
    bool joins;       /* its submission has joined a task that was there */
    bool warned;      /* ledger: it was told that the router gives up */
};

/* Tasks of a function, at most. */
struct crowd {
    size_t tasks, bytes;
};

struct job {
    struct job *next;
    LIST_ENTRY(job) by_handle; /* once its handle is known */
    LIST_ENTRY(job) by_unique; /* while others can join it */
    TAILQ_ENTRY(job) in_queue; /* JOB_QUEUED: the next one first */
    TAILQ_ENTRY(job) in_hand;  /* of its holder: the last one taken last */
    unsigned serial;
    enum job_state state;
    bool marked;                 /* model_tidy(): somebody refers to it */
    bool waits;                  /* who submitted it hears what becomes of it */
    bool background;             /* and it runs even if nobody does */
    bool bad_due;                /* what is sent as `due` is no number, or beyond all seconds */
    bool begun;                  /* the core has judged the head of its submission */
    bool is_known;               /* its holder has heard that he has it */
    bool loose;                  /* ledger: it may be taken from its worker at any time, */
    bool mortal;                 /* and may fail at any time */
    bool forgotten;              /* ledger: and it has ended */
    bool guaranteed;             /* ledger: its function has room for it, whatever others do */
    unsigned function, priority; /* 0: high */
    char unique[UNIQUE_MAX + 2]; /* there is room for one that is too long */
    unsigned fill;               /* what its payload follows from, */
    size_t size;                 /* and how large it is */
    const char *reducer;         /* NULL: it is no reduce job */
    char due[24];                /* SUBMIT_JOB_EPOCH: its second as it is sent, */
    uint64_t due_s;              /* and as it is meant: it must not run before */
    struct actor *sender;        /* JOB_SENT: who submitted it, while he is here */
    struct listener *listeners;  /* in the order of submission */
    struct actor *holder;        /* JOB_HELD, JOB_CANCELLED */
    int64_t admitted;            /* the number of its submission, among all accepted */
    int64_t taken;               /* the number of its assignment, among all */
    uint64_t given_at;           /* and the tick of the model at which it came */
    uint64_t limit_us;           /* JOB_HELD, JOB_CANCELLED: when its time is over */
    size_t lost;                 /* the workers it has cost */
    struct crowd crowd;          /* ledger: the most there may have been when it was judged */
    char handle[64];             /* empty: nobody has heard it */
    struct told *told;
    struct bytes progress; /* as its worker told last */
};

TAILQ_HEAD(job_list, job);
TAILQ_HEAD(actor_list, actor);
LIST_HEAD(job_bucket, job);

/* What a line asks for. */
enum line_kind {
    LINE_OTHER,
    LINE_MAXQUEUE,
    LINE_CREATE,
    LINE_DROP,
    LINE_CANCEL,
    LINE_PAUSE,
    LINE_DRAIN,
    LINE_RESUME
};

/* A request on its way to the core. */
struct request {
    struct request *next;
    uint32_t type;           /* enum gm_type; 0: a line */
    bool begun;              /* its head has been judged, */
    bool refused;            /* and that was all */
    bool is_credit;          /* OPTION_REQ: it is `pmad-push=N`, and good */
    uint64_t begun_at;       /* a tick of the model */
    size_t head_end;         /* bytes of this actor's stream up to and with its last argument */
    size_t end;              /* up to and with its last byte */
    struct job *job;         /* SUBMIT_*, WORK_*, GET_STATUS, `cancel job` */
    unsigned function;       /* CAN_DO*, CANT_DO, lines about a function */
    enum line_kind line;     /* type 0 */
    size_t most[PRIORITIES]; /* LINE_MAXQUEUE */
    uint64_t limit_us;       /* CAN_DO_TIMEOUT; 0: none */
    size_t credit;           /* is_credit: N */
    struct bytes data;       /* WORK_*: from the handle's NUL on; else all of it */
    const char *refusal;     /* the ERROR it must get, as text; NULL: it is good */
};

/* A message that an actor is going to hear: the handle of `job`, if there is one, and `rest`. */
struct expected {
    struct expected *next;
    uint32_t type; /* 0: a line; GM_CAN_DO: its refusal */
    struct job *job;
    unsigned function; /* GM_CAN_DO: which it is */
    uint64_t listener; /* for an event: since when the listener waits who is to hear it */
    bool open;         /* ledger: this, or what else may come in its place */
    bool maybe;        /* this, or nothing */
    bool superseded;   /* a WORK_STATUS that a newer one may have replaced */
    bool prefix;       /* what comes may be longer */
    bool listing;      /* any lines, to the one that is `.` */
    bool any_order;    /* one of some lines that come in any order */
    struct bytes rest;
};

enum actor_sleep { ACTOR_AWAKE, ACTOR_ASLEEP, ACTOR_WOKEN };

/* What an actor can do. */
struct ability {
    unsigned function;
    uint64_t limit_us;    /* his own, for each task; 0: none */
    uint64_t waits_since; /* a tick of the model; while he waits: the lowest is served first */
};

struct actor {
    struct actor *next, *next_same; /* of all; of those in its bucket */
    struct remote *remote;
    unsigned rights; /* for every function: a set of enum peer_right */
    unsigned
        some[PEER_RIGHTS]; /* by right, for the functions of which patterns: a set of numbers */
    bool reserved;         /* has one of the reserved connections: it may not submit */
    bool slow;             /* reads so many bytes and then stops; says nothing meanwhile */
    bool mute;             /* says nothing any more, but reads */
    bool liar;             /* has announced more than it will ever send */
    bool doomed;           /* sent what closes its connection */
    bool gone;             /* the core has given it up: it gets no task more */
    bool exceptions;
    bool waits;       /* for a task or, asleep, for a NOOP */
    bool freed;       /* has got credit, and is among those served last */
    bool pushed;      /* ledger: has had credit */
    bool full;        /* does not read, and more waits for it than a worker with credit may have; */
    size_t full_hand; /* and has so many tasks */
    size_t posted;    /* bytes of its stream so far, the unsent ones included */
    struct bytes unsent; /* the end of it that has not been posted */
    struct request *requests, **requests_end;
    struct expected *expected, **expected_end;
    struct job_list hand;           /* what it holds, */
    size_t hand_count;              /* and how many that are */
    struct ability able[FUNCTIONS]; /* the order in which they are looked at */
    size_t able_count;
    size_t credit;      /* tasks it may have without asking, */
    size_t credit_high; /* ledger: and at most since it heard all there was */
    size_t grabs;       /* ledger, pushed: times it asked, and may have been answered by a task */
    size_t overdue;     /* tasks taken from it for their time limits, and not answered yet */
    TAILQ_ENTRY(actor) in_freed;
    enum actor_sleep sleep;
    unsigned naps;                   /* ledger: PRE_SLEEPs that no NOOP has followed */
    uint64_t woken_at;               /* a tick of the model, */
    uint64_t woken_us;               /* and the time; */
    unsigned woken_for;              /* for this function, */
    bool counts_woken;               /* which counts on it until it asks */
    size_t fed_before, heard_before; /* as events have been counted */
    struct job *excused;             /* ended by WORK_EXCEPTION: one WORK_FAIL of it is let pass */
};

/* What administrators know of a function. */
struct function_seen {
    bool listed;
    bool paused, draining;
    bool was_paused, was_draining; /* ledger: it may be */
    size_t most[PRIORITIES];       /* tasks, to submit at that priority; 0: any number */
    uint64_t mosts;                /* all that there may have been: a set of numbers */
};

/* What must have become of all that was submitted. */
struct model_counts {
    uint64_t submitted, coalesced, completed, failed, cancelled, abandoned, retried;
    uint64_t refused, denied;
};

struct model {
    enum model_strictness strictness;
    struct rig_setup setup;
    struct router_function_rule rules[FUNCTIONS];
    unsigned matches[FUNCTIONS]; /* which patterns of rights do: a set of their numbers */
    bool scarce;                 /* allocations fail that need not */
    bool limits_time; /* workers may say how long they need, or the router limits it, or retries */
    struct router_now now;
    uint64_t wall_max_s; /* the latest second that ever was */
    struct actor *actors, *by_number[ACTOR_BUCKETS];
    struct job *jobs;
    struct job_bucket by_handle[BUCKETS], by_unique[BUCKETS];
    struct job_list queues[FUNCTIONS][PRIORITIES];
    size_t states[JOB_STATES];
    size_t tally[FUNCTIONS][PRIORITIES][JOB_STATES]; /* of those the core has accepted */
    size_t bytes[FUNCTIONS];                         /* of their payloads */
    unsigned stirred[FUNCTIONS]; /* to be looked at by model_match(), the first first */
    size_t stirred_count;
    struct actor_list freed;          /* likewise */
    bool touched[FUNCTIONS];          /* since model_check_touched() */
    uint64_t limit_min_us, due_min_s; /* no task in a hand, or delayed, comes to its time before */
    struct function_seen functions[FUNCTIONS];
    struct model_counts counts;
    unsigned serials;
    int64_t admissions, takings;
    uint64_t ticks; /* of whatever happens: tells what was before */
    bool draining;
    uint64_t digest; /* of all that was heard */
};

extern const char *const model_functions[FUNCTIONS];

/* Called with a sentence when core and model disagree; must not come back. */
extern void (*model_failed)(const char *finding);

/* Appends a payload or result: its bytes follow from `fill` and size. */
void model_fill(struct bytes *into, unsigned fill, size_t size);

void model_init(struct model *model, const struct rig_setup *setup, const struct rulebook *book,
                enum model_strictness strictness);

/* May one more connect who has some of these rights? */
bool model_has_room(const struct model *model, unsigned rights);

struct actor *model_join(struct model *model, struct remote *remote, unsigned rights);

/* Has he the right, be it for some functions only? */
bool model_may(const struct actor *actor, unsigned right);

/* Has he the right to do it to that function? */
bool model_may_to(const struct model *model, const struct actor *actor, unsigned right,
                  unsigned function);

/* Does the core close the connection of who asks this, when it has said so? */
bool model_closes(const struct model *model, const struct actor *actor,
                  const struct request *request);

/* The core has given the actor up, and is going to end it. */
void model_gone(struct model *model, struct actor *actor);

/* The actor has left, of its own accord or not, and is no more; its remote is the caller's. */
void model_left(struct model *model, struct actor *actor);

/* A job that its sender is going to submit. */
struct job *model_job(struct model *model, struct actor *sender, bool background);

/* It is so late now: what is due happens. */
void model_tick(struct model *model, struct router_now now);

/* The core has judged the head of a request: what is refused is refused now. */
void model_begun(struct model *model, struct actor *actor, struct request *request);

/* The whole of it has come, and was not refused. */
void model_judged(struct model *model, struct actor *actor, const struct request *request);

/* Ledger: it has come, but its actor was dropped for want of memory, before or after it was judged. */
void model_doubted(struct model *model, struct actor *actor, struct request *request);

/* The actor heard something. */
void model_heard(struct model *model, struct actor *actor, const struct heard_frame *frame);

/* All that can be told now has been told: what was due must have come. */
void model_quiet(struct model *model);

/* Everybody has read everything, and all tasks have ended: nobody may be left waiting. */
void model_over(const struct model *model);

bool model_is_submission(uint32_t type);

/* The actor at the end of that number, or NULL. */
struct actor *model_actor(const struct model *model, int number);

/* Counts everything again; fails where the model is at odds with itself. */
void model_check(const struct model *model);

/* Fails where a task waits beside a free worker, as far as that can be told from outside, of the functions
 * touched since it was called last; of all with `everything`. */
void model_check_touched(struct model *model, bool everything);

/* Submissions of a function that its reserve may have to hold room for, at most. */
size_t model_reserved_at_most(const struct model *model, unsigned function);

/* No task is left. A ledger forgets those of which it could not know how they ended. */
void model_forget_ended(struct model *model);

/* Forgets jobs that are over and that nothing refers to. */
void model_tidy(struct model *model);

void request_free(struct request *request);

void model_free(struct model *model);

#endif
