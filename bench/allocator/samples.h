#ifndef SAMPLES_H
#define SAMPLES_H

/*
 * Durations, as read: in ticks of the clock, with the cost of reading it still in them. What reads
 * them back subtracts that floor and turns ticks into nanoseconds.
 */
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* What is known of the clock. */
struct clock_facts {
    double tick_ns; /* by CLOCK_MONOTONIC */
    uint32_t floor; /* median of two readings back to back, in ticks */
};

extern struct clock_facts clock_facts;

struct samples {
    uint32_t *ticks; /* in order of time; one that is longer than 2^32 - 1 counts as that */
    size_t count;
};

/* Pages straight from the system, all there, zeroed, never given back: nothing that the harness needs
 * comes out of the allocator under measurement. */
void *pages_new(size_t bytes);

struct samples samples_new(size_t room);

/* Adds one; who has made the samples knows that there is room. */
static inline void samples_add(struct samples *samples, uint64_t begin, uint64_t end)
{
    uint64_t ticks = end - begin;

    samples->ticks[samples->count++] = ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

/* Adds one of nothing: two readings back to back. */
static inline void samples_add_reading(struct samples *samples)
{
    uint64_t begin = clock_begin();

    samples_add(samples, begin, clock_end());
}

/* Measures both, before anything else. */
void clock_measure(void);

/* Measures the floor anew, from readings back to back. It depends on what the core does between them,
 * so modes that time single calls take such readings in the very loop that they time calls in. */
void clock_set_floor(const struct samples *readings);

/* Ticks without the floor, as nanoseconds. */
double samples_ns(uint32_t ticks);

/* Writes `count` samples in ascending order to `sorted`, which has room for twice as many. */
void samples_sort(const uint32_t *ticks, size_t count, uint32_t *sorted);

/* The smallest sample that `share` (above 0, up to 1) of all are not above. */
uint32_t samples_at(const uint32_t *sorted, size_t count, double share);

#endif
