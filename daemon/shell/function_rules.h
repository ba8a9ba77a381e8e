#ifndef FUNCTION_RULES_H
#define FUNCTION_RULES_H

/* What the config says of functions, as the router wants to be told. */
#include <stddef.h>

#include "config.h"
#include "router.h"

/* A pattern that config_finish() has found good. */
struct router_pattern function_pattern(const char *text);

/* What holds for every function, or for those of one section. */
struct router_function_rule function_rule(const struct config_function *function);

/* The rows of all sections [function LABEL], in their order; returns how many. `rows` has room for
 * CONFIG_FUNCTIONS_MAX. */
size_t function_rows(struct router_function_row *rows, const struct config *config);

#endif
