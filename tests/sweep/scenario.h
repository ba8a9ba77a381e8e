#ifndef SCENARIO_H
#define SCENARIO_H

/*
 * What the allocation sweep is driven through: each scenario is a way of the daemon's work that takes
 * memory. Nothing fails while it is prepared; in its play any allocation may, so that whoever acts in
 * it may be refused, closed or made to wait at any step.
 */
#include "trial.h"

struct scenario {
    const char *name;
    void (*change)(struct rig_setup *setup); /* NULL: the setup of every trial */
    void (*prepare)(struct trial *trial);    /* NULL: there is nothing to prepare */
    void (*play)(struct trial *trial);
};

/* Coming, submitting, asking, administering; */
extern const struct scenario ask_scenarios[];
extern const size_t ask_scenario_count;

/* and what is done and said about tasks that are there. */
extern const struct scenario work_scenarios[];
extern const size_t work_scenario_count;

/* ---- where several of them begin ---- */

/* Three clients. */
void scenario_clients(struct trial *trial);

/* Three clients wait for tasks of f: one alone, two for the same; a task in the background is beside. A
 * worker is there. */
void scenario_tasks(struct trial *trial);

/* The worker has two of them in hand. */
void scenario_hand(struct trial *trial);

#endif
