#include "function_rules.h"

#include <string.h>

#include "pmad_must.h"

/* Both rooms say the same, each for itself. */
_Static_assert((int)CONFIG_ANY_BYTE == (int)ROUTER_ANY_BYTE, "?");
_Static_assert((int)CONFIG_ANY_BYTES == (int)ROUTER_ANY_BYTES, "*");
_Static_assert((int)CONFIG_PATTERN_MAX <= (int)ROUTER_PATTERN_MAX, "one pattern");
_Static_assert((int)CONFIG_PATTERNS_MAX <= (int)ROUTER_PATTERNS_MAX, "all patterns of [access]");
_Static_assert((int)CONFIG_FUNCTIONS_MAX <= (int)ROUTER_RULES_MAX, "all sections");

struct router_pattern function_pattern(const char *text)
{
    struct router_pattern into = {0};
    struct config_pattern from;

    MUST(config_pattern_read(&from, text));
    into.size = from.size;
    memcpy(into.items, from.items, from.size * sizeof from.items[0]);
    return into;
}

struct router_function_rule function_rule(const struct config_function *function)
{
    return (struct router_function_rule){
        .timeout_us = function->timeout_us,
        .retries = function->retries,
        .max_queue = function->max_queue,
        .max_bytes = function->max_bytes,
        .reserve = function->reserve,
        .reserve_size = function->reserve_size,
        .warn_wait_us = function->warn_wait_us,
        .retry_on_fail = function->retry_on_fail,
    };
}

size_t function_rows(struct router_function_row *rows, const struct config *config)
{
    for (size_t i = 0; i < config->function_count; i++) {
        const struct config_function *function = &config->functions[i];

        rows[i] = (struct router_function_row){.match = function_pattern(function->match),
                                               .rule = function_rule(function)};
    }
    return config->function_count;
}
