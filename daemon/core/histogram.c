#include "histogram.h"

uint64_t histogram_bound(unsigned bucket)
{
    unsigned octave = bucket < 2 ? 1 : bucket / 2;

    return (uint64_t)(bucket + 3 - 2 * octave) << (octave - 1);
}
