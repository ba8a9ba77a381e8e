#ifndef RULES_H
#define RULES_H

/*
 * What the configuration says of functions by their names: which rule holds for one, and which of the
 * patterns that rights are limited to match it. Both are looked up once, when a function comes into
 * being.
 */
#include <stdint.h>

#include "gm_frame.h"
#include "router.h"

struct rules {
    struct router_function_rule every;
    size_t row_count, pattern_count;
    struct router_function_row rows[ROUTER_RULES_MAX];
    struct router_pattern patterns[ROUTER_PATTERNS_MAX];
};

/* A copy of what `setup` says. */
void rules_init(struct rules *rules, const struct router_setup *setup);

/* The rule of the first row that matches; that of every function where none does. */
const struct router_function_rule *rules_find(const struct rules *rules, struct gm_slice name);

/* The first of these rows that matches, or NULL. */
const struct router_function_row *row_find(const struct router_function_row *rows, size_t count,
                                           struct gm_slice name);

/* The patterns that match, as a set of their numbers. */
uint64_t rules_patterns(const struct rules *rules, struct gm_slice name);

/* Does the whole name match? */
bool pattern_matches(const struct router_pattern *pattern, struct gm_slice name);

#endif
