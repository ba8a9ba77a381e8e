#ifndef GRANT_H
#define GRANT_H

/* The lists of [access]: who may do something, and to which functions. */
#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/* Reads a line of such a list: grants between commas. `fresh`: they replace those that are there.
 * Returns true, or false with `why` written (SETTING_WHY_MAX bytes) and nothing changed. */
bool grants_read(struct config_access *access, enum config_right right, const char *text,
                 bool fresh, char *why);

/* Writes a grant as it stands in a list, at most SETTING_TEXT_MAX bytes. */
void grant_text(const struct config_grant *grant, char *into);

/* False if all lists together have more different patterns than there is room for; then `*culprit`
 * is the list with the first that is too many. */
bool grants_fit(const struct config_access *access, enum config_right *culprit);

#endif
