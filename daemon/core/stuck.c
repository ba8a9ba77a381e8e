#include "function.h"
#include "percent.h"
#include "router_state.h"

static void write_name(const struct function *function, char *into)
{
    size_t most = function->name_size < ROUTER_STUCK_NAME ? function->name_size : ROUTER_STUCK_NAME;

    into[percent_encode((struct gm_slice){function->name, most}, into)] = '\0';
}

bool router_stuck(const struct router *router, size_t row, struct router_stuck *stuck)
{
    const struct function *function = function_at(&router->functions, row);
    uint64_t queued_us, bound_us;

    if (!function || function->able_count > 0 || function->paused ||
        !function_oldest_us(function, &queued_us))
        return false;
    bound_us = function->rule->warn_wait_us;
    if (bound_us == 0 || router->now.mono_us - queued_us < bound_us)
        return false;
    stuck->queued = function->tasks[TASK_QUEUED];
    stuck->waited_us = router->now.mono_us - queued_us;
    stuck->over_us = stuck->waited_us - bound_us;
    write_name(function, stuck->name);
    return true;
}
