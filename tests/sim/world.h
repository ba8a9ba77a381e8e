#ifndef WORLD_H
#define WORLD_H

/* The world of a simulation: dice, rig, model, and a log of what happened last. */
#include "dice.h"
#include "kind.h"
#include "model.h"
#include "rig.h"

enum { LOG_LINES = 48, LOG_WIDTH = 160 };

struct world {
    const struct kind *kind;
    struct dice dice;
    struct rig rig;
    struct model model;
    unsigned long step;
    bool verbose;
    const char *find;    /* a line of the log that contains it is a finding; NULL: none is */
    bool pushes;         /* workers may ask for tasks unasked */
    bool far_seconds;    /* tasks may be submitted for a second that never comes */
    bool scarcity;       /* allocations fail at the moment, one after the other */
    size_t arriving_max; /* bytes of payloads that may be on their way at once */
    uint64_t events; /* inputs of the core: connections, their ends, turns, pieces of bytes that it
                              was given or that were taken from it */
    unsigned long dropped; /* for the report */
    size_t starved, tasks; /* the most peers that ever waited for memory at once; the most tasks */
    char log[LOG_LINES][LOG_WIDTH];
    size_t log_next;
};

/* `book` is what `setup` refers to, and outlives the world. */
void world_init(struct world *world, const struct kind *kind, const struct rig_setup *setup,
                const struct rulebook *book, const struct dice *dice);

/* Everybody leaves; the pools must be as they were. */
void world_finish(struct world *world);

/* Puts a line into the log; `actor` may be NULL. */
void world_note(struct world *world, const struct actor *actor, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lets the rig turn; everybody hears what he is told, and the model says whether it is right. An actor
 * may not outlive it. */
void world_turn(struct world *world);

/* Somebody connects who has these rights and, where it is not NULL, those in `some` for the functions of
 * some patterns: by right, sets of their numbers. There must be room. */
struct actor *world_join(struct world *world, unsigned rights, const unsigned *some);

/* Who is at this end, or NULL. */
struct actor *world_actor(const struct world *world, const struct remote *remote);

/* One line on what became of it. */
void world_report(const struct world *world);

#endif
