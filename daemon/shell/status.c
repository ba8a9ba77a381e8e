#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "notify.h"
#include "text.h"

enum { STATUS_EVERY_US = 1000000 };

void status_init(struct status *status, const struct daemon_pools *pools)
{
    *status = (struct status){.pools = pools, .is_wanted = notify_is_wanted()};
}

/* ---- what it says ---- */

/* How much of a pool's blocks is in use, in percent of their bytes, rounded up. */
static size_t fullness(const struct pmad *pool)
{
    struct pmad_stats stats;
    size_t all = 0;

    pmad_stats(pool, &stats);
    for (size_t i = 0; i < stats.class_count; i++)
        all += stats.classes[i].block_size * stats.classes[i].blocks;
    return all > 0 ? (stats.used_size * 100 + all - 1) / all : 0;
}

/* Of those that fill up as it works: what `runtime` holds is there from the start. */
static void put_fullest(struct text *text, const struct daemon_pools *pools)
{
    enum config_pool_id fullest = POOL_TASKS;
    size_t most = 0;

    for (enum config_pool_id id = POOL_TASKS; id < POOL_RUNTIME; id++) {
        size_t percent = fullness(pools->of[id]);

        if (percent > most) {
            most = percent;
            fullest = id;
        }
    }
    text_put(text, "; fullest pool: %s, %zu%%", config_pool_names[fullest], most);
}

static char *make_line(const struct status *status, const struct router_counts *counts, char *into)
{
    struct text text = text_in(into, STATUS_MAX);

    text_put(&text,
             "%zu connections, %zu workers; %zu tasks waiting, %zu running; %" PRIu64
             " done, %" PRIu64 " failed",
             counts->peers, counts->workers, counts->queued, counts->assigned, counts->completed,
             counts->failed);
    put_fullest(&text, status->pools);
    return into;
}

/* ---- when ---- */

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
    if (strcmp(make_line(status, &counts, line), status->told) == 0 && status->is_ready)
        return;
    memcpy(status->told, line, sizeof line);
    if (status->is_ready)
        notify_status(line);
    else
        status->is_ready = notify_ready(line);
    status->is_due = !status->is_ready;
}
