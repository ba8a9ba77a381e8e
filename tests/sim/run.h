#ifndef RUN_H
#define RUN_H

/*
 * A run: one world, from one seed, step by step. Each step has dice of its own, made of the seed and
 * its number, so that it can be played without the others: what a script is a list of.
 */
#include "world.h"

#define DRAIN 0UL /* the step at which submissions are over */

struct script {
    const struct kind *kind;
    uint64_t seed;
    bool paced;       /* time goes by between the steps, see pace.h */
    const char *find; /* a text that a line of the log must not contain; NULL: none */
    unsigned long *steps;
    size_t count;
};

/* What has been played so far, kept where it is seen from outside. */
struct progress {
    size_t played; /* steps, DRAIN included */
    size_t drain;  /* DRAIN was the one of that number; 0: it has not been */
    char finding[768];
};

struct plan {
    struct script script; /* without `steps`: 1, 2, 3 and so on, */
    unsigned long steps;  /* so many, */
    uint64_t until_us;    /* or, if it is paced, until so much time has gone by */
    bool check_all;       /* everything after every step */
    bool verbose;
    struct progress *progress;
};

struct outcome {
    uint64_t digest, events, us;
};

/* Plays it to its end; a finding ends the program. SIGVTALRM comes when it does not get on. */
struct outcome run_play(const struct plan *plan);

/* The world that is being played, for its log; NULL: none. */
extern const struct world *run_on_stage;

#endif
