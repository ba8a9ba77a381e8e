#ifndef ROUTER_START_H
#define ROUTER_START_H

/* From the config to a router: all that it is told before its first peer. */
#include "config.h"

struct budget;
struct server;

/* Makes the router of a server whose pools are mapped, and which knows its budget, who may do what and
 * its gauges. Returns 0 or a negative UV_E code, logged. */
int router_start(struct server *server, const struct config *config, const struct budget *budget);

#endif
