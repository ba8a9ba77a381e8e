#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "notify.h"
#include "text.h"

enum { STATUS_EVERY_US = 1000000 };

void status_init(struct status *status)
{
    *status = (struct status){.is_wanted = notify_is_wanted()};
}

void status_touch(struct status *status)
{
    status->is_due = true;
}

void status_ready(struct status *status, const struct router *router)
{
    status->is_due = true;
    status_refresh(status, router, status->next_us);
}

void status_ready_again(struct status *status, const struct router *router)
{
    status->is_ready = false;
    status_ready(status, router);
}

uint64_t status_deadline(const struct status *status)
{
    return status->is_wanted && status->is_due ? status->next_us : UINT64_MAX;
}

void status_refresh(struct status *status, const struct router *router, uint64_t now_us)
{
    struct router_counts counts;
    char line[STATUS_MAX];

    if (now_us < status_deadline(status))
        return;
    status->is_due = false;
    status->next_us = now_us + STATUS_EVERY_US;
    router_counts(router, &counts);
    if (strcmp(status_line(line, &counts), status->told) == 0 && status->is_ready)
        return;
    memcpy(status->told, line, sizeof line);
    if (status->is_ready)
        notify_status(line);
    else
        status->is_ready = notify_ready(line);
    status->is_due = !status->is_ready;
}

char *status_line(char *into, const struct router_counts *counts)
{
    struct text text = text_in(into, STATUS_MAX);

    text_put(&text,
             "%zu connections, %zu workers; %zu tasks waiting, %zu running; %" PRIu64
             " done, %" PRIu64 " failed",
             counts->peers, counts->workers, counts->queued, counts->assigned, counts->completed,
             counts->failed);
    return into;
}
