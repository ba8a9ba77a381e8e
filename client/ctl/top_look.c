#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_terminal.h"
#include "top.h"

enum { PATIENCE_MS = 2000 };

/* ---- one look ---- */

static void look_free(struct top_look *look)
{
    top_functions_free(look);
    snapshot_free(&look->told);
    ctl_table_free(&look->workers);
    ctl_table_free(&look->pools);
    *look = (struct top_look){.complete = false};
}

static enum pmadc_status ask(const struct top_watch *watch, const struct ctl_listing *listing,
                             struct ctl_table *table)
{
    const char *text;
    enum pmadc_status status =
        pmadc_admin(watch->client, listing->line, ctl_timeout(watch->ctl, PATIENCE_MS), &text);

    return status == PMADC_OK ? ctl_table_read(table, listing, text) : status;
}

static enum pmadc_status look_at(const struct top_watch *watch, struct top_look *look)
{
    const struct {
        const struct ctl_listing *listing;
        struct ctl_table *table;
    } lists[] = {
        {&ctl_list_workers, &look->workers},
        {&ctl_list_pools, &look->pools},
    };
    enum pmadc_status status = snapshot_take(&look->told, watch->client, SNAPSHOT_POOLS,
                                             ctl_timeout(watch->ctl, PATIENCE_MS));

    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == PMADC_OK; i++)
        status = ask(watch, lists[i].listing, lists[i].table);
    look->at_ms = ctl_now_ms();
    if (status == PMADC_OK && !top_functions_make(look, &watch->now))
        status = PMADC_MEMORY;
    look->complete = status == PMADC_OK;
    return status;
}

/* ---- watching ---- */

static enum pmadc_status reach(struct top_watch *watch)
{
    if (watch->client != NULL)
        return PMADC_OK;
    return pmadc_connect(&watch->client, watch->ctl->socket, ctl_timeout(watch->ctl, PATIENCE_MS));
}

enum ctl_exit top_look(struct top_watch *watch)
{
    struct top_look look = {.complete = false};
    enum pmadc_status status = reach(watch);

    if (status == PMADC_OK)
        status = look_at(watch, &look);
    if (status == PMADC_OK) {
        look_free(&watch->before);
        watch->before = watch->now;
        watch->now = look;
        watch->note[0] = '\0';
        return CTL_COMPLETE;
    }
    (void)snprintf(watch->note, sizeof watch->note, "%s",
                   watch->client != NULL ? pmadc_error(watch->client) : "out of memory");
    watch->refused = status == PMADC_REFUSED || status == PMADC_DENIED;
    look_free(&look);
    pmadc_close(watch->client);
    watch->client = NULL;
    /* Another daemon begins to count anew: rates over the gap would be nonsense. */
    look_free(&watch->before);
    return ctl_exit_of(status);
}

void top_forget(struct top_watch *watch)
{
    look_free(&watch->now);
    look_free(&watch->before);
    pmadc_close(watch->client);
    watch->client = NULL;
}

unsigned long long top_figure(const struct top_look *look, const char *name)
{
    const char *figure = look->complete ? snapshot_figure(&look->told, name) : NULL;

    return figure != NULL ? strtoull(figure, NULL, 10) : 0;
}

double top_rate(const struct top_watch *watch, const char *name)
{
    double seconds = (double)(watch->now.at_ms - watch->before.at_ms) / 1000;
    unsigned long long now = top_figure(&watch->now, name);
    unsigned long long before = top_figure(&watch->before, name);

    if (!watch->now.complete || !watch->before.complete || seconds <= 0 || now < before)
        return 0;
    return (double)(now - before) / seconds;
}
