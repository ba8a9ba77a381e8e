#ifndef LOG_H
#define LOG_H

/*
 * The log: one line an event, by one write(2) from a buffer of our own, on stderr, in a file, or
 * nowhere. Under journald (stderr is the stream that JOURNAL_STREAM names) an event goes there with its
 * fields, sd_journal_sendv(3), which takes no memory; where its socket cannot be seen, as a line with a
 * `<N>` priority. Anywhere else a line begins with the program's name and a word for the level, in a file
 * with the time before that.
 */
#include <stdint.h>

#include "config.h"
#include "log_name.h"

/*
 * Opens the log that the config names, and finds out who reads stderr; from now on lines above its
 * level are left out. Before this call the log is stderr, the level `notice`, and lines are plain.
 * Returns 0 or a negative errno, logged.
 */
int log_open(const struct config_server *server);

/* Events above this level are left out from now on. */
void log_set_level(enum config_log_level level);

/* The start is over. Up to here errors are said on stderr too: whoever starts a daemon looks there. */
void log_started(void);

/* One line, if its level is wanted: `pmadd: LEVEL: NAME: ` and the text, whose words `key=value` are the
 * fields of the event: log_fields.h. No line feed in `format`; control characters in the result become `?`.
 * What a peer has said is never a part of it as it came. */
void log_event(enum log_name name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what may repeat: an event of a name once a second. The line that follows a silence says
 * how many were left out. */
void log_seldom(enum log_name name, uint64_t now_us, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* So many more were left out without being said. */
void log_left_out(enum log_name name, uint64_t count);

#endif
