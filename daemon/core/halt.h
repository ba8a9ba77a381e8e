#ifndef HALT_H
#define HALT_H

/*
 * Why a peer is not read at the moment, and when it goes on: it wants memory that there is not, or has
 * not read what it is told. A halted peer keeps its place in `starved` until there is room, and stands
 * in `resumed` until router_settle() goes on with it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "peer.h"

/* Stops reading a peer that is read. */
void peer_halt(struct peer *peer, enum peer_halt why);

/* Halts the peer until the pool `wire` has room for `size` bytes, or one of `lanes`, a set of enum
 * wire_lane, is free. The frame at hand is answered with ROUTER_WAIT and judged again later. */
void peer_wait(struct peer *peer, size_t size, unsigned lanes);

/* The same until a body of `size` bytes may come piece by piece. */
void peer_wait_arrival(struct peer *peer, size_t size);

/* Halts a peer that has had its share of this turn: it goes on in the next. */
void peer_rest(struct peer *peer);

/* It is halted no more, and in no list. */
void halt_leave(struct peer *peer);

/* True for a peer that has too much to read to be listened to, or whose listing is not finished, or whose
 * `reload` is not answered. */
bool peer_must_read_first(const struct peer *peer);

/* Something was written, or taken out of its outbox: lets a peer go on that was halted until then. */
void peer_resume_output(struct peer *peer);

/* Resumes the starved that would find what they want now. */
void halt_feed_starved(struct router *router);

#endif
