#ifndef COMPLAINT_H
#define COMPLAINT_H

/* What is wrong with a configuration, said with its place. */
#include <stddef.h>

#include "config.h"

/* Where in a text an error is; what is not known is empty or 0. */
struct place {
    const char *name; /* of the file */
    size_t line;
    const char *section;
    const char *key;
};

/* Adds "name:line: [section] key: what" whole, or not at all. */
void complain(struct config_errors *errors, const struct place *place, const char *what);

/*
 * The same for what only the whole config tells, in the words of `format`. It is about [section] key;
 * the line is that of the first of these which a line of the file gave: the key, `other_key` of
 * `other_section` (NULL: there is none), the section itself.
 */
struct culprit {
    const char *section, *key;
    const char *other_section, *other_key;
};

__attribute__((format(printf, 4, 5))) void complain_about(const struct config *config,
                                                          struct config_errors *errors,
                                                          struct culprit culprit,
                                                          const char *format, ...);

#endif
