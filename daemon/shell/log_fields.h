#ifndef LOG_FIELDS_H
#define LOG_FIELDS_H

/*
 * The fields of an event for sd_journal_sendv(3): MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, PMADD_EVENT, and for
 * each word `key=value` of the text one PMADD_KEY. A key is small letters and `_`; a value ends before the
 * next blank, a comma or semicolon at its end left out.
 */
#include <stddef.h>
#include <sys/uio.h>

#include "log_name.h"

enum { LOG_FIELDS_MAX = 20, LOG_FIELDS_ROOM = 3072 };

struct log_fields {
    struct iovec items[LOG_FIELDS_MAX];
    size_t count;
    size_t used;
    char bytes[LOG_FIELDS_ROOM];
};

/* Makes the fields of an event of that name whose text is the `size` bytes. What finds no room is left
 * out, the last fields first. */
void log_fields_make(struct log_fields *fields, enum log_name name, const char *text, size_t size);

#endif
