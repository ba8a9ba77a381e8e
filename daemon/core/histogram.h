#ifndef HISTOGRAM_H
#define HISTOGRAM_H

/*
 * A histogram of numbers, microseconds or bytes, in memory that does not grow: 1, 2, 3, 4, 6, 8, 12, 16 and
 * so on, two buckets an octave, up to 2^32 (as microseconds some 71 minutes), and one for all above. A number
 * belongs to the first bucket whose bound is not below it, so a bound is at most half as much again as
 * what it stands for. Adding one is a handful of instructions and no branch, whatever it is.
 */
#include <stdint.h>

enum {
    HISTOGRAM_OCTAVES = 32,
    HISTOGRAM_BOUNDED = 2 * HISTOGRAM_OCTAVES, /* buckets with a bound */
    HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDED + 1  /* and the last, without */
};

struct histogram {
    uint64_t sum;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

/* The bucket that a number belongs to. What is counted up in pairs are the powers of two in number - 1, since a
 * bound is in its bucket. */
static inline unsigned histogram_bucket(uint64_t number)
{
    uint64_t most = UINT64_C(1) << HISTOGRAM_OCTAVES;
    uint64_t below = number - (number > 0);
    uint64_t n = below < most ? below : most;
    unsigned octave = 63U - (unsigned)__builtin_clzll(n | 2);

    return 2 * octave + (unsigned)(n >> (octave - 1)) - 2;
}

static inline void histogram_add(struct histogram *histogram, uint64_t number)
{
    histogram->sum += number;
    histogram->counts[histogram_bucket(number)]++;
}

/* The largest number that belongs to bucket `bucket`, below HISTOGRAM_BOUNDED. */
uint64_t histogram_bound(unsigned bucket);

#endif
