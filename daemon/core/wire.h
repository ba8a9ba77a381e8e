#ifndef WIRE_H
#define WIRE_H

/*
 * The pool `wire` and its lane: memory for what is said, and for what cannot be judged yet.
 *
 * What was read and not judged keeps its room whatever is taken here, so that it can always be parked
 * (inbox.h); and a body leaves a margin, so that large results which wait do not take the room of
 * small answers.
 *
 * Who has to be answered waits until there is room, and so does what a worker says. That nobody waits for
 * ever is what the lanes are for, kept back since init: a body of payload_max and a node for each client
 * that can wait for one task, for one worker at a time; and a few nodes for answers, for one peer each.
 */
#include <stdbool.h>
#include <stddef.h>

#include "block.h"
#include "peer.h"

enum wire_lane { LANE_BODY = 1, LANE_NODES = 2, LANE_ANSWERS = 4, LANES_END = 8 };

/* Nodes that are kept back. */
struct lane_nodes {
    struct out_list list; /* those not in use */
    size_t count;         /* of them */
    size_t all;
};

struct lane {
    struct body body;
    struct lane_nodes nodes;   /* without bytes of their own */
    struct lane_nodes answers; /* with room for the longest answer */
    unsigned busy;             /* what nobody can have now, a set of enum wire_lane */
    size_t awaited[LANES_END]; /* by lane: starved peers that would do with it */
};

/* Takes the lanes; false when the pool cannot hold them. */
bool lane_init(struct router *router);

/* Gives them back; none is in use. */
void lane_finish(struct router *router);

/* Is a lane free that somebody waits for? */
bool lane_is_wasted(const struct router *router);

/* One block, or a body, of the pool `wire`, as long as what was read and not yet judged keeps its
 * room. NULL, or false, when there is none. */
void *wire_take(struct router *router, size_t size);
bool wire_take_body(struct router *router, struct body *body, size_t size);

/* One block that can be done without: a margin is left for what cannot. */
void *wire_take_spare(struct router *router, size_t size);

/* The room there must be for a body of that size to be taken. */
size_t wire_wants(size_t body_size);

/* The same for the body of a result that `peer` sends, who may have the lane if it is free and nobody
 * has waited for it longer. */
bool wire_take_result(struct peer *peer, struct body *body, size_t size);

/* Puts nodes for `count` clients of one task, waiters_per_task at most, at the front of `nodes`, of the
 * pool or of the lane; false when there are none, and none is taken. */
bool wire_take_nodes(struct peer *peer, struct out_list *nodes, size_t count);

/* A node for an answer to `peer` with room for `size` bytes, of the pool or of the lane; NULL when there is
 * none. */
struct out *wire_take_answer(struct peer *peer, size_t size);

/* Gives a node back: the lane's to the lane. */
void wire_give_node(struct router *router, struct out *out);

/* Gives a body of the pool `wire` back if this was its last reference: the lane's to the lane. */
void body_release(struct router *router, struct block *first);

#endif
