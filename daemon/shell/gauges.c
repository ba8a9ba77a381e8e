#include "gauges.h"

#include <stddef.h>

#include "probe.h"

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
    [GAUGE_LOOP_TURNS] = "loop_turns",
    [GAUGE_LOOP_BUSY_US] = "loop_busy_us",
    [GAUGE_LOOP_LONGEST_US] = "loop_longest_us",
};

void gauges_init(struct gauges *gauges)
{
    for (size_t i = 0; i < GAUGES; i++) {
        gauges->value[i] = 0;
        gauges->list[i] = (struct router_gauge){.name = names[i], .value = &gauges->value[i]};
    }
}

void gauges_turn(struct gauges *gauges, uint64_t us)
{
    uint64_t *longest = &gauges->value[GAUGE_LOOP_LONGEST_US];

    PROBE1(turn, us);
    gauges->value[GAUGE_LOOP_TURNS]++;
    gauges->value[GAUGE_LOOP_BUSY_US] += us;
    if (us > *longest)
        *longest = us;
}
