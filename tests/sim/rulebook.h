#ifndef RULEBOOK_H
#define RULEBOOK_H

/*
 * What the configuration of a rolled router says of functions by their names: rules for those that a
 * pattern matches, and patterns that rights may be limited to. A pattern is a text here, in which `*`
 * is any bytes and `?` any one; the router gets it as data.
 */
#include "dice.h"
#include "rig.h"

enum { RULES = 3, PATTERNS = 4 };

struct rulebook {
    size_t rule_count, pattern_count;
    const char *matches[RULES], *texts[PATTERNS];
    struct router_function_row rows[RULES];
    struct router_pattern patterns[PATTERNS];
};

/* Rolls rules and patterns, the rule of every function among them, and writes them into `setup`, which
 * refers to `*book` then. Tasks may fail of themselves only where it `limits_time`. */
void rulebook_roll(struct rulebook *book, struct rig_setup *setup, struct dice *dice,
                   bool limits_time);

/* Does the whole name match? */
bool text_matches(const char *pattern, const char *name);

/* The rule of the first row that matches, or that of every function. */
const struct router_function_rule *rulebook_rule(const struct rulebook *book,
                                                 const struct rig_setup *setup, const char *name);

#endif
