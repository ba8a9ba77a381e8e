#ifndef CHECKS_H
#define CHECKS_H

/* What must hold between the core and the model whenever nothing moves. */
#include "world.h"

/* What a step may have touched; all there is after some steps, and where `everything` asks for it. */
void check_step(struct world *world, bool everything);

void check_everything(struct world *world);

#endif
