#ifndef ACTS_H
#define ACTS_H

/* What somebody can do: each sends some requests and lets the world turn. */
#include "world.h"

/* A size for a payload or result; with ample pools it may be above the limit. */
size_t body_size(struct world *world);

/* A job somebody has a handle of, or NULL. */
struct job *some_job(struct world *world);

/* A job in the hand of this actor that it has heard of, or NULL. */
struct job *held_by(const struct actor *actor);

/* Puts WORK_* of this type about a job into the stream. */
void says_of(struct world *world, struct actor *actor, struct job *job, uint32_t type);

/* acts_client.c */
void submits(struct world *world, struct actor *actor);
void submits_slowly(struct world *world, struct actor *actor);
void submits_in_vain(struct world *world, struct actor *actor, size_t size);
void asks_status(struct world *world, struct actor *actor);
void asks(struct world *world, struct actor *actor);
void asks_in_text(struct world *world, struct actor *actor);
void administers(struct world *world, struct actor *actor);

/* No function is paused or drained from then on. */
void resumes_everything(struct world *world, struct actor *actor);

/* acts_worker.c */
void changes_abilities(struct world *world, struct actor *actor);
void falls_asleep(struct world *world, struct actor *actor);
void asks_for_push(struct world *world, struct actor *actor);
void grabs(struct world *world, struct actor *actor);
void works(struct world *world, struct actor *actor);
void meddles(struct world *world, struct actor *actor);

#endif
