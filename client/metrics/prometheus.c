#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "snapshot.h"

/*
 * What a figure is called. Rows of one metric stand together; the first of them has its help. A figure
 * that ends with `_` is the beginning of a name, and what is behind it is the value of the label.
 */
struct metric {
    const char *figure; /* in `stats`, or the column in another listing */
    const char *name, *type, *help;
    const char *label, *value; /* or NULL */
    bool is_time;              /* told in microseconds */
};

#define FIGURE(of, called, kind, says) \
    .figure = (of), .name = (called), .type = (kind), .help = (says)

static const struct metric of_daemon[] = {
    {FIGURE("peers", "pmadd_connections", "gauge", "Connections that the router knows.")},
    {FIGURE("workers", "pmadd_workers", "gauge", "Connections that can do some function.")},
    {FIGURE("clients", "pmadd_clients", "gauge", "Connections that wait for the end of a task.")},
    {FIGURE("starved", "pmadd_starved_connections", "gauge",
            "Connections that are not read until there is memory.")},
    {FIGURE("registrations", "pmadd_registrations", "gauge", "Pairs of a worker and a function.")},
    {FIGURE("functions", "pmadd_functions", "gauge", "Functions in the table.")},
    {FIGURE("waiters", "pmadd_waiters", "gauge", "Foreground submissions that are unfinished.")},
    {FIGURE("reserved", "pmadd_reserved_submissions", "gauge",
            "Submissions that functions have room kept for.")},
    {FIGURE("draining", "pmadd_draining", "gauge", "1 when nothing is accepted any more.")},
    {FIGURE("bytes", "pmadd_payload_bytes", "gauge", "Bytes of the payloads of unfinished tasks.")},
    {FIGURE("arriving_bytes", "pmadd_arriving_bytes", "gauge",
            "Bytes of bodies that come piece by piece.")},
    {FIGURE("arriving", "pmadd_tasks", "gauge", "Tasks by state."), .label = "state",
     .value = "arriving"},
    {FIGURE("delayed", "pmadd_tasks", "gauge", NULL), .label = "state", .value = "delayed"},
    {FIGURE("queued", "pmadd_tasks", "gauge", NULL), .label = "state", .value = "queued"},
    {FIGURE("assigned", "pmadd_tasks", "gauge", NULL), .label = "state", .value = "running"},
    {FIGURE("cancelled_running", "pmadd_tasks", "gauge", NULL), .label = "state",
     .value = "cancelled_running"},
    {FIGURE("told", "pmadd_tasks", "gauge", NULL), .label = "state", .value = "told"},
    {FIGURE("submitted", "pmadd_tasks_submitted_total", "counter", "Tasks accepted.")},
    {FIGURE("coalesced", "pmadd_tasks_coalesced_total", "counter",
            "Submissions that joined a task that was there.")},
    {FIGURE("completed", "pmadd_tasks_finished_total", "counter", "Tasks that ended, by outcome."),
     .label = "outcome", .value = "completed"},
    {FIGURE("failed", "pmadd_tasks_finished_total", "counter", NULL), .label = "outcome",
     .value = "failed"},
    {FIGURE("cancelled", "pmadd_tasks_finished_total", "counter", NULL), .label = "outcome",
     .value = "cancelled"},
    {FIGURE("abandoned", "pmadd_tasks_finished_total", "counter", NULL), .label = "outcome",
     .value = "abandoned"},
    {FIGURE("retried", "pmadd_tasks_retried_total", "counter",
            "Times that a task went back into its queue.")},
    {FIGURE("refused", "pmadd_submissions_refused_total", "counter", "Submissions refused.")},
    {FIGURE("refused_", "pmadd_refusals_total", "counter",
            "Refusals by the limit that was met, of submissions and others."),
     .label = "limit"},
    {FIGURE("denied", "pmadd_requests_denied_total", "counter",
            "Requests without the right to them.")},
    {FIGURE("dropped_slow", "pmadd_connections_dropped_total", "counter",
            "Connections ended by the router, by reason."),
     .label = "reason", .value = "slow"},
    {FIGURE("dropped_silent", "pmadd_connections_dropped_total", "counter", NULL),
     .label = "reason", .value = "silent"},
    {FIGURE("connections_accepted", "pmadd_connections_accepted_total", "counter",
            "Connections let in.")},
    {FIGURE("connections_turned_away_", "pmadd_connections_turned_away_total", "counter",
            "Connections that were not let in, by reason."),
     .label = "reason"},
    {FIGURE("connections_open", "pmadd_connections_open", "gauge",
            "Connections whose memory is in use.")},
    {FIGURE("accept_pauses", "pmadd_accept_pauses_total", "counter",
            "Times that nobody was accepted for a while.")},
    {FIGURE("users", "pmadd_users", "gauge", "Different users at the Unix socket.")},
    {FIGURE("limit_connections", "pmadd_connections_limit", "gauge", "Connections there can be.")},
    {FIGURE("tasks_most", "pmadd_tasks_max", "gauge",
            "The most tasks that there ever were at once.")},
    {FIGURE("limit_tasks", "pmadd_tasks_limit", "gauge", "Tasks there can be.")},
    {FIGURE("limit_functions", "pmadd_functions_limit", "gauge", "Functions there can be.")},
    {FIGURE("pool_bytes", "pmadd_pools_mapped_bytes", "gauge", "Bytes mapped by all pools.")},
    {FIGURE("loop_turns", "pmadd_loop_turns_total", "counter",
            "Turns of the loop in which something was done.")},
    {FIGURE("loop_busy_us", "pmadd_loop_busy_seconds_total", "counter", "Time spent in them."),
     .is_time = true},
    {FIGURE("loop_longest_us", "pmadd_loop_longest_turn_seconds", "gauge",
            "The longest turn since the start."),
     .is_time = true},
};

static const struct metric of_function[] = {
    {FIGURE("queued", "pmadd_function_tasks", "gauge", "Tasks of a function by state."),
     .label = "state", .value = "queued"},
    {FIGURE("delayed", "pmadd_function_tasks", "gauge", NULL), .label = "state",
     .value = "delayed"},
    {FIGURE("running", "pmadd_function_tasks", "gauge", NULL), .label = "state",
     .value = "running"},
    {FIGURE("bytes", "pmadd_function_payload_bytes", "gauge",
            "Bytes of the payloads of a function's unfinished tasks.")},
    {FIGURE("oldest_us", "pmadd_function_oldest_waiting_seconds", "gauge",
            "For how long the task that waits longest has done so."),
     .is_time = true},
    {FIGURE("workers", "pmadd_function_workers", "gauge", "Workers that can do it.")},
    {FIGURE("workers_free", "pmadd_function_workers_free", "gauge",
            "Workers that can do it and wait for a task.")},
    {FIGURE("paused", "pmadd_function_paused", "gauge",
            "1 while an administrator keeps its tasks from workers.")},
    {FIGURE("draining", "pmadd_function_draining", "gauge",
            "1 while an administrator has submissions to it refused.")},
    {FIGURE("submitted", "pmadd_function_tasks_submitted_total", "counter",
            "Tasks of a function accepted.")},
    {FIGURE("coalesced", "pmadd_function_tasks_coalesced_total", "counter",
            "Submissions that joined a task of a function.")},
    {FIGURE("completed", "pmadd_function_tasks_finished_total", "counter",
            "Tasks of a function that ended, by outcome."),
     .label = "outcome", .value = "completed"},
    {FIGURE("failed", "pmadd_function_tasks_finished_total", "counter", NULL), .label = "outcome",
     .value = "failed"},
    {FIGURE("cancelled", "pmadd_function_tasks_finished_total", "counter", NULL),
     .label = "outcome", .value = "cancelled"},
    {FIGURE("abandoned", "pmadd_function_tasks_finished_total", "counter", NULL),
     .label = "outcome", .value = "abandoned"},
    {FIGURE("given_up", "pmadd_function_tasks_given_up_total", "counter",
            "Of the failed, those that had cost as many workers as they may.")},
    {FIGURE("retried", "pmadd_function_tasks_retried_total", "counter",
            "Times that a task of a function went back into its queue.")},
    {FIGURE("timed_out", "pmadd_function_tasks_timed_out_total", "counter",
            "Times that a worker had a task longer than it may.")},
    {FIGURE("refused_", "pmadd_function_refusals_total", "counter",
            "Refusals that named the function, by the limit that was met."),
     .label = "limit"},
};

static const struct metric of_class[] = {
    {FIGURE("blocks", "pmadd_pool_blocks", "gauge", "Blocks of a class of a pool.")},
    {FIGURE("used", "pmadd_pool_blocks_used", "gauge", "Blocks of it that are in use.")},
    {FIGURE("high_water", "pmadd_pool_blocks_used_max", "gauge",
            "The most that were ever in use at once.")},
    {FIGURE("refused", "pmadd_pool_refusals_total", "counter",
            "Times that a class had no block left.")},
};

static const struct measure {
    const char *histogram; /* as the daemon calls it */
    const char *name, *help;
    bool is_time; /* microseconds, that become seconds */
} measures[] = {
    {"waiting", "pmadd_function_waiting_seconds",
     "From when a task could have run until a worker was given it.", true},
    {"running", "pmadd_function_running_seconds",
     "From when a worker was given a task until it had it no more.", true},
    {"size", "pmadd_function_body_bytes", "Bodies of tasks that were accepted.", false},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { US_PER_S = 1000000 };

/* ---- lines ---- */

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value, in quotes. */
static void write_quoted(FILE *out, const char *text)
{
    (void)putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            (void)fputs("\\n", out);
        else if (*text == '"' || *text == '\\')
            (void)fprintf(out, "\\%c", *text);
        else
            (void)putc(*text, out);
    }
    (void)putc('"', out);
}

/* One more label; `*ahead` is what stands ahead of it, and of the next. */
static void write_label(FILE *out, const char **ahead, const char *label, const char *value)
{
    (void)fprintf(out, "%s%s=", *ahead, label);
    write_quoted(out, value);
    *ahead = ",";
}

static void write_seconds(FILE *out, uint64_t us)
{
    (void)fprintf(out, "%" PRIu64 ".%06" PRIu64, us / US_PER_S, us % US_PER_S);
}

static void write_value(FILE *out, const struct metric *metric, const char *value)
{
    (void)putc(' ', out);
    if (metric->is_time)
        write_seconds(out, strtoull(value, NULL, 10));
    else
        (void)fputs(value, out);
    (void)putc('\n', out);
}

/* ---- which figures a metric is about ---- */

/* Is it this one? `*value` is then what its label says, or NULL. */
static bool is_about(const struct metric *metric, const char *figure, const char **value)
{
    size_t size = strlen(metric->figure);

    if (metric->figure[size - 1] != '_') {
        *value = metric->value;
        return strcmp(metric->figure, figure) == 0;
    }
    *value = figure + size;
    return strncmp(metric->figure, figure, size) == 0;
}

/* ---- the whole ---- */

static void write_daemon(const struct snapshot *snapshot, FILE *out)
{
    const struct snapshot_table *stats = &snapshot->tables[SNAPSHOT_STATS];

    for (size_t i = 0; i < COUNT(of_daemon); i++) {
        const struct metric *metric = &of_daemon[i];

        if (metric->help != NULL)
            write_head(out, metric->name, metric->type, metric->help);
        for (size_t row = 0; row < stats->rows; row++) {
            const char *ahead = "{";
            const char *value;

            if (!is_about(metric, snapshot_cell(stats, row, 0), &value))
                continue;
            (void)fputs(metric->name, out);
            if (value != NULL) {
                write_label(out, &ahead, metric->label, value);
                (void)putc('}', out);
            }
            write_value(out, metric, snapshot_cell(stats, row, 1));
        }
    }
}

/* ---- functions and classes: a row of a listing is labelled by its first columns ---- */

static void write_row(FILE *out, const struct metric *metric, const char *const labels[2],
                      const char *const values[2], const char *value, const char *figure)
{
    const char *ahead = "{";

    (void)fputs(metric->name, out);
    for (size_t i = 0; i < 2 && labels[i] != NULL; i++)
        write_label(out, &ahead, labels[i], values[i]);
    if (value != NULL)
        write_label(out, &ahead, metric->label, value);
    (void)putc('}', out);
    write_value(out, metric, figure);
}

static void write_rows(FILE *out, const struct metric *metrics, size_t count,
                       const struct snapshot_table *table, const char *const labels[2],
                       char *const *names)
{
    for (size_t i = 0; i < count; i++) {
        if (metrics[i].help != NULL)
            write_head(out, metrics[i].name, metrics[i].type, metrics[i].help);
        for (size_t column = 1; column < table->columns; column++) {
            const char *value;

            if (!is_about(&metrics[i], snapshot_head(table, column), &value))
                continue;
            for (size_t row = 0; row < table->rows; row++) {
                const char *values[2] = {names != NULL ? names[row] : snapshot_cell(table, row, 0),
                                         snapshot_cell(table, row, 1)};

                write_row(out, &metrics[i], labels, values, value,
                          snapshot_cell(table, row, column));
            }
        }
    }
}

/* The names of all rows as labels; NULL without memory. */
static char **names_of(const struct snapshot_table *table)
{
    char **names = calloc(table->rows + 1, sizeof *names);

    for (size_t row = 0; names != NULL && row < table->rows; row++) {
        names[row] = snapshot_name(snapshot_cell(table, row, 0));
        if (names[row] != NULL)
            continue;
        while (row > 0)
            free(names[--row]);
        free(names);
        names = NULL;
    }
    return names;
}

static void names_free(char **names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        free(names[i]);
    free(names);
}

/* ---- histograms ---- */

/* So many of `buckets`, which are words MOST:TASKS, have a bound of `bound` at most. */
static uint64_t count_up_to(const char *buckets, uint64_t bound)
{
    uint64_t tasks = 0;
    char *end;

    while (*buckets != '\0') {
        uint64_t most = *buckets == 'i' ? UINT64_MAX : strtoull(buckets, NULL, 10);

        if (most > bound)
            break;
        buckets += strcspn(buckets, ":");
        tasks += strtoull(buckets + (*buckets == ':'), &end, 10);
        buckets = end + strspn(end, " ");
    }
    return tasks;
}

/* A number of what is measured, in its unit. */
static void write_measured(FILE *out, const struct measure *measure, uint64_t number)
{
    if (measure->is_time)
        (void)fprintf(out, "%" PRIu64 ".%06" PRIu64, number / US_PER_S, number % US_PER_S);
    else
        (void)fprintf(out, "%" PRIu64, number);
}

static void write_bucket(FILE *out, const struct measure *measure, const char *function,
                         const uint64_t *bound, uint64_t tasks)
{
    const char *ahead = "{";

    (void)fprintf(out, "%s_bucket", measure->name);
    write_label(out, &ahead, "function", function);
    (void)fputs(",le=\"", out);
    if (bound != NULL)
        write_measured(out, measure, *bound);
    else
        (void)fputs("+Inf", out);
    (void)fprintf(out, "\"} %" PRIu64 "\n", tasks);
}

static void write_histogram(FILE *out, const struct measure *measure, const char *function,
                            const char *sum, const char *buckets)
{
    enum { OCTAVES = 32 };
    uint64_t all = count_up_to(buckets, UINT64_MAX);

    for (unsigned octave = 0; octave <= OCTAVES; octave++) {
        uint64_t bound = UINT64_C(1) << octave;

        write_bucket(out, measure, function, &bound, count_up_to(buckets, bound));
    }
    write_bucket(out, measure, function, NULL, all);
    (void)fprintf(out, "%s_sum{function=", measure->name);
    write_quoted(out, function);
    (void)fputs("} ", out);
    write_measured(out, measure, strtoull(sum, NULL, 10));
    (void)fprintf(out, "\n%s_count{function=", measure->name);
    write_quoted(out, function);
    (void)fprintf(out, "} %" PRIu64 "\n", all);
}

static void write_histograms(const struct snapshot_table *table, char *const *names, FILE *out)
{
    size_t kind = snapshot_column(table, "histogram");
    size_t sum = snapshot_column(table, "sum");
    size_t buckets = snapshot_column(table, "buckets");

    if (kind == table->columns || sum == table->columns || buckets == table->columns)
        return;
    for (size_t i = 0; i < COUNT(measures); i++) {
        write_head(out, measures[i].name, "histogram", measures[i].help);
        for (size_t row = 0; row < table->rows; row++)
            if (strcmp(snapshot_cell(table, row, kind), measures[i].histogram) == 0)
                write_histogram(out, &measures[i], names[row], snapshot_cell(table, row, sum),
                                snapshot_cell(table, row, buckets));
    }
}

/* ---- all ---- */

static void write_build(const struct snapshot *snapshot, FILE *out)
{
    static const char name[] = "pmadd_build_info";

    write_head(out, name, "gauge", "1, labelled with the version of the daemon.");
    (void)fprintf(out, "%s{version=", name);
    write_quoted(out, snapshot->version);
    (void)fputs("} 1\n", out);
}

bool metrics_prometheus(const struct snapshot *snapshot, FILE *out)
{
    static const char *const function_label[2] = {"function", NULL};
    static const char *const class_labels[2] = {"pool", "block_bytes"};
    const struct snapshot_table *functions = &snapshot->tables[SNAPSHOT_FUNCTIONS];
    const struct snapshot_table *histograms = &snapshot->tables[SNAPSHOT_HISTOGRAMS];
    char **names = names_of(functions);
    char **timed = names_of(histograms);
    bool done = names != NULL && timed != NULL;

    if (done) {
        write_build(snapshot, out);
        write_daemon(snapshot, out);
        write_rows(out, of_function, COUNT(of_function), functions, function_label, names);
        write_histograms(histograms, timed, out);
        write_rows(out, of_class, COUNT(of_class), &snapshot->tables[SNAPSHOT_POOLS], class_labels,
                   NULL);
    }
    if (names != NULL)
        names_free(names);
    if (timed != NULL)
        names_free(timed);
    return done;
}
