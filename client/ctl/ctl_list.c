#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_list.h"

#include <string.h>
#include <unistd.h>

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

const struct ctl_listing ctl_list_functions = {
    .line = "status",
    .column_count = 4,
    .columns = {{"FUNCTION", "function", CTL_TEXT},
                {"TASKS", "tasks", CTL_COUNT},
                {"RUNNING", "running", CTL_COUNT},
                {"WORKERS", "workers", CTL_COUNT}},
};

const struct ctl_listing ctl_list_priorities = {
    .line = "prioritystatus",
    .column_count = 5,
    .columns = {{"FUNCTION", "function", CTL_TEXT},
                {"HIGH", "high", CTL_COUNT},
                {"NORMAL", "normal", CTL_COUNT},
                {"LOW", "low", CTL_COUNT},
                {"WORKERS", "workers", CTL_COUNT}},
};

const struct ctl_listing ctl_list_workers = {
    .line = "workers",
    .column_count = 4,
    .columns = {{"FD", "fd", CTL_COUNT},
                {"ADDRESS", "address", CTL_TEXT},
                {"ID", "id", CTL_TEXT},
                {"FUNCTIONS", "functions", CTL_WORDS}},
    .cut = cut_worker,
};

const struct ctl_listing ctl_list_pools = {
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

const struct ctl_listing ctl_list_figures = {
    .line = "stats",
    .column_count = 2,
    .columns = {{"NAME", "name", CTL_TEXT}, {"VALUE", "value", CTL_COUNT}},
};

enum ctl_exit ctl_list_ask(const struct ctl *ctl, struct pmadc *client,
                           const struct ctl_listing *listing, struct ctl_table *table)
{
    const char *text;
    enum pmadc_status status =
        pmadc_admin(client, listing->line, ctl_timeout(ctl, TIMEOUT_MS), &text);

    if (status != PMADC_OK)
        return ctl_explain(ctl, client, status);
    return ctl_list_read(table, listing, text);
}

/* ---- printing it ---- */

const struct argp_option ctl_list_options[] = {CTL_JSON_OPTION, {0}};

error_t ctl_list_parse(int key, char *arg, struct argp_state *state)
{
    bool *json = state->input;

    if (key != 'j')
        return ctl_no_options(key, arg, state);
    *json = true;
    return 0;
}

enum ctl_exit ctl_list_read(struct ctl_table *table, const struct ctl_listing *listing,
                            const char *lines)
{
    switch (ctl_table_read(table, listing, lines)) {
    case PMADC_OK:
        return CTL_COMPLETE;
    case PMADC_MEMORY:
        ctl_say("out of memory");
        return CTL_FAILED;
    default:
        ctl_say(
            "the daemon's answer to `%s' makes no sense; is it older or newer than this program?",
            listing->line);
        return CTL_NO_DAEMON;
    }
}

enum ctl_exit ctl_list_show(const struct ctl_listing *listing, const char *lines, bool json)
{
    enum ctl_style style = json                    ? CTL_AS_JSON
                           : isatty(STDOUT_FILENO) ? CTL_FOR_PEOPLE
                                                   : CTL_FOR_SCRIPTS;
    struct ctl_table table;
    enum ctl_exit done = ctl_list_read(&table, listing, lines);

    if (done != CTL_COMPLETE)
        return done;
    if (!ctl_table_print(&table, style)) {
        ctl_say("out of memory");
        done = CTL_FAILED;
    }
    ctl_table_free(&table);
    return ctl_flush(done);
}
