#include "deadline.h"

#include "pmad_must.h"
#include "router_state.h"
#include "worker.h"

/* A worker asks within microseconds of its NOOP, or is not quite there. */
enum { WOKEN_PATIENCE_US = 1000000 };

void peer_ready(struct peer *peer)
{
    if (peer->is_ready)
        return;
    peer->is_ready = true;
    TAILQ_INSERT_TAIL(&peer->router->ready, peer, ready);
}

void peer_end(struct peer *peer)
{
    if (peer->standing == PEER_OPEN)
        peer->standing = PEER_ENDING;
    peer_timer_stop(peer, DEADLINE_FRAME);
    worker_changed(peer);
    peer_ready(peer);
}

void peer_drop(struct peer *peer)
{
    peer->standing = PEER_DROPPED;
    worker_changed(peer);
    peer_ready(peer);
}

/* ---- deadlines ---- */

void peer_timer_start(struct peer *peer, enum peer_deadline deadline)
{
    struct router *router = peer->router;
    struct peer_timer *timer = &peer->timers[deadline];

    peer_timer_stop(peer, deadline);
    timer->armed = true;
    timer->since_us = router->now.mono_us;
    TAILQ_INSERT_TAIL(&router->timers[deadline], peer, timers[deadline].link);
}

void peer_timer_stop(struct peer *peer, enum peer_deadline deadline)
{
    struct peer_timer *timer = &peer->timers[deadline];

    if (!timer->armed)
        return;
    timer->armed = false;
    TAILQ_REMOVE(&peer->router->timers[deadline], peer, timers[deadline].link);
}

/* Who has more than outbox_max waiting for him while others find no room at all is not given the whole
 * grace: they wait for him. */
static uint64_t hog_patience_us(uint64_t grace_us)
{
    enum { SHARE = 50, LEAST_US = 20000 };
    uint64_t patience = grace_us / SHARE;

    if (patience < LEAST_US)
        patience = LEAST_US;
    return patience < grace_us ? patience : grace_us;
}

/* How long a deadline is; 0: it never comes. The time to read something counts only while somebody
 * waits for the memory. */
static uint64_t patience_us(const struct router *router, enum peer_deadline deadline)
{
    const struct router_limits *limits = &router->limits;

    switch (deadline) {
    case DEADLINE_IDLE:
        return limits->idle_timeout_us;
    case DEADLINE_FRAME:
        return limits->frame_timeout_us;
    case DEADLINE_OUTBOX:
        return TAILQ_EMPTY(&router->starved) ? 0 : limits->slow_peer_grace_us;
    case DEADLINE_SLOW:
        return limits->slow_peer_grace_us;
    case DEADLINE_HOG:
        return TAILQ_EMPTY(&router->starved) ? 0 : hog_patience_us(limits->slow_peer_grace_us);
    case DEADLINE_WOKEN:
        return WOKEN_PATIENCE_US;
    case PEER_DEADLINES:
        break;
    }
    return 0;
}

/* All of a kind are equally long, so that the first to start is the first to end. */
uint64_t deadline_due_us(const struct router *router, enum peer_deadline deadline)
{
    uint64_t patience = patience_us(router, deadline);
    const struct peer *first = TAILQ_FIRST(&router->timers[deadline]);

    return patience > 0 && first ? first->timers[deadline].since_us + patience : UINT64_MAX;
}
