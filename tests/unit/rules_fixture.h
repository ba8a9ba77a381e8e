#ifndef RULES_FIXTURE_H
#define RULES_FIXTURE_H

/* Rules for functions by their names, as the configuration would state them. */
#include "gearman_fixture.h"

/* A pattern as text: `*` and `?` are wild. */
static inline struct router_pattern pattern_of(const char *written)
{
    struct router_pattern pattern = {.size = strlen(written)};

    ck_assert_uint_le(pattern.size, ROUTER_PATTERN_MAX);
    for (size_t i = 0; i < pattern.size; i++)
        pattern.items[i] = written[i] == '*'   ? ROUTER_ANY_BYTES
                           : written[i] == '?' ? ROUTER_ANY_BYTE
                                               : (uint8_t)written[i];
    return pattern;
}

static inline struct router_function_row row_of(const char *match, struct router_function_rule rule)
{
    return (struct router_function_row){.match = pattern_of(match), .rule = rule};
}

/* The rig again, with one row. */
static inline void setup_row(const char *match, struct router_function_rule rule)
{
    static struct router_function_row row;
    struct rig_setup ruled = rig_setup_ample();

    row = row_of(match, rule);
    ruled.functions = &row;
    ruled.function_count = 1;
    rig_replace(&ruled);
}

/* The rig again, with somebody who may observe the functions of that pattern, and nothing else. */
static inline struct remote *setup_observer(const char *match)
{
    static struct router_pattern pattern;
    struct rig_setup patterned = rig_setup_ample();
    struct remote *observer;

    pattern = pattern_of(match);
    patterned.patterns = &pattern;
    patterned.pattern_count = 1;
    rig_replace(&patterned);
    observer = remote_with(&rig, 0);
    router_grant(rig.router, &observer->seat->peer, RIGHT_OBSERVE, 0);
    return observer;
}

/* A submission of that frame is refused by this limit; what else is said begins with `rest`. */
static inline void is_refused_by(struct remote *client, const char *limit, const char *rest)
{
    hears_start(client, text("ERROR QUEUE_ERROR|Job queue is full: limit=%s %s", limit, rest));
}

#endif
