#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "snapshot.h"

static json_t *number_of(const char *text)
{
    return json_integer((json_int_t)strtoull(text, NULL, 10));
}

static json_t *name_of(const char *encoded)
{
    char *name = snapshot_name(encoded);
    json_t *made = name != NULL ? json_string(name) : NULL;

    free(name);
    return made;
}

/* Words MOST:TASKS as an array of objects; the one without a bound has `most_us` null. */
static json_t *buckets_of(const char *text)
{
    json_t *buckets = json_array();

    while (buckets != NULL && *text != '\0') {
        const char *tasks = strchr(text, ':');
        json_t *most = *text == 'i' ? json_null() : number_of(text);
        json_t *bucket =
            json_pack("{s:o, s:o}", "most_us", most, "tasks", number_of(tasks ? tasks + 1 : "0"));

        if (json_array_append_new(buckets, bucket) != 0) {
            json_decref(buckets);
            return NULL;
        }
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return buckets;
}

/* How a column is told that is no number. */
static const struct {
    const char *head;
    json_t *(*tell)(const char *cell);
} texts[] = {
    {"function", name_of},
    {"histogram", name_of},
    {"pool", name_of},
    {"buckets", buckets_of},
};

static json_t *cell_of(const char *head, const char *cell)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].head, head) == 0)
            return texts[i].tell(cell);
    return number_of(cell);
}

/* NULL without memory, as below. */
static json_t *row_of(const struct snapshot_table *table, size_t row)
{
    json_t *object = json_object();

    for (size_t column = 0; object != NULL && column < table->columns; column++) {
        const char *head = snapshot_head(table, column);

        if (json_object_set_new(object, head, cell_of(head, snapshot_cell(table, row, column))) !=
            0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *rows_of(const struct snapshot_table *table)
{
    json_t *rows = json_array();

    for (size_t row = 0; rows != NULL && row < table->rows; row++) {
        if (json_array_append_new(rows, row_of(table, row)) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows;
}

static json_t *stats_of(const struct snapshot_table *table)
{
    json_t *stats = json_object();

    for (size_t row = 0; stats != NULL && row < table->rows; row++) {
        if (json_object_set_new(stats, snapshot_cell(table, row, 0),
                                number_of(snapshot_cell(table, row, 1))) != 0) {
            json_decref(stats);
            stats = NULL;
        }
    }
    return stats;
}

bool metrics_json(const struct snapshot *snapshot, FILE *out)
{
    const struct snapshot_table *tables = snapshot->tables;
    json_t *all =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "version", snapshot->version, "stats",
                  stats_of(&tables[SNAPSHOT_STATS]), "functions",
                  rows_of(&tables[SNAPSHOT_FUNCTIONS]), "histograms",
                  rows_of(&tables[SNAPSHOT_HISTOGRAMS]), "pools", rows_of(&tables[SNAPSHOT_POOLS]));

    if (all == NULL)
        return false;
    (void)json_dumpf(all, out, JSON_INDENT(2));
    (void)putc('\n', out);
    json_decref(all);
    return true;
}
