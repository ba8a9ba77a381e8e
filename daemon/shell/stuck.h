#ifndef STUCK_H
#define STUCK_H

/*
 * Tasks that wait though no worker can do them, warn_wait of a function: the log says so, of each function when it
 * begins and once a minute, and when it is over for all. While tasks wait there is a look once a second, at
 * some of the functions; none while none waits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router.h"

struct stuck {
    size_t rows;  /* of functions */
    size_t row;   /* the next to be looked at */
    size_t found; /* in this round through all of them */
    size_t due;   /* of these, to be said in this round */
    bool is_told; /* some were found in the last */
    uint64_t next_us;
    uint64_t round_us, last_us; /* when this round began, and the last */
};

void stuck_init(struct stuck *stuck, size_t rows);

/* When stuck_look() is to be called; UINT64_MAX: not at all. */
uint64_t stuck_deadline(const struct stuck *stuck, const struct router *router);

/* Looks, if it is time. */
void stuck_look(struct stuck *stuck, const struct router *router, uint64_t now_us);

#endif
