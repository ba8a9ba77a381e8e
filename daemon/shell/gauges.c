#include "gauges.h"

#include <stddef.h>

static const char *const names[GAUGES] = {
    [GAUGE_CONNECTIONS_OPEN] = "connections_open",
    [GAUGE_CONNECTIONS_ACCEPTED] = "connections_accepted",
    [GAUGE_TURNED_AWAY_ACCESS] = "connections_turned_away_access",
    [GAUGE_TURNED_AWAY_USER] = "connections_turned_away_user",
    [GAUGE_TURNED_AWAY_RESERVED] = "connections_turned_away_reserved",
    [GAUGE_TURNED_AWAY_DESCRIPTOR] = "connections_turned_away_descriptors",
    [GAUGE_ACCEPT_PAUSES] = "accept_pauses",
    [GAUGE_USERS] = "users",
    [GAUGE_LIMIT_PER_USER] = "limit_connections_per_user",
    [GAUGE_LIMIT_DESCRIPTORS] = "limit_descriptors",
    [GAUGE_POOL_BYTES] = "pool_bytes",
};

void gauges_init(struct gauges *gauges)
{
    for (size_t i = 0; i < GAUGES; i++) {
        gauges->value[i] = 0;
        gauges->list[i] = (struct router_gauge){.name = names[i], .value = &gauges->value[i]};
    }
}
