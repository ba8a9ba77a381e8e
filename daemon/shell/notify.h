#ifndef NOTIFY_H
#define NOTIFY_H

/* What the service manager is told, sd_notify(3). Without NOTIFY_SOCKET nobody is told anything. A
 * status is one line without a line feed. No call allocates. */
#include <stdbool.h>
#include <stdint.h>

/* True when somebody wants to know. */
bool notify_is_wanted(void);

/* The sockets answer. False when that was not heard, and has to be told again. */
bool notify_ready(const char *status);

void notify_status(const char *status);

/* The config is being read again, since `mono_us` of CLOCK_MONOTONIC; notify_ready() says that it was. */
void notify_reloading(uint64_t mono_us);

/* All is well. */
void notify_alive(void);

/* The end has begun. */
void notify_stopping(const char *status);

#endif
