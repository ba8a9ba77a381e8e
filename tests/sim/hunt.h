#ifndef HUNT_H
#define HUNT_H

/*
 * Hunting a finding down: whatever a run leads to, a trap included, ends a process of its own, and
 * what is left in `progress`, which must be shared memory, says how far it came and what was wrong.
 */
#include "run.h"

/* Plays the plan silently in such a process. True: it has a finding. */
bool hunt_finds(const struct plan *plan);

/* The plan has just been played and had one: leaves the shortest script that leads to it in the file of
 * that name. False: it cannot be written. */
bool hunt_shrinks(const struct plan *plan, const char *file_name);

#endif
