#ifndef SETTING_H
#define SETTING_H

/* One key's value: from text into the config, and back into text. */
#include <stdbool.h>
#include <stddef.h>

#include "keys.h"

enum {
    SETTING_WHY_MAX = 320, /* bytes of a reason with its NUL */
    SETTING_TEXT_MAX = 264 /* bytes of a value as text with its NUL */
};

/* What is said about a text that should be one; goes on behind "... is not". */
#define SETTING_PATTERN_SYNTAX \
    "a pattern of function names; allowed: 1 to 128 bytes, * and ?, escapes as in C"

/*
 * Reads `text` into the value at `rule->offset` of `values`, a section's. `fresh` matters to lists: what is in
 * them is replaced, otherwise added to. Returns true, or false with `why` written (SETTING_WHY_MAX
 * bytes: what is wrong, what is allowed) and nothing changed.
 */
bool setting_read(const struct config_rule *rule, void *values, const char *text, bool fresh,
                  char *why);

/* Returns how many lines the value takes in a file: 0 for what is not set and for profiles, which
 * are written as their classes. */
size_t setting_lines(const struct config_rule *rule, const void *values);

/* Writes the value of line `index` as it stands behind the `=`, at most SETTING_TEXT_MAX bytes. */
void setting_text(const struct config_rule *rule, const void *values, size_t index, char *into);

#endif
