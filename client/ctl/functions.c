/* pmadctl functions: what `status' and `prioritystatus' know of each, side by side. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_list.h"

static const struct ctl_listing functions = {
    .line = "status",
    .column_count = 7,
    .columns = {{"FUNCTION", "function", CTL_TEXT},
                {"STATE", "state", CTL_TEXT},
                {"RUNNING", "running", CTL_COUNT},
                {"HIGH", "high", CTL_COUNT},
                {"NORMAL", "normal", CTL_COUNT},
                {"LOW", "low", CTL_COUNT},
                {"WORKERS", "workers", CTL_COUNT}},
};

/* What a function is about, in a word. */
static const char *state_of(char *const *load)
{
    unsigned long long tasks = strtoull(load[1], NULL, 10);
    unsigned long long running = strtoull(load[2], NULL, 10);
    unsigned long long workers = strtoull(load[3], NULL, 10);

    if (tasks == 0)
        return "idle";
    if (tasks == running)
        return "running";
    return workers == 0 ? "no worker" : "waiting";
}

/* The row of the same name. Both lists have the same order, but for what has come or gone between the
 * two questions: looked for from where the last one was found. */
static char *const *find(const struct ctl_table *table, const char *name, size_t *from)
{
    for (size_t i = 0; i < table->row_count; i++) {
        size_t at = (*from + i) % table->row_count;

        if (strcmp(table->rows[at].cells[0], name) == 0) {
            *from = at + 1;
            return table->rows[at].cells;
        }
    }
    return NULL;
}

/* One line a function; to be freed, NULL without memory. */
static char *join(const struct ctl_table *load, const struct ctl_table *priority)
{
    char *text = NULL;
    size_t size = 0;
    size_t from = 0;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; out != NULL && i < load->row_count; i++) {
        char *const *cells = load->rows[i].cells;
        char *const *queued = find(priority, cells[0], &from);

        (void)fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", cells[0], state_of(cells), cells[2],
                      queued != NULL ? queued[1] : "0", queued != NULL ? queued[2] : "0",
                      queued != NULL ? queued[3] : "0", cells[3]);
    }
    if (out != NULL && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

static enum ctl_exit list(const struct ctl *ctl, struct pmadc *client, bool json)
{
    struct ctl_table load = {.row_count = 0};
    struct ctl_table priority = {.row_count = 0};
    enum ctl_exit done = ctl_list_ask(ctl, client, &ctl_list_functions, &load);
    char *text = NULL;

    if (done == CTL_COMPLETE)
        done = ctl_list_ask(ctl, client, &ctl_list_priorities, &priority);
    if (done == CTL_COMPLETE) {
        text = join(&load, &priority);
        done = text != NULL ? ctl_list_show(&functions, text, json) : CTL_FAILED;
    }
    free(text);
    ctl_table_free(&load);
    ctl_table_free(&priority);
    return done;
}

int ctl_functions(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = ctl_list_parse,
        .doc = "Lists the functions: what each is about (idle, running, waiting, or no worker), "
               "tasks that run, tasks that wait at each priority, and workers.\vExample:\n"
               "  pmadctl functions --json | jq '.[] | select(.state == \"no worker\")'",
    };
    bool json = false;
    struct pmadc *client;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &json);
    done = ctl_connect(ctl, &client);
    if (done == CTL_COMPLETE)
        done = list(ctl, client, json);
    pmadc_close(client);
    return done;
}
