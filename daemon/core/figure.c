#include "figure.h"

#include <string.h>

#include "pmad_must.h"
#include "router_state.h"

/* A number in a struct, and what it is called. */
struct place {
    const char *name;
    size_t offset;
    size_t size; /* bytes of the number */
};

#define PLACE(struct_name, member)                              \
    {                                                           \
#        member, offsetof(struct struct_name, member),          \
            sizeof(((const struct struct_name *)NULL)->member), \
    }
#define COUNT(member) PLACE(router_counts, member)
#define LIMIT(member) PLACE(router_limits, member)

static const struct place counts[] = {
    COUNT(peers),
    COUNT(workers),
    COUNT(clients),
    COUNT(registrations),
    COUNT(functions),
    COUNT(tasks),
    COUNT(tasks_most),
    COUNT(arriving),
    COUNT(delayed),
    COUNT(queued),
    COUNT(assigned),
    COUNT(told),
    COUNT(cancelled_running),
    COUNT(bytes),
    COUNT(arriving_bytes),
    COUNT(waiters),
    COUNT(starved),
    COUNT(reserved),
    COUNT(draining),
    COUNT(submitted),
    COUNT(completed),
    COUNT(failed),
    COUNT(cancelled),
    COUNT(abandoned),
    COUNT(coalesced),
    COUNT(retried),
    COUNT(refused),
    COUNT(denied),
    COUNT(dropped_slow),
    COUNT(dropped_silent),
};

static const struct place limits[] = {
    LIMIT(connections),
    LIMIT(connections_reserved),
    LIMIT(tasks),
    LIMIT(functions),
    LIMIT(function_name_max),
    LIMIT(payload_max),
    LIMIT(text_line_max),
    LIMIT(submissions_per_connection),
    LIMIT(waiters_per_task),
    LIMIT(registrations_per_worker),
    LIMIT(outbox_max),
    LIMIT(slow_peer_grace_us),
    LIMIT(frame_timeout_us),
    LIMIT(idle_timeout_us),
};

enum { COUNTS = sizeof counts / sizeof *counts, LIMITS = sizeof limits / sizeof *limits };

static uint64_t value_at(const struct place *place, const void *from)
{
    const uint8_t *at = (const uint8_t *)from + place->offset;
    uint64_t wide;
    size_t narrow;

    if (place->size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    MUST(place->size == sizeof narrow);
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

/* ---- the groups, in their order ---- */

static struct figure count_at(const struct router *router, size_t index)
{
    struct router_counts now;

    router_counts(router, &now);
    return (struct figure){"", counts[index].name, value_at(&counts[index], &now)};
}

static struct figure refused_at(const struct router *router, size_t index)
{
    return (struct figure){"refused_", refusal_name((enum refusal_limit)index),
                           router->refused[index]};
}

static struct figure limit_at(const struct router *router, size_t index)
{
    return (struct figure){"limit_", limits[index].name, value_at(&limits[index], &router->limits)};
}

static struct figure gauge_at(const struct router *router, size_t index)
{
    return (struct figure){"", router->gauges[index].name, *router->gauges[index].value};
}

size_t figure_count(const struct router *router)
{
    return (size_t)COUNTS + REFUSAL_LIMITS + LIMITS + router->gauge_count;
}

struct figure figure_at(const struct router *router, size_t index)
{
    const struct {
        size_t count;
        struct figure (*at)(const struct router *router, size_t index);
    } groups[] = {
        {COUNTS, count_at},
        {REFUSAL_LIMITS, refused_at},
        {LIMITS, limit_at},
        {router->gauge_count, gauge_at},
    };
    size_t group = 0;

    while (index >= groups[group].count)
        index -= groups[group++].count;
    return groups[group].at(router, index);
}
