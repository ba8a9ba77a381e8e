#ifndef PATTERN_H
#define PATTERN_H

/* What patterns of function names have to do with each other; config.h has the rest. */
#include <stdbool.h>

#include "config.h"

/* True if both stand for the same, item by item. */
bool pattern_equals(const struct config_pattern *a, const struct config_pattern *b);

/* True if `name`, a pattern that is a name, is one of those that `pattern` stands for. */
bool pattern_covers(const struct config_pattern *pattern, const struct config_pattern *name);

#endif
