#ifndef LOG_H
#define LOG_H

/*
 * The log: one line an event, by one write(2) from a buffer of our own, on stderr, in a file, or
 * nowhere. Under journald (stderr is the stream that JOURNAL_STREAM names) a line begins with its
 * `<N>` priority; anywhere else with the program's name and a word for the level, in a file with the
 * time before that.
 */
#include <stdint.h>

#include "config.h"

/*
 * Opens the log that the config names, and finds out who reads stderr; from now on lines above its
 * level are left out. Before this call the log is stderr, the level `notice`, and lines are plain.
 * Returns 0 or a negative errno, logged.
 */
int log_open(const struct config_server *server);

/* Lines above this level are left out from now on. */
void log_set_level(enum config_log_level level);

/* The start is over. Up to here errors are said on stderr too: whoever starts a daemon looks there. */
void log_started(void);

/* One line; no line feed in `format`. Control characters in the result become `?`. */
void log_event(enum config_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Lets one kind of event through once a second; a static one for each kind. */
struct log_brake {
    uint64_t next_us; /* when the next line may be written */
    uint64_t held;    /* lines left out since the last one */
};

/* The same for what may repeat: the line that follows a silence says how many were left out. */
void log_seldom(struct log_brake *brake, uint64_t now_us, enum config_log_level level,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
