#ifndef DAEMON_POOLS_H
#define DAEMON_POOLS_H

/* The four pools of the daemon, mapped. */
#include <stdbool.h>

#include "budget.h"
#include "config.h"
#include "incPMAD.h"

struct daemon_pools {
    struct pmad *of[CONFIG_POOLS];
};

/* Maps them as the budget says. Returns 0; or a negative errno when one was refused, which has been
 * logged in words, and then none is mapped. What was tried for and not had is logged too. */
int daemon_pools_map(struct daemon_pools *pools, const struct budget *budget);

/* Looks at every block of every pool, when all of them should have been given back but those that the
 * event loop still holds. True if so; what is wrong has been logged. */
bool daemon_pools_are_sound(const struct daemon_pools *pools);

void daemon_pools_unmap(struct daemon_pools *pools);

#endif
