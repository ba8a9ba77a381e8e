#ifndef CTL_TABLE_H
#define CTL_TABLE_H

/*
 * What the daemon lists, as a table of texts: read from its lines, printed for people (aligned,
 * with titles, human sizes and bars), for scripts (the daemon's columns, TAB between, no titles) or
 * as JSON (one array of objects).
 */
#include <stdbool.h>
#include <stddef.h>

#include "pmad_client.h"

enum { CTL_COLUMNS_MAX = 8 };

enum ctl_column_kind {
    CTL_TEXT,
    CTL_COUNT,
    CTL_SIZE, /* bytes */
    CTL_MS,   /* milliseconds, with decimals */
    CTL_WORDS /* words between blanks: a list in JSON */
};

struct ctl_column {
    const char *title; /* for people */
    const char *key;   /* in JSON */
    enum ctl_column_kind kind;
};

/* One kind of list. */
struct ctl_listing {
    const char *line; /* what the daemon is asked */
    size_t column_count;
    struct ctl_column columns[CTL_COLUMNS_MAX];
    /* Cuts one line in place into its cells; false if it is not of this kind. NULL: at TABs. */
    bool (*cut)(char *line, char **cells);
    /* The columns whose quotient is shown as a bar; none where both are 0. */
    size_t bar_of, bar_whole;
};

struct ctl_row {
    char *cells[CTL_COLUMNS_MAX];
};

struct ctl_table {
    const struct ctl_listing *listing;
    char *text; /* the cells point into it */
    struct ctl_row *rows;
    size_t row_count;
};

/* Makes a table out of the daemon's lines. PMADC_PROTOCOL if a line is not of this kind,
 * PMADC_MEMORY without memory; then there is none. */
enum pmadc_status ctl_table_read(struct ctl_table *table, const struct ctl_listing *listing,
                                 const char *lines);

void ctl_table_free(struct ctl_table *table);

enum ctl_style { CTL_FOR_PEOPLE, CTL_FOR_SCRIPTS, CTL_AS_JSON };

/* Prints on stdout; false without memory. */
bool ctl_table_print(const struct ctl_table *table, enum ctl_style style);

/* The part of it that is in ctl_json.c. */
bool ctl_table_print_json(const struct ctl_table *table);

/* How busy a function is. */
struct ctl_load {
    bool known;
    unsigned long long tasks, running, workers;
};

/* Asks `status` for one function. */
enum pmadc_status ctl_load_of(struct pmadc *client, const char *function, int timeout_ms,
                              struct ctl_load *load);

#endif
