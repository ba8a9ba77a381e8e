#ifndef KIND_H
#define KIND_H

/* The worlds of a simulation: how a router is set, who comes, and what may go wrong. */
#include "dice.h"
#include "model.h"
#include "rulebook.h"

struct kind {
    const char *name;
    struct rig_setup (*setup)(const struct kind *kind);
    uint64_t salt;     /* its dice are not those of the other worlds */
    size_t actors_max; /* who are there at once */
    size_t queue_max;  /* nobody submits while so many tasks wait */
    size_t submit_max; /* tasks that one submits at a time */
    enum model_strictness strictness;
    bool scarce; /* allocations fail that need not */
};

enum { KINDS = 4 };

extern const struct kind kinds[KINDS];

/* NULL: there is none of that name. */
const struct kind *kind_named(const char *name);

/* What may happen in one run of a kind, and in another not. */
struct habits {
    bool limits_time; /* tasks are taken back, and given up */
    bool pushes;      /* workers ask to be given tasks unasked */
};

/* The rest of how the router is set: by the dice. `setup` refers to `*book` then. */
void kind_roll(const struct kind *kind, struct rig_setup *setup, struct rulebook *book,
               struct dice *dice, struct habits habits);

#endif
