#ifndef PAGE_H
#define PAGE_H

/*
 * What a path answers, made anew for every request:
 *
 *     /metrics      every figure in Prometheus' text format
 *     /status.json  the same as JSON
 *     /healthz      200 while the daemon answers
 *     /readyz       200 while it takes tasks: it is not draining, and has slots left
 *
 * Where the daemon cannot be asked, 503 and the reason.
 */
#include <stddef.h>

/* Which daemon is asked, and how long it may take for each answer. */
struct page_source {
    const char *address; /* as pmadc_connect() takes it */
    int timeout_ms;
};

struct page {
    unsigned status; /* of HTTP */
    const char *type;
    char *text; /* to be freed; NULL without memory: then it is 500 */
    size_t size;
};

void page_make(struct page *page, const char *path, const struct page_source *source);

#endif
