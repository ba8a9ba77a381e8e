#ifndef EVENTS_H
#define EVENTS_H

/* What can happen in the world of a simulation. */
#include "world.h"

enum { ACTORS_MAX = 12 };

/* Rolls one event of a run of `steps` and lets it happen. */
void event_happens(struct world *world, unsigned long steps);

/* For the beginning and the end of a run: what must happen then. */
void can_do_everything(struct world *world, struct actor *actor);
void everybody_reads(struct world *world);
void everybody_finishes(struct world *world);
void grab_one(struct world *world, struct actor *actor);

#endif
