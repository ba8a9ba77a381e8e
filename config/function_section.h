#ifndef FUNCTION_SECTION_H
#define FUNCTION_SECTION_H

/* Sections of single functions: how they come into being, and what they inherit. */
#include <stdbool.h>

#include "config.h"
#include "keys.h"

/* Finds the section `name` as key_section_find() does, or makes it if it is one of a single function.
 * Returns false with `why` written (SETTING_WHY_MAX bytes). */
bool function_section_take(struct config *config, const char *name, struct key_section *section,
                           char *why);

/* Gives every function what its section does not name: from [function *], and the size of reserved
 * bodies, which is never above payload_max unless somebody said so. */
void function_sections_settle(struct config *config);

#endif
