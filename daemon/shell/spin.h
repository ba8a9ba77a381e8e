#ifndef SPIN_H
#define SPIN_H

/*
 * Busy polling, [server] busy_poll: after a turn the loop looks for news again and again, so long, before
 * it sleeps. Who answers faster than that is heard without the system having to wake the daemon; it
 * costs a processor as long as there is work.
 *
 * It pays only where the next turn comes within that time. Each turn that comes later halves it, and
 * one that comes in time restores it: work that is too seldom is waited for asleep.
 */
#include <stdint.h>
#include <uv.h>

struct spin {
    uv_idle_t idle; /* while it runs, the loop does not sleep */
    uint64_t most_us;
    uint64_t last_us;  /* when the last turn began */
    uint64_t until_us; /* when it is to sleep */
    unsigned late;     /* turns in sequence that came too late */
};

/* `most_us` of 0: it never spins. It cannot fail; uv_close() on `idle` ends it. */
void spin_init(struct spin *spin, uv_loop_t *uv, uint64_t most_us);

/* A turn that began at `now_us` is over. */
void spin_on(struct spin *spin, uint64_t now_us);

#endif
