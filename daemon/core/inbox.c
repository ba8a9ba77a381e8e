#include "inbox.h"

#include <string.h>

#include "admin.h"
#include "deadline.h"
#include "door.h"
#include "halt.h"
#include "hand.h"
#include "listing.h"
#include "match.h"
#include "pmad_must.h"
#include "request.h"
#include "router_state.h"

/* ---- parking ---- */

static void unpark(struct peer *peer)
{
    struct inbox *inbox = &peer->inbox;

    store_give_chain(&peer->router->wire, inbox->parked);
    inbox->parked = NULL;
    inbox->parked_size = 0;
}

/* There is room for it, because no more was read than could be parked, unless the driver says that
 * there is none, router_scarcity(): then the peer is dropped, and nobody else loses anything. */
static void park(struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct inbox *inbox = &peer->inbox;
    struct body body;
    struct body_cursor cursor;

    if (size == 0)
        return;
    MUST(!inbox->parked);
    if (!store_take_body(&peer->router->wire, &body, size)) {
        peer_drop(peer);
        return;
    }
    cursor = body_begin(&body);
    body_write(&cursor, bytes, size);
    inbox->parked = body.first;
    inbox->parked_size = size;
}

/* Lays what is parked at the beginning of the read buffer. */
static void lay_out(const struct peer *peer)
{
    struct body parked = {.first = peer->inbox.parked, .size = peer->inbox.parked_size};

    body_read(&parked, peer->router->read_buffer);
}

void inbox_discard(struct peer *peer)
{
    unpark(peer);
    door_abort(peer);
    peer->inbox.skip = 0;
    halt_leave(peer);
}

/* ---- bytes to frames ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t take_skip(struct peer *peer, size_t size)
{
    size_t part = least(peer->inbox.skip, size);

    peer->inbox.skip -= part;
    return part;
}

/* Body bytes that came with the head, or that nobody wants. */
static size_t take_body(struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t part = least(peer->door.left, size);
    struct body_cursor cursor = {.at = peer->door.filling, .filled = peer->door.filled};

    if (!peer->door.sink)
        body_write(&cursor, bytes, part);
    router_body_got(peer, part);
    if (peer->door.left == 0)
        router_commit(peer->router, peer);
    return part;
}

static size_t take_head(struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct router *router = peer->router;
    struct gm_head head;
    enum gm_decode decoded = gm_head_decode(&head, bytes, size, router->head_max);
    enum router_verdict verdict = ROUTER_WAIT;

    switch (decoded) {
    case GM_NEED_MORE:
        return 0;
    case GM_HEAD:
        verdict = router_begin(router, peer, &head);
        break;
    case GM_BAD_ARGS:
        verdict = request_bad_arguments(router, peer, &head);
        break;
    case GM_BAD_MAGIC:
        verdict = request_bad_magic(peer);
        break;
    }
    switch (verdict) {
    case ROUTER_WAIT:
        return 0;
    case ROUTER_CLOSE:
        peer_end(peer);
        return size;
    case ROUTER_SKIP:
        peer->inbox.skip = head.body_size;
        break;
    case ROUTER_TAKE:
        if (head.body_size == 0)
            router_commit(router, peer);
        break;
    }
    return head.head_size;
}

/* Does the next whole thing in the bytes; returns how many it took, 0 when it has to wait. */
static size_t take_one(struct peer *peer, const uint8_t *bytes, size_t size)
{
    if (peer->inbox.skip > 0)
        return take_skip(peer, size);
    if (peer->door.kind != DOOR_CLOSED)
        return take_body(peer, bytes, size);
    if (bytes[0] != 0)
        return admin_line(peer, bytes, size);
    return take_head(peer, bytes, size);
}

/* Nothing of a frame is left open behind the last step. */
static bool between_frames(const struct peer *peer)
{
    return peer->inbox.skip == 0 && peer->door.kind == DOOR_CLOSED;
}

/* Who does not read what it is told is not listened to; but a frame that has begun is taken to its end,
 * or who writes all of it before it reads would never do either. */
static bool is_to_read_first(const struct peer *peer)
{
    return between_frames(peer) && peer_must_read_first(peer);
}

/* A frame that has begun must be finished in time; every frame has its own. The time that a whole head
 * waits is not its peer's; the time that a peer cannot be read for want of room is, or those who hold
 * all the room with unfinished frames would hold it for ever. */
static void watch_frame(struct peer *peer, bool another)
{
    const struct inbox *inbox = &peer->inbox;
    bool unfinished = inbox->parked_size > 0 || !between_frames(peer);
    bool head_waits = inbox->halt != HALT_NOT && between_frames(peer);

    if (another || !unfinished || head_waits)
        peer_timer_stop(peer, DEADLINE_FRAME);
    if (unfinished && !head_waits && !peer->timers[DEADLINE_FRAME].armed)
        peer_timer_start(peer, DEADLINE_FRAME);
}

/* Judges `size` bytes at the beginning of the read buffer; parks what has to wait. */
static void take_all(struct peer *peer, size_t size)
{
    struct router *router = peer->router;
    const uint8_t *at = router->read_buffer;
    bool finished_one = false;

    while (size > 0 && peer->standing == PEER_OPEN && peer->inbox.halt == HALT_NOT) {
        size_t taken;

        if (is_to_read_first(peer)) {
            peer_halt(peer, HALT_OUTBOX);
            break;
        }
        router->unread = size;
        taken = take_one(peer, at, size);
        match_all(router);
        if (taken == 0)
            break;
        if (peer->inbox.halt == HALT_NOT) /* else they are what it waits for, see peer_wait() */
            peer->inbox.lanes = 0;
        finished_one = finished_one || between_frames(peer);
        at += taken;
        size -= taken;
    }
    router->unread = 0;
    if (peer->standing != PEER_OPEN)
        return;
    park(peer, at, size);
    if (peer->standing != PEER_OPEN)
        return;
    if (peer->inbox.halt == HALT_NOT && is_to_read_first(peer))
        peer_halt(peer, HALT_OUTBOX);
    watch_frame(peer, finished_one);
}

void inbox_resume(struct peer *peer)
{
    size_t size = peer->inbox.parked_size;

    peer->inbox.halt = HALT_NOT;
    peer_ready(peer); /* it is to be read again, whatever comes of this */
    if (peer->standing != PEER_OPEN)
        return;
    listing_continue(peer);
    if (peer->inbox.halt != HALT_NOT)
        return;
    lay_out(peer);
    unpark(peer);
    take_all(peer, size);
}

/* ---- what the driver calls ---- */

bool peer_is_read(const struct peer *peer)
{
    return peer->standing == PEER_OPEN && peer->inbox.halt == HALT_NOT;
}

/* Bytes a read may bring beside what is parked: half of what the pool has room for, should all of it
 * have to be parked, so that whoever has to wait leaves room for others to be read. */
static size_t read_size(const struct peer *peer)
{
    size_t room = peer->router->wire.room;
    size_t spare = room > WIRE_MARGIN ? room - WIRE_MARGIN : 0;

    size_t left = ROUTER_READ_SIZE - peer->inbox.parked_size;

    return least(least(left, READ_TURN), spare / 2);
}

size_t peer_input(struct peer *peer, struct iovec *room, size_t max)
{
    size_t count = 0;
    size_t direct = 0;
    size_t size;

    MUST(max >= 2);
    if (!peer_is_read(peer))
        return 0;
    count = router_body(peer, room, max - 1);
    for (size_t i = 0; i < count; i++)
        direct += room[i].iov_len;
    if (count > 0 && direct < peer->door.left)
        return count;
    size = read_size(peer);
    if (size > 0) {
        lay_out(peer);
        room[count++] = (struct iovec){
            .iov_base = peer->router->read_buffer + peer->inbox.parked_size, .iov_len = size};
    } else if (count == 0) {
        /* It has something to say, and is not to blame that it cannot. */
        peer_timer_stop(peer, DEADLINE_IDLE);
        peer_wait(peer, WIRE_MARGIN + peer->router->head_max, 0);
    }
    return count;
}

void peer_input_got(struct peer *peer, size_t bytes)
{
    size_t size;

    peer_timer_stop(peer, DEADLINE_IDLE);
    if (peer->door.kind != DOOR_CLOSED && !peer->door.sink) {
        size_t direct = least(peer->door.left, bytes);

        router_body_got(peer, direct);
        bytes -= direct;
        if (peer->door.left == 0) {
            router_commit(peer->router, peer);
            match_all(peer->router);
            watch_frame(peer, true);
        }
    }
    size = peer->inbox.parked_size + bytes;
    unpark(peer);
    take_all(peer, size);
}

/* Goes on with all that are resumed, but for those that have had their share of this turn. */
static void resume_all(struct router *router)
{
    struct peer_list rested = TAILQ_HEAD_INITIALIZER(rested);
    struct peer *peer;

    while ((peer = TAILQ_FIRST(&router->resumed))) {
        TAILQ_REMOVE(&router->resumed, peer, halted);
        if (peer->inbox.rested == router->turn)
            TAILQ_INSERT_TAIL(&rested, peer, halted);
        else
            inbox_resume(peer);
    }
    TAILQ_CONCAT(&router->resumed, &rested, halted);
}

bool router_settle(struct router *router)
{
    size_t room = router->wire.room;
    size_t arriving = router->arriving;
    unsigned lanes_busy = router->lane.busy;

    if (router->wire.given) {
        halt_feed_starved(router);
        hand_feed_short(router, router->wire.room);
    }
    resume_all(router);
    match_all(router);
    /* Who was resumed and parked the same bytes again has given nothing that others could use; but he
     * may have been given a lane that he had no use for any more. */
    router->wire.given = router->wire.room > room || lane_is_wasted(router) ||
                         (lanes_busy & ~router->lane.busy) || router->arriving < arriving;
    return !TAILQ_EMPTY(&router->ready);
}
