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

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
