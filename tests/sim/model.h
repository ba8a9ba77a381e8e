#ifndef MODEL_H
#define MODEL_H

/*
 * What a router should do, written as plainly as it can be: lists, scans, no limits. The simulator
 * tells it every request the core has judged and every message somebody heard; it says what must
 * come, and fails when something else does.
 *
 * Two strictnesses. With ample pools nothing is refused and nobody waits for memory, so that every
 * message is known in advance (MODEL_EXACT). With starved ones (MODEL_LEDGER) submissions may be
 * refused, by name, and requests be judged in an order nobody sees. What stays is a ledger: what was
 * accepted ends once, the frames of a task come whole and in their order, nothing is told twice.
 */
#include "heap.h"
#include "rig.h"
#include "talk.h"

enum { FUNCTIONS = 6, PRIORITIES = 3 };

enum model_strictness { MODEL_EXACT, MODEL_LEDGER };

enum job_state {
    JOB_SENT,    /* not judged yet or, in a ledger, not answered */
    JOB_QUEUED,  /* accepted, in nobody's hand */
    JOB_HELD,    /* in a worker's hand */
    JOB_ENDED,   /* completed or failed */
    JOB_DROPPED, /* its client left before it ran */
    JOB_REFUSED,
    JOB_STATES
};

struct job {
    struct job *next;
    unsigned serial; /* its unique id is `s` and this, its payload follows from it */
    enum job_state state;
    bool background;
    unsigned function, priority; /* 0: high */
    size_t size;                 /* of its payload */
    struct actor *owner;         /* its client, while that is here and waits for it */
    struct actor *holder;        /* JOB_HELD */
    int64_t place;               /* in its queue: the lowest is next */
    int64_t taken;               /* the number of its assignment, among all */
    char handle[64];             /* empty: nobody has heard it */
    bool created_heard;
    struct bytes progress; /* as its worker told last */
};

/* A request on its way to the core. */
struct request {
    struct request *next;
    uint32_t type;       /* enum gm_type; 0: a line */
    size_t head_end;     /* bytes of this actor's stream up to and with its last argument */
    size_t end;          /* up to and with its last byte */
    bool begun;          /* its head has been judged */
    bool refused;        /* and that was all */
    struct job *job;     /* SUBMIT_*, WORK_*, GET_STATUS */
    unsigned function;   /* CAN_DO, CANT_DO */
    struct bytes data;   /* WORK_*: from the handle's NUL on; else all of it */
    const char *refusal; /* the ERROR it must get, as text; NULL: it is good */
};

/* A message that an actor is going to hear: the handle of `job`, if there is one, and `rest`. */
struct expected {
    struct expected *next;
    uint32_t type; /* 0: a line */
    struct job *job;
    bool open;       /* ledger: this, or what else may come in its place */
    bool superseded; /* a WORK_STATUS that a newer one may have replaced */
    bool prefix;     /* what comes may be longer */
    bool listing;    /* any lines, to the one that is `.` */
    struct bytes rest;
};

enum actor_sleep { ACTOR_AWAKE, ACTOR_ASLEEP, ACTOR_WOKEN };

struct actor {
    struct actor *next;
    struct remote *remote;
    bool slow;   /* reads so many bytes and then stops; says nothing meanwhile */
    bool doomed; /* sent what closes its connection */
    bool exceptions;
    size_t posted;       /* bytes of its stream so far, the unsent ones included */
    struct bytes unsent; /* the end of it that has not been posted */
    struct request *requests;
    struct expected *expected;
    unsigned able[FUNCTIONS]; /* in the order of CAN_DO */
    size_t able_count;
    enum actor_sleep sleep;
    unsigned naps;       /* PRE_SLEEPs that no NOOP has followed */
    bool noop_due;       /* said PRE_SLEEP while a task waited */
    struct job *excused; /* ended by WORK_EXCEPTION: one WORK_FAIL of it is let pass */
};

struct model {
    enum model_strictness strictness;
    struct actor *actors;
    struct job *jobs;
    unsigned serials;
    int64_t places, takings;
    bool draining;
    size_t payload_max;
    uint64_t digest; /* of all that was heard */
};

/* In the order in which somebody named them first. */
extern const char *const model_functions[FUNCTIONS];

/* Called with a sentence when core and model disagree; must not come back. */
extern void (*model_failed)(const char *finding);

/* Appends a payload or result: its bytes follow from serial and size. */
void model_fill(struct bytes *into, unsigned serial, size_t size);

struct actor *model_join(struct model *model, struct remote *remote);

/* The actor has left, of its own accord or not, and is no more; its remote is the caller's. */
void model_left(struct model *model, struct actor *actor);

/* A job that its owner is going to submit. */
struct job *model_job(struct model *model, struct actor *owner, bool background);

/* The core has judged the head of a request: what is refused is refused now. */
void model_begun(struct model *model, struct actor *actor, struct request *request);

/* The whole of it has come, and was not refused. */
void model_judged(struct model *model, struct actor *actor, const struct request *request);

/* The actor heard something. */
void model_heard(struct model *model, struct actor *actor, const struct heard_frame *frame);

/* All that can be told now has been told: what was due must have come. */
void model_quiet(const struct model *model);

size_t model_count(const struct model *model, enum job_state state);

/* Forgets jobs that are over and that nothing refers to. */
void model_tidy(struct model *model);

void request_free(struct request *request);

void model_free(struct model *model);

#endif
