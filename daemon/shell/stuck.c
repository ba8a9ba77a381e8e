#include "stuck.h"

#include <inttypes.h>

#include "log.h"

enum {
    LOOK_EVERY_US = 1000000,
    SAY_EVERY_US = 60000000,
    ROWS_A_LOOK = 1024,
    SAID_A_ROUND = 16, /* functions by name; the others are counted */
    US_PER_MS = 1000
};

void stuck_init(struct stuck *stuck, size_t rows)
{
    *stuck = (struct stuck){.rows = rows};
}

uint64_t stuck_deadline(const struct stuck *stuck, const struct router *router)
{
    struct router_counts counts;

    router_counts(router, &counts);
    return counts.queued > 0 || stuck->is_told ? stuck->next_us : UINT64_MAX;
}

static void say(const struct router_stuck *one)
{
    log_event(LOG_STUCK,
              "tasks wait, and no worker can do them; function=%s queued=%zu waited_ms=%" PRIu64,
              one->name, one->queued, one->waited_us / US_PER_MS);
}

/* Nothing is kept of a function: it goes by how long it has been stuck now and had been at the last round. Where
 * none was then, all are news, those too whose last worker left when their tasks had waited for long. */
static bool is_due(const struct stuck *stuck, const struct router_stuck *one, uint64_t now_us)
{
    uint64_t since_us = now_us - stuck->last_us;

    return !stuck->is_told || one->over_us < since_us ||
           one->over_us / SAY_EVERY_US > (one->over_us - since_us) / SAY_EVERY_US;
}

static void look_at(struct stuck *stuck, const struct router *router, uint64_t now_us)
{
    struct router_stuck one;

    if (!router_stuck(router, stuck->row, &one))
        return;
    stuck->found++;
    if (is_due(stuck, &one, now_us) && ++stuck->due <= SAID_A_ROUND)
        say(&one);
}

static void begin_round(struct stuck *stuck, uint64_t now_us)
{
    stuck->last_us = stuck->round_us;
    stuck->round_us = now_us;
    stuck->found = 0;
    stuck->due = 0;
}

/* All functions have been looked at. */
static void end_round(struct stuck *stuck)
{
    if (stuck->due > SAID_A_ROUND)
        log_event(LOG_STUCK, "and so do others; functions=%zu", stuck->found);
    if (stuck->found == 0 && stuck->is_told)
        log_event(LOG_UNSTUCK, "all tasks that wait have workers that can do them");
    stuck->is_told = stuck->found > 0;
    stuck->row = 0;
}

void stuck_look(struct stuck *stuck, const struct router *router, uint64_t now_us)
{
    if (now_us < stuck_deadline(stuck, router))
        return;
    stuck->next_us = now_us + LOOK_EVERY_US;
    if (stuck->row == 0)
        begin_round(stuck, now_us);
    for (size_t i = 0; i < ROWS_A_LOOK && stuck->row < stuck->rows; i++, stuck->row++)
        look_at(stuck, router, now_us);
    if (stuck->row == stuck->rows)
        end_round(stuck);
}
