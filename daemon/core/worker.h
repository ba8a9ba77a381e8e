#ifndef WORKER_H
#define WORKER_H

/*
 * A worker: a peer that can do functions. Each of them is a registration of it (registration.h).
 *
 * A worker says in one of two ways that it is free: it sleeps (PRE_SLEEP), and is woken to ask; or it
 * has credit (OPTION_REQ `pmad-push=N`), and is given tasks unasked while fewer than N of its tasks are
 * unfinished. Either way it waits, and its registrations are in the lists `waiting` of their functions,
 * the longest waiting first. That costs the same however many registrations it has: one whose worker waits
 * no more, or was given a task since it was listed, stays where it is until it is looked at. One that was
 * woken counts for the function that it was woken for, until it asks.
 * Who gets what: match.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "function.h"
#include "peer.h"
#include "registration.h"

/* Has it said that it can do this? */
bool worker_can(const struct peer *peer, const struct function *function);

/* Registers; once, however often it is said: the last time limit counts. False when the pool has no
 * room for it. */
bool worker_can_do(struct router *router, struct peer *peer, struct function *function,
                   uint32_t timeout_ms);

/* Puts one of its registrations, which is in no list of it, behind the others. */
void worker_names(struct registration *registration);

/* Takes one registration back, or all. Tasks in its hand stay there. */
void worker_cant_do(struct router *router, struct peer *peer, struct function *function);
void worker_reset(struct router *router, struct peer *peer);

/* PRE_SLEEP: it is to be woken when there is something for it; at once, if there is already. */
void worker_falls_asleep(struct peer *peer);

/* It has asked, or leaves: it is awake, and another may have to be woken in its place. */
void worker_wakes_up(struct peer *peer);

/* Sends a NOOP to a sleeper, for a task of that function. */
void worker_wake(struct registration *registration);

/* How many tasks it may have in hand without asking; 0: it asks. What it has in hand stays there. */
void worker_set_credit(struct peer *peer, uint16_t credit);

/* May it be given one more, unasked? */
bool worker_has_credit(const struct peer *peer);

/* Does it sleep, or may it be given one? */
bool worker_is_free(const struct peer *peer);

/* What that depends on has changed: its tasks, its outbox, its standing, its credit, the room for more. */
void worker_changed(struct peer *peer);

/* From now on it waits, behind the others. */
void worker_waits(struct peer *peer);

/* Wakes it, if it sleeps and there is something for it. */
void worker_looks(struct peer *peer);

/* Who has waited longest for tasks of the function; NULL when nobody does. */
struct registration *worker_longest(struct function *function);

/* The next task for it: high before normal before low over all its functions, in the order in which
 * it named them; first in, first out within. NULL when there is none. Fills in its registration. */
struct task *worker_next_task(const struct peer *peer, struct registration **registration);

#endif
