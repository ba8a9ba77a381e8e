#include "latency.h"

#include <math.h>

/* The highest LATENCY_FINE + 1 bits of a duration and its size tell its bucket. */
static unsigned bucket_of(uint64_t ns)
{
    unsigned shift;

    if (ns < 2u << LATENCY_FINE)
        return (unsigned)ns;
    shift = 63u - LATENCY_FINE - (unsigned)__builtin_clzll(ns);
    return (shift << LATENCY_FINE) + (unsigned)(ns >> shift);
}

/* The longest duration that goes into a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    unsigned shift;

    if (bucket < 2u << LATENCY_FINE)
        return bucket;
    shift = (bucket >> LATENCY_FINE) - 1;
    return (((uint64_t)(bucket - (shift << LATENCY_FINE)) + 1) << shift) - 1;
}

void latency_add(struct latency *latency, uint64_t ns, uint64_t times)
{
    latency->counts[bucket_of(ns)] += times;
    latency->count += times;
    if (ns > latency->max_ns && times > 0)
        latency->max_ns = ns;
}

double latency_us(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)ceil(share * (double)latency->count);
    uint64_t seen = 0;

    if (latency->count == 0)
        return NAN;
    for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        seen += latency->counts[bucket];
        if (seen >= wanted)
            return (double)(bucket_end(bucket) < latency->max_ns ? bucket_end(bucket)
                                                                 : latency->max_ns) /
                   1e3;
    }
    return (double)latency->max_ns / 1e3;
}
