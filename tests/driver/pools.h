#ifndef POOLS_H
#define POOLS_H

/* The four pools of a router in a test: two as the test declares them, two as the router's own
 * arithmetic asks for. */
#include "incPMAD.h"
#include "router.h"

/* Maps all four; every failure is the test's. */
void pools_map(struct router_pools *pools, const struct router_limits *limits,
               const struct pmad_layout *tasks, const struct pmad_layout *wire);

void pools_unmap(struct router_pools *pools);

/* Bytes of blocks in use. */
size_t pool_used(const struct pmad *pool);

/* Fails unless pmad_check() finds all four sound. */
void pools_check(const struct router_pools *pools);

#endif
