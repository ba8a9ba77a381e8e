#ifndef RELOAD_H
#define RELOAD_H

/*
 * Other rules while the router runs: router_change() and router_allow(), and the line `reload`, which asks
 * the driver to read them. The node of its answer is held from the beginning, so that the answer never
 * fails; until it comes, nothing more is heard of who asked.
 */
#include <stdbool.h>

struct peer;

/* Asks the driver to read its configuration again. False: the peer is halted, and nothing was asked. */
bool reload_ask(struct peer *peer);

/* Its answer, if it waits for one, is not wanted any more. */
void reload_forget(struct peer *peer);

#endif
