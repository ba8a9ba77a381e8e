#include "wire.h"

#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"

void *wire_take(struct router *router, size_t size)
{
    void *block = store_take(&router->wire, size);

    if (block && router->wire.room < router->unread) {
        store_give(&router->wire, block);
        return NULL;
    }
    return block;
}

size_t wire_wants(size_t body_size)
{
    return body_size + (body_size < BODY_MARGIN ? body_size : BODY_MARGIN);
}

bool wire_take_body(struct router *router, struct body *body, size_t size)
{
    size_t margin = wire_wants(size) - size;

    if (!store_take_body(&router->wire, body, size))
        return false;
    if (router->wire.room < router->unread + margin) {
        store_give_chain(&router->wire, body->first);
        return false;
    }
    return true;
}

void *wire_take_spare(struct router *router, size_t size)
{
    void *block = store_take(&router->wire, size);

    if (block && router->wire.room < router->unread + BODY_MARGIN) {
        store_give(&router->wire, block);
        return NULL;
    }
    return block;
}

/* ---- the lanes ---- */

static bool keep_nodes(struct router *router, struct lane_nodes *nodes, size_t count, size_t size)
{
    STAILQ_INIT(&nodes->list);
    for (; nodes->all < count; nodes->all++, nodes->count++) {
        struct out *out = store_take(&router->wire, size);

        if (!out)
            return false;
        STAILQ_INSERT_HEAD(&nodes->list, out, link);
    }
    return true;
}

static struct out *pop_node(struct lane_nodes *nodes, enum wire_lane lane)
{
    struct out *out = STAILQ_FIRST(&nodes->list);

    STAILQ_REMOVE_HEAD(&nodes->list, link);
    nodes->count--;
    *out = (struct out){.of_lane = (uint8_t)lane};
    return out;
}

bool lane_init(struct router *router)
{
    const struct router_limits *limits = &router->limits;
    struct lane *lane = &router->lane;

    return store_take_body(&router->wire, &lane->body, limits->payload_max) &&
           keep_nodes(router, &lane->nodes, router_lane_nodes(limits), router_lane_node_size()) &&
           keep_nodes(router, &lane->answers, ROUTER_LANE_ANSWERS, router_lane_answer_size(limits));
}

static void give_nodes(struct router *router, struct lane_nodes *nodes)
{
    while (nodes->count > 0)
        store_give(&router->wire, pop_node(nodes, LANES_END));
}

void lane_finish(struct router *router)
{
    give_nodes(router, &router->lane.nodes);
    give_nodes(router, &router->lane.answers);
    store_give_chain(&router->wire, router->lane.body.first);
}

bool lane_is_wasted(const struct router *router)
{
    const struct lane *lane = &router->lane;

    for (unsigned one = LANE_BODY; one < LANES_END; one <<= 1)
        if (lane->awaited[one] > 0 && !(lane->busy & one))
            return true;
    return false;
}

/* May the peer have it now: it is free, and he waited for it, or nobody does? */
static bool lane_is_his(const struct peer *peer, enum wire_lane lane)
{
    const struct lane *lanes = &peer->router->lane;

    return !(lanes->busy & lane) && (peer->inbox.lanes & lane || lanes->awaited[lane] == 0);
}

bool wire_take_result(struct peer *peer, struct body *body, size_t size)
{
    struct router *router = peer->router;
    struct lane *lane = &router->lane;

    if (wire_take_body(router, body, size))
        return true;
    if (!lane_is_his(peer, LANE_BODY))
        return false;
    lane->busy |= LANE_BODY;
    *body = (struct body){.first = lane->body.first, .size = size};
    body->first->refs = 1;
    return true;
}

/* All of them, or none. */
static bool take_pool_nodes(struct router *router, struct out_list *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct out *out = out_take(router, 0);

        for (; !out && i > 0; i--) {
            struct out *spare = STAILQ_FIRST(nodes);

            STAILQ_REMOVE_HEAD(nodes, link);
            store_give(&router->wire, spare);
        }
        if (!out)
            return false;
        STAILQ_INSERT_HEAD(nodes, out, link);
    }
    return true;
}

bool wire_take_nodes(struct peer *peer, struct out_list *nodes, size_t count)
{
    struct lane *lane = &peer->router->lane;

    if (take_pool_nodes(peer->router, nodes, count))
        return true;
    if (!lane_is_his(peer, LANE_NODES))
        return false;
    lane->busy |= LANE_NODES;
    for (size_t i = 0; i < count; i++) {
        struct out *out = pop_node(&lane->nodes, LANE_NODES);

        STAILQ_INSERT_HEAD(nodes, out, link);
    }
    return true;
}

struct out *wire_take_answer(struct peer *peer, size_t size)
{
    struct router *router = peer->router;
    struct lane *lane = &router->lane;
    struct out *out = out_take(router, size);

    if (out || !lane_is_his(peer, LANE_ANSWERS) ||
        sizeof *out + size > router_lane_answer_size(&router->limits))
        return out;
    out = pop_node(&lane->answers, LANE_ANSWERS);
    if (lane->answers.count == 0)
        lane->busy |= LANE_ANSWERS;
    return out;
}

/* The lane of nodes is free again when all of them are back, that of answers when one is. */
void wire_give_node(struct router *router, struct out *out)
{
    struct lane *lane = &router->lane;
    bool answers = out->of_lane == LANE_ANSWERS;
    struct lane_nodes *nodes = answers ? &lane->answers : &lane->nodes;

    if (out->of_lane == 0) {
        store_give(&router->wire, out);
        return;
    }
    STAILQ_INSERT_HEAD(&nodes->list, out, link);
    if (++nodes->count < nodes->all && !answers)
        return;
    lane->busy &= ~(unsigned)out->of_lane;
    router->wire.given = true;
}

void body_release(struct router *router, struct block *first)
{
    if (!first)
        return;
    MUST(first->refs > 0);
    if (--first->refs > 0)
        return;
    if (first == router->lane.body.first) {
        router->lane.busy &= ~(unsigned)LANE_BODY;
        router->wire.given = true;
    } else {
        store_give_chain(&router->wire, first);
    }
}
