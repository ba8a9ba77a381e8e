#ifndef TRIAL_H
#define TRIAL_H

/*
 * One run of a scenario: a rig with small pools, a bystander who was there before with a helper of his,
 * and actors. What an actor asks and hears is counted, so that the run can be judged in the end
 * whichever of his requests was refused, and whoever of them was closed.
 *
 * An actor is a client or a worker, never both: every ERROR that a client hears is an answer to the
 * first of his requests that has none yet.
 */
#include <stdbool.h>
#include <stddef.h>

#include "rig.h"
#include "talk.h"

enum {
    TRIAL_ACTORS = 16,
    TRIAL_ASKS = 64, /* of one actor, without an answer yet */
    TRIAL_HAND = 8,  /* tasks in one worker's hand */
    TRIAL_HANDLE = 64,
    TRIAL_BODY = 20000, /* payload_max: a chain of blocks, three reads of TRIAL_PIECE bytes */
    TRIAL_PIECE = 8000
};

struct actor {
    struct remote *remote;
    bool works; /* a worker, or one who does not keep to rules: what it asks is not accounted for */
    bool lists; /* between the first row of a listing and its end */
    bool asks[TRIAL_ASKS]; /* in their order: does the one asked for end with a last frame? */
    size_t asked, answered;
    size_t owed;               /* last frames that are still to come */
    char handle[TRIAL_HANDLE]; /* in the last JOB_CREATED; empty: none was heard */
    char hand[TRIAL_HAND][TRIAL_HANDLE];
    size_t in_hand;
};

struct trial {
    struct rig rig;
    struct actor bystander, helper; /* who can do the bystander's tasks */
    struct actor hogs[2];           /* the lanes are in their hands; not used where they are free */
    struct actor actors[TRIAL_ACTORS];
    size_t count; /* of them */
    /* What the scenario itself brings about: tasks that fail or are cancelled; */
    size_t may_fail, may_cancel;
    bool disturbed; /* somebody leaves or takes too long: tasks may be put back or dropped; */
    bool drained;   /* no more is accepted */
    /* What came of it, besides: */
    size_t closed;  /* actors that the core has closed */
    size_t refused; /* requests, by name */
    size_t waited;  /* actors that waited for memory when the scenario was over */
};

/* Limits and pools of a trial, for scenarios that have wishes of their own. */
struct rig_setup trial_setup(void);

/* Makes the rig and the bystander, and, `hogged`, gives all lanes into the hands of peers who do not
 * read. */
void trial_init(struct trial *trial, const struct rig_setup *setup, bool hogged);

/* Failures are over: whoever waits goes on, whatever was accepted is done, the bystander is served, and
 * everything adds up. Fails where it does not. Gives the rig back. */
void trial_judge(struct trial *trial);

/* ---- what a scenario is made of ---- */

struct actor *trial_client(struct trial *trial);

/* A worker that can do `functions`, each a letter. */
struct actor *trial_worker(struct trial *trial, const char *functions);

/* Makes somebody an actor who has connected by other means. */
struct actor *trial_actor(struct trial *trial, struct remote *remote, bool works);

/* Says a frame, of talk.h, with `size` bytes of data behind it (2 * TRIAL_BODY at most), and hears what
 * comes. Somebody who has been closed says nothing. */
void act(struct actor *actor, const char *frame);
void act_data(struct actor *actor, const char *frame, size_t size);

/* The same, but that only the first `sent` bytes of the data are sent; and more of them. */
void act_part(struct actor *actor, const char *frame, size_t size, size_t sent);
void act_more(struct actor *actor, size_t size);

/* A frame, and the turn is the caller's. */
void pose(struct actor *actor, const char *frame);

/* Says a line of text. */
void act_line(struct actor *actor, const char *line);

/* Says `type` and the handle of each task in hand, with `size` bytes behind; all of them have left the
 * hand if `last`. */
void act_hand(struct actor *worker, const char *type, const char *behind, size_t size, bool last);

/* A turn, after which every actor hears what came. */
void trial_turn(struct trial *trial);
void trial_sleep(struct trial *trial, uint64_t us);

/* The actor leaves; what waited for it is nobody's any more. */
void trial_leave(struct trial *trial, struct actor *actor);

#endif
