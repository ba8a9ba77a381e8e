#ifndef METRICS_H
#define METRICS_H

/* A snapshot written down for other programs. */
#include <stdbool.h>
#include <stdio.h>

struct snapshot;

/*
 * As Prometheus' text format, version 0.0.4: names begin with `pmadd_`, times are seconds, counters end
 * with `_total`, histograms have a bucket for each power of two of microseconds. False without memory.
 */
bool metrics_prometheus(const struct snapshot *snapshot, FILE *out);

/*
 * As one JSON object: `version`; `stats`, an object of numbers; `functions`, `histograms` and `pools`,
 * arrays of objects with the daemon's columns as keys. False without memory.
 */
bool metrics_json(const struct snapshot *snapshot, FILE *out);

#endif
