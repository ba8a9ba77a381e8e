#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdlib.h>
#include <string.h>

#include "ctl_list.h"

enum { TIMEOUT_MS = 10000 };

/* ---- what there is to list ---- */

/* "FD IP ID : F1 F2", where IP and ID are one word each. Without functions the line ends at the
 * colon. */
static bool cut_worker(char *line, char **cells)
{
    for (size_t i = 0; i < 3; i++) {
        cells[i] = strsep(&line, " ");
        if (line == NULL)
            return false;
    }
    if (line[0] != ':' || (line[1] != ' ' && line[1] != '\0'))
        return false;
    cells[3] = line + strspn(line, ": ");
    return true;
}

static const struct ctl_listing functions = {
    .line = "status",
    .column_count = 4,
    .columns = {{"FUNCTION", "function", CTL_TEXT},
                {"TASKS", "tasks", CTL_COUNT},
                {"RUNNING", "running", CTL_COUNT},
                {"WORKERS", "workers", CTL_COUNT}},
};

static const struct ctl_listing workers = {
    .line = "workers",
    .column_count = 4,
    .columns = {{"FD", "fd", CTL_COUNT},
                {"ADDRESS", "address", CTL_TEXT},
                {"ID", "id", CTL_TEXT},
                {"FUNCTIONS", "functions", CTL_WORDS}},
    .cut = cut_worker,
};

static const struct ctl_listing pools = {
    .line = "pools",
    .column_count = 6,
    .columns = {{"POOL", "pool", CTL_TEXT},
                {"CLASS", "class", CTL_SIZE},
                {"BLOCKS", "blocks", CTL_COUNT},
                {"USED", "used", CTL_COUNT},
                {"HIGH-WATER", "high_water", CTL_COUNT},
                {"REFUSED", "refused", CTL_COUNT}},
    .bar_of = 3,
    .bar_whole = 2,
};

enum pmadc_status ctl_load_of(struct pmadc *client, const char *function, int timeout_ms,
                              struct ctl_load *load)
{
    const char *text;
    struct ctl_table table;
    enum pmadc_status status = pmadc_admin(client, functions.line, timeout_ms, &text);

    *load = (struct ctl_load){.known = false};
    if (status == PMADC_OK)
        status = ctl_table_read(&table, &functions, text);
    if (status != PMADC_OK)
        return status;
    for (size_t i = 0; i < table.row_count; i++) {
        char *const *cells = table.rows[i].cells;

        if (strcmp(cells[0], function) == 0)
            *load = (struct ctl_load){.known = true,
                                      .tasks = strtoull(cells[1], NULL, 10),
                                      .running = strtoull(cells[2], NULL, 10),
                                      .workers = strtoull(cells[3], NULL, 10)};
    }
    ctl_table_free(&table);
    return PMADC_OK;
}

/* ---- the verbs ---- */

static int list(struct ctl *ctl, const struct ctl_listing *listing, bool json)
{
    struct pmadc *client;
    const char *text;
    enum pmadc_status status;
    enum ctl_exit done = ctl_connect(ctl, &client);

    if (done != CTL_COMPLETE)
        return done;
    status = pmadc_admin(client, listing->line, ctl_timeout(ctl, TIMEOUT_MS), &text);
    done =
        status == PMADC_OK ? ctl_list_show(listing, text, json) : ctl_explain(ctl, client, status);
    pmadc_close(client);
    return done;
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = ctl_list_parse,
        .doc =
            "Lists the functions: unfinished tasks (running ones included), running ones, and "
            "workers that can do them.\vExample:\n  pmadctl status | awk '$2 > 100 { print $1 }'",
    };
    bool json = false;

    ctl_parse(ctl, &argp, argc, argv, &json);
    return list(ctl, &functions, json);
}

int ctl_workers(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = ctl_list_parse,
        .doc = "Lists the connections, the names they gave themselves, and what they can do."
               "\vExample:\n  pmadctl workers --json | jq '.[] | select(.functions != [])'",
    };
    bool json = false;

    ctl_parse(ctl, &argp, argc, argv, &json);
    return list(ctl, &workers, json);
}

int ctl_pools(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = ctl_list_parse,
        .doc =
            "Lists the memory pools, class by class: size of a block, blocks, used ones, the most "
            "ever used, and how often there was none left.\vExample:\n"
            "  pmadctl pools | awk '$6 > 0 { print $1, $2 }'",
    };
    bool json = false;

    ctl_parse(ctl, &argp, argc, argv, &json);
    return list(ctl, &pools, json);
}
