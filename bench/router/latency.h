#ifndef LATENCY_H
#define LATENCY_H

/*
 * Durations, counted in buckets: exact below 256 ns, above that 128 buckets for each power of two, so
 * that what is read back is at most 0.8 % too high. Adding one is a few instructions, and there may be
 * as many as there are.
 */
#include <stdint.h>

enum {
    LATENCY_FINE = 7, /* bits that are kept */
    LATENCY_BUCKETS = (64 - LATENCY_FINE + 1) << LATENCY_FINE
};

struct latency {
    uint64_t counts[LATENCY_BUCKETS];
    uint64_t count, max_ns;
};

/* Adds `times` durations of `ns`. */
void latency_add(struct latency *latency, uint64_t ns, uint64_t times);

/* The duration that `share` (above 0, up to 1) of all are not above, in microseconds; not a number if
 * there are none. The share 1 is the exact maximum. */
double latency_us(const struct latency *latency, double share);

#endif
