/* Time: the next thing that can expire, and what has. */
#include "deadline.h"
#include "hand.h"
#include "match.h"
#include "pmad_must.h"
#include "router_state.h"
#include "task.h"
#include "worker.h"

/* ---- what is due, and when ---- */

/* The farthest a deadline looks ahead: beyond it there is a turn for nothing. */
#define FAR_US (UINT64_C(1) << 50)

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The wall clock's second, 1970 and before being 0. */
static uint64_t second_of(struct router_now now)
{
    return now.wall_us > 0 ? (uint64_t)now.wall_us / SECOND_US : 0;
}

static uint64_t limits_due_us(const struct router *router)
{
    uint64_t tick = wheel_next(&router->millis);

    return tick < UINT64_MAX / TICK_US ? tick * TICK_US : UINT64_MAX;
}

/* How long it is until the wall clock shows a second, as it goes now. Who sets it makes a turn. */
static uint64_t delayed_due_us(const struct router *router)
{
    uint64_t second = wheel_next(&router->seconds);
    uint64_t now = router->seconds.now;
    uint64_t past_us = router->now.wall_us > 0 ? (uint64_t)router->now.wall_us % SECOND_US : 0;

    if (second == UINT64_MAX)
        return UINT64_MAX;
    if (second <= now)
        return router->now.mono_us;
    if (second - now > FAR_US / SECOND_US)
        return router->now.mono_us + FAR_US;
    return router->now.mono_us + (second - now) * SECOND_US - past_us;
}

uint64_t router_deadline(const struct router *router)
{
    uint64_t next = earlier(limits_due_us(router), delayed_due_us(router));

    if (!TAILQ_EMPTY(&router->resumed))
        return router->now.mono_us; /* it goes on in the next turn */
    for (int deadline = 0; deadline < PEER_DEADLINES; deadline++)
        next = earlier(next, deadline_due_us(router, (enum peer_deadline)deadline));
    return next;
}

/* ---- a turn begins ---- */

static void expire(struct peer *peer, enum peer_deadline deadline)
{
    struct router_counts *counts = &peer->router->counts;

    if (deadline == DEADLINE_WOKEN) {
        worker_wakes_up(peer);
        return;
    }
    if (deadline == DEADLINE_OUTBOX || deadline == DEADLINE_SLOW || deadline == DEADLINE_HOG)
        counts->dropped_slow++;
    else
        counts->dropped_silent++;
    for (int other = 0; other < PEER_DEADLINES; other++)
        peer_timer_stop(peer, (enum peer_deadline)other);
    peer_drop(peer);
}

/* Tasks whose time limit is over, then those whose second has come. */
static void tick_tasks(struct router *router)
{
    struct wheel_timer *timer;

    wheel_turn_to(&router->millis, router->now.mono_us / TICK_US);
    while ((timer = wheel_take_due(&router->millis)))
        hand_took_too_long(router, timer);
    wheel_turn_to(&router->seconds, second_of(router->now));
    while ((timer = wheel_take_due(&router->seconds)))
        task_queue(router, task_of_timer(timer), false);
}

void router_tick(struct router *router, struct router_now now)
{
    MUST(now.mono_us >= router->now.mono_us);
    router->now = now;
    router->turn++;
    router->listing_left = LISTING_TURN;
    router->news_left = NEWS_TURN;
    for (int i = 0; i < PEER_DEADLINES; i++) {
        enum peer_deadline deadline = (enum peer_deadline)i;

        while (deadline_due_us(router, deadline) <= now.mono_us)
            expire(TAILQ_FIRST(&router->timers[deadline]), deadline);
    }
    tick_tasks(router);
    match_all(router);
}
