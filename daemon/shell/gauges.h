#ifndef GAUGES_H
#define GAUGES_H

/* What the line `stats` tells of the shell, beside the router's own numbers. */
#include <stdint.h>

#include "router.h"

enum gauge {
    GAUGE_CONNECTIONS_OPEN,       /* whose block is in use: peers, and those that linger */
    GAUGE_CONNECTIONS_ACCEPTED,   /* ever, those that were turned away left out */
    GAUGE_TURNED_AWAY_ACCESS,     /* for want of any right */
    GAUGE_TURNED_AWAY_USER,       /* connections_per_user */
    GAUGE_TURNED_AWAY_RESERVED,   /* connections_reserved */
    GAUGE_TURNED_AWAY_DESCRIPTOR, /* none was left */
    GAUGE_ACCEPT_PAUSES,          /* times that nobody was accepted for a while */
    GAUGE_USERS,                  /* different ones at the Unix socket */
    GAUGE_LIMIT_PER_USER,
    GAUGE_LIMIT_DESCRIPTORS,
    GAUGE_POOL_BYTES,      /* mapped by all pools */
    GAUGE_LOOP_TURNS,      /* in which something was done */
    GAUGE_LOOP_BUSY_US,    /* from their beginning to their end, all together */
    GAUGE_LOOP_LONGEST_US, /* the longest of them */
    GAUGES
};

struct gauges {
    uint64_t value[GAUGES];
    struct router_gauge list[GAUGES]; /* for the router, with their names */
};

/* All 0, and listed. The struct stays where it is as long as the router lives. */
void gauges_init(struct gauges *gauges);

/* A turn of the loop, from its first callback to the last write, has taken so long. */
void gauges_turn(struct gauges *gauges, uint64_t us);

#endif
