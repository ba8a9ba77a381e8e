#ifndef ADVISE_SIZES_H
#define ADVISE_SIZES_H

/* How large the bodies were that a daemon has seen, as a load for capacity.h. */
#include "capacity.h"
#include "snapshot.h"

/* What `histograms` tells of all functions together becomes the kinds of a load, and `most` tasks at once
 * its demand; none is larger than `body_max`. False if there is nothing to go by. */
bool advise_sizes(const struct snapshot_table *histograms, size_t most, size_t body_max,
                  struct capacity_load *load, struct capacity_demand *demand);

#endif
