#ifndef GATE_H
#define GATE_H

/*
 * Where those who were accepted become connections, or are told why not. Who is turned away hears one
 * frame, an ERROR with a code that every Gearman client knows and a text that says which limit it was
 * (as for a submission without room), is counted and logged, and is closed before its first byte has
 * been looked at.
 */
#include <stdbool.h>

#include "access.h"
#include "endpoint.h"
#include "stranger.h"

struct server;

/* Takes in who came in at `endpoint`, or turns it away; the socket is ours in either case. False, with
 * the socket the caller's still, when there is no block for it or libuv refuses. */
bool gate_admit(struct server *server, int fd, const struct endpoint *endpoint);

/* What a stranger may, its groups looked at where they matter. */
struct access_rights gate_rights(const struct server *server, struct stranger *stranger, int fd);

/* Turns away who was accepted with the last descriptor. */
void gate_turn_away_last(struct server *server, int fd);

#endif
