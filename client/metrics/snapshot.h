#ifndef SNAPSHOT_H
#define SNAPSHOT_H

/*
 * All figures of a daemon, asked for one listing after the other, as tables of texts below a head.
 *
 * The listings are taken shortly after each other and not at the same instant: a function may be in one
 * and not yet, or no more, in the next.
 */
#include <stddef.h>

#include "pmad_client.h"

enum snapshot_listing {
    SNAPSHOT_STATS,      /* name, value */
    SNAPSHOT_FUNCTIONS,  /* columns as the daemon calls them; names are percent-encoded */
    SNAPSHOT_HISTOGRAMS, /* likewise */
    SNAPSHOT_POOLS,      /* pool, class, blocks, used, high_water, refused */
    SNAPSHOT_LISTINGS
};

struct snapshot_table {
    char *text;           /* the cells point into it */
    char **cells;         /* row by row; the first is the head */
    size_t columns, rows; /* the head is not counted */
};

struct snapshot {
    char *version;
    struct snapshot_table tables[SNAPSHOT_LISTINGS];
};

/* Asks for the version and the first `wanted` of the listings, each answer within `timeout_ms`; the others have
 * no rows. PMADC_PROTOCOL for rows that do not fit their head; on anything but PMADC_OK there is no
 * snapshot. */
enum pmadc_status snapshot_take(struct snapshot *snapshot, struct pmadc *client,
                                enum snapshot_listing wanted, int timeout_ms);

void snapshot_free(struct snapshot *snapshot);

/* The cell in `row`, from 0, and `column`, both below their counts. */
const char *snapshot_cell(const struct snapshot_table *table, size_t row, size_t column);

/* What a column is called. */
const char *snapshot_head(const struct snapshot_table *table, size_t column);

/* The column of that name; `columns` if there is none. */
size_t snapshot_column(const struct snapshot_table *table, const char *name);

/* The figure of that name in SNAPSHOT_STATS, or NULL. */
const char *snapshot_figure(const struct snapshot *snapshot, const char *name);

/* A percent-encoded name as people write it, in UTF-8, to be freed. One that is no UTF-8, or has a `%`,
 * stays encoded, so that different names stay different. NULL without memory. */
char *snapshot_name(const char *encoded);

#endif
