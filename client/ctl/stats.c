#include <unistd.h>

#include "ctl.h"
#include "metrics.h"
#include "snapshot.h"

enum { TIMEOUT_MS = 10000, NAME_WIDTH = 36, VALUE_WIDTH = 20 };

/* Prints a snapshot on stdout; false without memory. */
typedef bool print_snapshot(const struct snapshot *snapshot, FILE *out);

/* For people and scripts: the figures of the whole. */
static bool print_figures(const struct snapshot *snapshot, FILE *out)
{
    const struct snapshot_table *stats = &snapshot->tables[SNAPSHOT_STATS];
    bool aligned = isatty(STDOUT_FILENO);

    for (size_t row = 0; row < stats->rows; row++)
        (void)fprintf(out, "%-*s%c%*s\n", aligned ? NAME_WIDTH : 0, snapshot_cell(stats, row, 0),
                      aligned ? ' ' : '\t', aligned ? VALUE_WIDTH : 0,
                      snapshot_cell(stats, row, 1));
    return true;
}

static const struct argp_option options[] = {
    {.name = "json", .key = 'j', .doc = "print everything as one JSON object"},
    {.name = "prometheus", .key = 'p', .doc = "print everything in Prometheus' text format"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    print_snapshot **print = state->input;

    switch (key) {
    case 'j':
        *print = metrics_json;
        return 0;
    case 'p':
        *print = metrics_prometheus;
        return 0;
    default:
        return ctl_no_options(key, arg, state);
    }
}

static enum ctl_exit show(const struct snapshot *snapshot, print_snapshot *print)
{
    bool printed = print(snapshot, stdout);

    if (!printed)
        ctl_say("out of memory");
    return ctl_flush(printed ? CTL_COMPLETE : CTL_FAILED);
}

static enum ctl_exit ask(const struct ctl *ctl, struct pmadc *client, print_snapshot *print)
{
    struct snapshot snapshot;
    enum snapshot_listing wanted = print == print_figures ? SNAPSHOT_STATS + 1 : SNAPSHOT_LISTINGS;
    enum pmadc_status status =
        snapshot_take(&snapshot, client, wanted, ctl_timeout(ctl, TIMEOUT_MS));
    enum ctl_exit done;

    if (status != PMADC_OK)
        return ctl_explain(ctl, client, status);
    done = show(&snapshot, print);
    snapshot_free(&snapshot);
    return done;
}

int ctl_stats(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Prints every figure that the daemon counts: one a line, name and value; with an "
               "option also those of each function, their times, and the memory pools."
               "\vExamples:\n  pmadctl stats | awk '$1 == \"queued\" { print $2 }'\n"
               "  pmadctl stats --json | jq '.functions[] | select(.queued > 100).function'\n"
               "  pmadctl stats --prometheus > pmadd.prom",
    };
    struct pmadc *client;
    print_snapshot *print = print_figures;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &print);
    done = ctl_connect(ctl, &client);
    if (done != CTL_COMPLETE)
        return done;
    done = ask(ctl, client, print);
    pmadc_close(client);
    return done;
}
