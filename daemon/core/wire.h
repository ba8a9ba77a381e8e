#ifndef WIRE_H
#define WIRE_H

/*
 * The pool `wire` and its lane: memory for what is said, and for what cannot be judged yet.
 *
 * What was read and not judged keeps its room whatever is taken here, so that it can always be parked
 * (inbox.h); and a body leaves a margin, so that large results which wait do not take the room of
 * small answers.
 */
#include <stdbool.h>
#include <stddef.h>

#include "block.h"
#include "peer.h"

/* The body of payload_max kept back for results that find no room otherwise, one at a time. */
struct lane {
    struct body body;
    bool busy;
};

/* One block, or a body, of the pool `wire`, as long as what was read and not yet judged keeps its
 * room. NULL, or false, when there is none. */
void *wire_take(struct router *router, size_t size);
bool wire_take_body(struct router *router, struct body *body, size_t size);

/* The room there must be for a body of that size to be taken. */
size_t wire_wants(size_t body_size);

/* The same for the body of a result that `peer` sends, who may have the lane if it is free and nobody
 * has waited for it longer. */
bool wire_take_result(struct peer *peer, struct body *body, size_t size);

/* Gives a body of the pool `wire` back if this was its last reference: the lane's to the lane. */
void body_release(struct router *router, struct block *first);

#endif
