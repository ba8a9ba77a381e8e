#include "wire.h"

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

static bool lane_is_awaited(const struct router *router)
{
    const struct peer *peer;

    TAILQ_FOREACH (peer, &router->starved, halted)
        if (peer->inbox.wants_lane)
            return true;
    return false;
}

bool wire_take_result(struct peer *peer, struct body *body, size_t size)
{
    struct router *router = peer->router;
    struct lane *lane = &router->lane;
    bool in_turn = peer->inbox.wants_lane || !lane_is_awaited(router);

    if (!wire_take_body(router, body, size)) {
        if (lane->busy || !in_turn)
            return false;
        lane->busy = true;
        *body = (struct body){.first = lane->body.first, .size = size};
        body->first->refs = 1;
    }
    peer->inbox.wants_lane = false;
    return true;
}

void body_release(struct router *router, struct block *first)
{
    if (!first)
        return;
    MUST(first->refs > 0);
    if (--first->refs > 0)
        return;
    if (first == router->lane.body.first) {
        router->lane.busy = false;
        router->wire.given = true;
    } else {
        store_give_chain(&router->wire, first);
    }
}
