#ifndef EVENTS_H
#define EVENTS_H

/* What can happen in the world of a simulation. */
#include "world.h"

/* Rolls one event and lets it happen. */
void event_happens(struct world *world);

/* From now on nobody's submissions are taken. */
void submissions_end(struct world *world);

/* For the beginning and the end of a run: what must happen then. */
struct actor *finisher_joins(struct world *world);
void finisher_leaves(struct world *world, struct actor *actor);
void can_do_everything(struct world *world, struct actor *actor);
void everybody_reads(struct world *world);
void everybody_finishes(struct world *world);
void grab_one(struct world *world, struct actor *actor);

#endif
