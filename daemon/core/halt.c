#include "halt.h"

#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "wire.h"

/* One more peer awaits the lanes, or one less. */
static void await(struct router *router, unsigned lanes, size_t by)
{
    for (unsigned lane = LANE_BODY; lane < LANES_END; lane <<= 1)
        if (lanes & lane)
            router->lane.awaited[lane] += by;
}

void peer_halt(struct peer *peer, enum peer_halt why)
{
    struct router *router = peer->router;

    MUST(peer->inbox.halt == HALT_NOT);
    peer->inbox.halt = why;
    if (why == HALT_MEMORY) {
        TAILQ_INSERT_TAIL(&router->starved, peer, halted);
        router->counts.starved++;
        await(router, peer->inbox.lanes, 1);
    }
    peer_ready(peer);
}

void halt_leave(struct peer *peer)
{
    struct router *router = peer->router;

    if (peer->inbox.halt == HALT_MEMORY) {
        TAILQ_REMOVE(&router->starved, peer, halted);
        router->counts.starved--;
        await(router, peer->inbox.lanes, (size_t)-1);
    } else if (peer->inbox.halt == HALT_RESUMED) {
        TAILQ_REMOVE(&router->resumed, peer, halted);
    }
    peer->inbox.halt = HALT_NOT;
}

static void resume(struct peer *peer)
{
    struct router *router = peer->router;

    halt_leave(peer);
    peer->inbox.halt = HALT_RESUMED;
    TAILQ_INSERT_TAIL(&router->resumed, peer, halted);
}

void peer_rest(struct peer *peer)
{
    MUST(peer->inbox.halt == HALT_NOT);
    peer->inbox.rested = peer->router->turn;
    resume(peer);
    peer_ready(peer);
}

void peer_wait(struct peer *peer, size_t size, unsigned lanes)
{
    peer->inbox.wants = size;
    peer->inbox.lanes = lanes;
    peer->inbox.arriving = 0;
    peer_halt(peer, HALT_MEMORY);
}

void peer_wait_arrival(struct peer *peer, size_t size)
{
    peer->inbox.wants = 0;
    peer->inbox.lanes = 0;
    peer->inbox.arriving = size;
    peer_halt(peer, HALT_MEMORY);
}

/* What waits for a peer, beyond the frame being written, by the memory it takes: many small frames are
 * no less of a burden than a few large ones. */
static size_t burden(const struct peer *peer)
{
    return outbox_backlog(peer) + peer->outbox.held;
}

/* What may wait for a peer that is still listened to: less, the less there is for all. */
static size_t patience(const struct router *router)
{
    size_t most = router->limits.outbox_max / 2;
    size_t share = router->wire.room / 4;

    return share < most ? share : most;
}

bool peer_must_read_first(const struct peer *peer)
{
    const struct outbox *outbox = &peer->outbox;

    if (peer->listing.kind || peer->reload)
        return true;
    if (outbox->size == 0)
        return false;
    return outbox->size + outbox->held > patience(peer->router) &&
           burden(peer) > patience(peer->router);
}

void peer_resume_output(struct peer *peer)
{
    if (peer->inbox.halt != HALT_OUTBOX)
        return;
    if (peer->listing.kind ? peer->outbox.size == 0 : !peer_must_read_first(peer))
        resume(peer);
}

/* Resumes who wanted what there is now, the longest halted first; a lane goes to one of them. */
void halt_feed_starved(struct router *router)
{
    struct peer *peer;
    struct peer *next;
    unsigned free = ~router->lane.busy;

    for (peer = TAILQ_FIRST(&router->starved); peer; peer = next) {
        const struct inbox *inbox = &peer->inbox;
        bool finds_room = router->wire.room >= inbox->wants &&
                          inbox->arriving <= router->arriving_max - router->arriving;
        unsigned takes = finds_room ? 0 : inbox->lanes & free;

        next = TAILQ_NEXT(peer, halted);
        if (!finds_room && !takes)
            continue;
        free &= ~takes;
        resume(peer);
    }
}
