#include "halt.h"

#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"

void peer_halt(struct peer *peer, enum peer_halt why)
{
    struct router *router = peer->router;

    MUST(peer->inbox.halt == HALT_NOT);
    peer->inbox.halt = why;
    if (why == HALT_MEMORY)
        TAILQ_INSERT_TAIL(&router->starved, peer, halted);
    peer_ready(peer);
}

static void resume(struct peer *peer)
{
    struct router *router = peer->router;

    if (peer->inbox.halt == HALT_MEMORY)
        TAILQ_REMOVE(&router->starved, peer, halted);
    peer->inbox.halt = HALT_RESUMED;
    TAILQ_INSERT_TAIL(&router->resumed, peer, halted);
}

void peer_rest(struct peer *peer)
{
    MUST(peer->inbox.halt == HALT_NOT);
    resume(peer);
    peer_ready(peer);
}

void peer_wait(struct peer *peer, size_t size, bool lane_too)
{
    peer->inbox.wants = size;
    peer->inbox.wants_lane = lane_too;
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
    return peer->listing.kind || (peer->outbox.size > 0 && burden(peer) > patience(peer->router));
}

void peer_resume_output(struct peer *peer)
{
    if (peer->inbox.halt != HALT_OUTBOX)
        return;
    if (peer->listing.kind ? peer->outbox.size == 0 : !peer_must_read_first(peer))
        resume(peer);
}

/* Resumes who wanted what there is now; the lane goes to one of them, the longest halted. */
void halt_feed_starved(struct router *router)
{
    struct peer *peer;
    struct peer *next;
    bool lane_free = !router->lane.busy;

    for (peer = TAILQ_FIRST(&router->starved); peer; peer = next) {
        bool finds_room = router->wire.room >= peer->inbox.wants;
        bool takes_lane = !finds_room && peer->inbox.wants_lane && lane_free;

        next = TAILQ_NEXT(peer, halted);
        if (!finds_room && !takes_lane)
            continue;
        lane_free = lane_free && !takes_lane;
        resume(peer);
    }
}
