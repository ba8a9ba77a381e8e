#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdlib.h>
#include <string.h>

#include "ctl_list.h"

enum { TIMEOUT_MS = 10000 };

enum pmadc_status ctl_load_of(struct pmadc *client, const char *function, int timeout_ms,
                              struct ctl_load *load)
{
    const char *text;
    struct ctl_table table;
    enum pmadc_status status = pmadc_admin(client, ctl_list_functions.line, timeout_ms, &text);

    *load = (struct ctl_load){.known = false};
    if (status == PMADC_OK)
        status = ctl_table_read(&table, &ctl_list_functions, text);
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
    return list(ctl, &ctl_list_functions, json);
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
    return list(ctl, &ctl_list_workers, json);
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
    return list(ctl, &ctl_list_pools, json);
}
