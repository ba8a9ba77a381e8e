#ifndef ROUTER_START_H
#define ROUTER_START_H

/* From the config to a router: all that it is told before its first peer, and when the config changes. */
#include <stdbool.h>

#include "config.h"

struct access;
struct server;

/* Makes the router of a server whose pools are mapped, and which knows who may do what and its gauges.
 * Returns 0 or a negative UV_E code, logged. */
int router_start(struct server *server, const struct config *config);

/* Makes the router go by another config, and by the patterns of `access`. False, and nothing has changed,
 * where that config differs in what the router was made for, router_change(). */
bool router_go_by(const struct server *server, const struct config *config,
                  const struct access *access);

#endif
