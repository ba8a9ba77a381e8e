#ifndef DEADLINE_H
#define DEADLINE_H

/*
 * The deadlines of peers, and how a peer comes to its end. All deadlines of a kind are equally long,
 * so each kind is one list in order of start, and starting, stopping and expiring are O(1).
 */
#include <stdint.h>

#include "peer.h"

/* Says that a peer needs its driver, see router_next_output(). */
void peer_ready(struct peer *peer);

/* The next word to this peer is the last: it is closed when all has been written. */
void peer_end(struct peer *peer);

/* This peer is closed at once. */
void peer_drop(struct peer *peer);

/* Starts one of its deadlines now, or again; stops it. */
void peer_timer_start(struct peer *peer, enum peer_deadline deadline);
void peer_timer_stop(struct peer *peer, enum peer_deadline deadline);

/* When the first deadline of a kind comes, that of the first peer in its list; UINT64_MAX: never. */
uint64_t deadline_due_us(const struct router *router, enum peer_deadline deadline);

#endif
