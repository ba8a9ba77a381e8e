#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdlib.h>
#include <string.h>

#include "top.h"

/* ---- figures of one function ---- */

/* A row of the listing, and the same function's in the look before. */
struct pair {
    const struct snapshot_table *now, *before;
    size_t row, before_row;
    bool had_before;
};

static unsigned long long number_at(const struct snapshot_table *table, size_t row,
                                    const char *name)
{
    size_t column = snapshot_column(table, name);

    return column < table->columns ? strtoull(snapshot_cell(table, row, column), NULL, 10) : 0;
}

static unsigned long long number(const struct pair *pair, const char *name)
{
    return number_at(pair->now, pair->row, name);
}

/* How much it has grown; a function that was dropped meanwhile has begun anew. */
static double growth(const struct pair *pair, const char *name)
{
    unsigned long long now = number(pair, name);
    unsigned long long before =
        pair->had_before ? number_at(pair->before, pair->before_row, name) : now;

    return now >= before ? (double)(now - before) : (double)now;
}

/* The row whose first cells are these; both looks have most functions in the same order, so the search
 * begins where the last one ended. */
static bool find(const struct snapshot_table *table, const char *name, const char *which,
                 size_t *row)
{
    for (size_t i = 0; i < table->rows; i++) {
        size_t at = (*row + i) % table->rows;

        if (strcmp(snapshot_cell(table, at, 0), name) == 0 &&
            (which == NULL || strcmp(snapshot_cell(table, at, 1), which) == 0)) {
            *row = at;
            return true;
        }
    }
    return false;
}

/* ---- times ---- */

enum { BUCKETS_MAX = 128 };

struct buckets {
    size_t count;
    double most[BUCKETS_MAX], tasks[BUCKETS_MAX];
    double all;
};

/* "MOST:TASKS MOST:TASKS", the shortest first. */
static void read_buckets(struct buckets *buckets, const char *text)
{
    char *end;

    *buckets = (struct buckets){.count = 0};
    while (*text != '\0' && buckets->count < BUCKETS_MAX) {
        size_t at = buckets->count++;

        buckets->most[at] = strtod(text, &end);
        buckets->tasks[at] = *end == ':' ? strtod(end + 1, &end) : 0;
        buckets->all += buckets->tasks[at];
        text = end + (*end == ' ');
    }
}

/* Takes away what was there before; what has become less has begun anew, and stays. */
static void subtract(struct buckets *now, const struct buckets *before)
{
    size_t at = 0;

    if (before->all > now->all)
        return;
    for (size_t i = 0; i < before->count; i++) {
        while (at < now->count && now->most[at] < before->most[i])
            at++;
        if (at < now->count && now->tasks[at] >= before->tasks[i]) {
            now->tasks[at] -= before->tasks[i];
            now->all -= before->tasks[i];
        }
    }
}

/* The bound that so much of them is below; -1: there are none. */
static double bound_of(const struct buckets *buckets, double share)
{
    double below = 0;

    for (size_t i = 0; i < buckets->count; i++) {
        below += buckets->tasks[i];
        if (buckets->tasks[i] > 0 && below >= share * buckets->all)
            return buckets->most[i];
    }
    return -1;
}

/* Times of which listing, `waiting` or `running`. */
static struct top_times times_of(const struct top_look *look, const struct top_look *before,
                                 const char *name, const char *which, size_t *hint)
{
    const struct snapshot_table *now = &look->told.tables[SNAPSHOT_HISTOGRAMS];
    const struct snapshot_table *then = &before->told.tables[SNAPSHOT_HISTOGRAMS];
    size_t column = snapshot_column(now, "buckets");
    size_t row = *hint;
    struct buckets news, all, old;

    if (column == now->columns || !find(now, name, which, &row))
        return (struct top_times){-1, -1};
    *hint = row;
    read_buckets(&all, snapshot_cell(now, row, column));
    news = all;
    if (before->complete && find(then, name, which, &row)) {
        read_buckets(&old, snapshot_cell(then, row, column));
        subtract(&news, &old);
    }
    if (news.all <= 0)
        news = all;
    return (struct top_times){bound_of(&news, 0.5), bound_of(&news, 0.99)};
}

/* ---- all of them ---- */

static bool fill(struct top_function *function, const struct pair *pair, const char *name,
                 double seconds)
{
    *function = (struct top_function){
        .name = snapshot_name(name),
        .queued = number(pair, "queued"),
        .running = number(pair, "running"),
        .workers = number(pair, "workers"),
        .oldest_us = number(pair, "oldest_us"),
        .held = number(pair, "paused") > 0 || number(pair, "draining") > 0,
    };
    function->tasks = function->queued + function->running + number(pair, "delayed");
    if (seconds > 0)
        function->done_rate = (growth(pair, "completed") + growth(pair, "failed")) / seconds;
    return function->name != NULL;
}

bool top_functions_make(struct top_look *look, const struct top_look *before)
{
    const struct snapshot_table *table = &look->told.tables[SNAPSHOT_FUNCTIONS];
    struct pair pair = {.now = table, .before = &before->told.tables[SNAPSHOT_FUNCTIONS]};
    double seconds = before->complete ? (double)(look->at_ms - before->at_ms) / 1000 : 0;
    size_t hints[2] = {0};

    look->functions = calloc(table->rows + 1, sizeof *look->functions);
    if (look->functions == NULL)
        return false;
    for (pair.row = 0; pair.row < table->rows; pair.row++) {
        struct top_function *function = &look->functions[look->function_count++];
        const char *name = snapshot_cell(table, pair.row, 0);

        pair.had_before = before->complete && find(pair.before, name, NULL, &pair.before_row);
        if (!fill(function, &pair, name, seconds))
            return false;
        function->waited = times_of(look, before, name, "waiting", &hints[0]);
        function->ran = times_of(look, before, name, "running", &hints[1]);
    }
    return true;
}

void top_functions_free(struct top_look *look)
{
    for (size_t i = 0; i < look->function_count; i++)
        free(look->functions[i].name);
    free(look->functions);
    look->functions = NULL;
    look->function_count = 0;
}
