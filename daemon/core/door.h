#ifndef DOOR_H
#define DOOR_H

/*
 * The door of a peer: the one frame that has begun and is not committed. It holds what the commit
 * will need, and nothing of it is visible to anyone before that.
 */
#include "router.h"

/* Opens the door of `peer`, which must be closed, for `body_size` bytes. With `body` of that size
 * they are put there, and its reference is the door's; with NULL nobody wants them. */
struct door *door_open(struct peer *peer, enum door_kind kind, const struct gm_head *head,
                       const struct body *body);

/* Closes it and returns what it was; what it holds stays in it, and is the caller's. */
enum door_kind door_close(struct peer *peer);

/* Holds a node, with room for `size` bytes, for what the commit will say. False: nothing is held, and the
 * peer is halted. */
bool door_hold(struct peer *peer, size_t size);

/* Holds nodes to tell `count` clients of one task what their worker says, the same way; never for ever,
 * see wire.h. False as well when others are to have their turn first. */
bool door_hold_news(struct peer *peer, size_t count);

/* Takes a node held; NULL when there is none left. */
struct out *door_node(struct door *door);

/* Gives nodes that were held, and not used, back. */
void door_spare(struct router *router, struct door *door);

/* Gives back what a frame holds that will not be committed. */
void door_abort(struct peer *peer);

#endif
