#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "page.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "pmad_client.h"
#include "snapshot.h"

enum { HTTP_OK = 200, HTTP_NOT_FOUND = 404, HTTP_ERROR = 500, HTTP_UNAVAILABLE = 503 };

#define PLAIN "text/plain; charset=utf-8"

/* Writes what is said about a snapshot, and returns the status. */
typedef unsigned tell(const struct snapshot *snapshot, FILE *out);

static unsigned tell_metrics(const struct snapshot *snapshot, FILE *out)
{
    return metrics_prometheus(snapshot, out) ? HTTP_OK : HTTP_ERROR;
}

static unsigned tell_status(const struct snapshot *snapshot, FILE *out)
{
    return metrics_json(snapshot, out) ? HTTP_OK : HTTP_ERROR;
}

static unsigned tell_health(const struct snapshot *snapshot, FILE *out)
{
    (void)fprintf(out, "ok: pmadd %s answers\n", snapshot->version);
    return HTTP_OK;
}

static unsigned long long figure(const struct snapshot *snapshot, const char *name)
{
    const char *value = snapshot_figure(snapshot, name);

    return value != NULL ? strtoull(value, NULL, 10) : 0;
}

static unsigned tell_readiness(const struct snapshot *snapshot, FILE *out)
{
    unsigned long long tasks = figure(snapshot, "tasks") + figure(snapshot, "reserved");
    unsigned long long limit = figure(snapshot, "limit_tasks");

    if (figure(snapshot, "draining") > 0) {
        (void)fputs("not ready: draining, nothing is accepted any more\n", out);
        return HTTP_UNAVAILABLE;
    }
    if (tasks >= limit) {
        (void)fprintf(out, "not ready: full, %llu of %llu tasks\n", tasks, limit);
        return HTTP_UNAVAILABLE;
    }
    (void)fputs("ok: tasks are accepted\n", out);
    return HTTP_OK;
}

static void explain(FILE *out, const char *why)
{
    (void)fprintf(out, "no daemon: %s\n", why);
}

static void explain_in_json(FILE *out, const char *why)
{
    json_t *said = json_pack("{s:s+}", "error", "no daemon: ", why);

    if (said != NULL)
        (void)json_dumpf(said, out, 0);
    (void)putc('\n', out);
    json_decref(said);
}

static const struct row {
    const char *path, *type;
    enum snapshot_listing wanted; /* so many listings */
    tell *tell;
    void (*explain)(FILE *out, const char *why);
} rows[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", SNAPSHOT_LISTINGS, tell_metrics,
     explain},
    {"/status.json", "application/json", SNAPSHOT_LISTINGS, tell_status, explain_in_json},
    {"/healthz", PLAIN, SNAPSHOT_STATS, tell_health, explain},
    {"/readyz", PLAIN, SNAPSHOT_STATS + 1, tell_readiness, explain},
};

static unsigned write_page(const struct row *row, const struct page_source *source, FILE *out)
{
    struct pmadc *client = NULL;
    struct snapshot snapshot;
    unsigned status = HTTP_UNAVAILABLE;
    enum pmadc_status asked = pmadc_connect(&client, source->address, source->timeout_ms);

    if (asked == PMADC_OK)
        asked = snapshot_take(&snapshot, client, row->wanted, source->timeout_ms);
    if (asked == PMADC_OK) {
        status = row->tell(&snapshot, out);
        snapshot_free(&snapshot);
    } else if (asked == PMADC_PROTOCOL) {
        row->explain(out, "what answers there makes no sense to this version");
    } else {
        row->explain(out, client != NULL ? pmadc_error(client) : "out of memory");
    }
    pmadc_close(client);
    return status;
}

static const struct row *row_of(const char *path)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].path, path) == 0)
            return &rows[i];
    return NULL;
}

static unsigned write_paths(FILE *out)
{
    (void)fputs("there is", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)fprintf(out, " %s", rows[i].path);
    (void)putc('\n', out);
    return HTTP_NOT_FOUND;
}

void page_make(struct page *page, const char *path, const struct page_source *source)
{
    const struct row *row = row_of(path);
    FILE *out;
    bool failed;

    *page = (struct page){.status = HTTP_ERROR, .type = row != NULL ? row->type : PLAIN};
    out = open_memstream(&page->text, &page->size);
    if (out == NULL)
        return;
    page->status = row != NULL ? write_page(row, source, out) : write_paths(out);
    failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        page->status = HTTP_ERROR;
}
