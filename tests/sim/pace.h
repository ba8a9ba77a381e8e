#ifndef PACE_H
#define PACE_H

/*
 * How time goes by. A day is made of bursts, in which one thing follows the other within milliseconds,
 * of trickles, in which seconds pass between them, and of nights. Which it is follows from the seed
 * and the number of the step, in blocks of steps. Nothing is waited for that does not happen: the
 * clocks go from one router_deadline() to the next.
 */
#include "world.h"

/* Lets the time before a step go by; the world's dice are the step's. Returns true in the morning: a
 * night is over in which everybody was to finish what there was to do. */
bool pace_step(struct world *world, uint64_t seed);

/* Both clocks go forward, with a turn whenever one is due. */
void pace_sleep(struct world *world, uint64_t us);

#endif
