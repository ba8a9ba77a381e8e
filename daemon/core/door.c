#include "door.h"

#include "answer.h"
#include "halt.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "wire.h"

struct door *door_open(struct peer *peer, enum door_kind kind, const struct gm_head *head,
                       const struct body *body)
{
    struct door *door = &peer->door;

    MUST(door->kind == DOOR_CLOSED);
    door->kind = kind;
    door->type = head->type;
    door->left = head->body_size;
    door->sink = !body;
    door->body = body ? *body : (struct body){0};
    door->filling = door->body.first;
    door->filled = 0;
    door->arriving = 0;
    return door;
}

/* Its body comes no more: others may, who waited for that. */
static void has_arrived(struct router *router, const struct door *door)
{
    if (door->kind != DOOR_SUBMIT || door->arriving == 0)
        return;
    router->arriving -= door->arriving;
    router->wire.given = true;
}

enum door_kind door_close(struct peer *peer)
{
    struct door *door = &peer->door;
    enum door_kind kind = door->kind;

    MUST(kind != DOOR_CLOSED && door->left == 0);
    has_arrived(peer->router, door);
    door->kind = DOOR_CLOSED;
    return kind;
}

bool door_hold(struct peer *peer, size_t size)
{
    struct out *out = answer_take(peer, size);

    if (!out) {
        door_spare(peer->router, &peer->door);
        return false;
    }
    STAILQ_INSERT_HEAD(&peer->door.outs, out, link);
    return true;
}

bool door_hold_news(struct peer *peer, size_t count)
{
    struct router *router = peer->router;

    if (count > 0 && router->news_left == 0) {
        peer_rest(peer);
        return false;
    }
    if (!wire_take_nodes(peer, &peer->door.outs, count)) {
        peer_wait(peer, count * sizeof(struct out), LANE_NODES);
        return false;
    }
    router->news_left -= count < router->news_left ? count : router->news_left;
    return true;
}

struct out *door_node(struct door *door)
{
    struct out *out = STAILQ_FIRST(&door->outs);

    if (out)
        STAILQ_REMOVE_HEAD(&door->outs, link);
    return out;
}

void door_spare(struct router *router, struct door *door)
{
    struct out *out;

    while ((out = door_node(door)))
        out_give(router, out);
}

void door_abort(struct peer *peer)
{
    struct door *door = &peer->door;
    struct router *router = peer->router;

    door_spare(router, door);
    has_arrived(router, door);
    if (door->kind == DOOR_SUBMIT)
        task_give_up(router, door->task);
    else if (door->kind != DOOR_CLOSED)
        body_release(router, door->body.first);
    door->kind = DOOR_CLOSED;
}

size_t router_body(struct peer *peer, struct iovec *room, size_t max)
{
    const struct door *door = &peer->door;
    struct body_cursor cursor = {.at = door->filling, .filled = door->filled};

    if (door->kind == DOOR_CLOSED || door->sink)
        return 0;
    return body_room(&cursor, door->left, room, max);
}

void router_body_got(struct peer *peer, size_t bytes)
{
    struct door *door = &peer->door;
    struct body_cursor cursor = {.at = door->filling, .filled = door->filled};

    MUST(door->kind != DOOR_CLOSED && bytes <= door->left);
    door->left -= bytes;
    if (door->sink)
        return;
    body_advance(&cursor, bytes);
    door->filling = cursor.at;
    door->filled = cursor.filled;
}
