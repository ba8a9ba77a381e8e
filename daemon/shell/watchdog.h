#ifndef WATCHDOG_H
#define WATCHDOG_H

/*
 * What a service manager with WatchdogSec= is told, sd_watchdog_enabled(3): twice in that time, by the loop
 * itself, and only if the router's audit finds nothing. A daemon that hangs, or that has found damage, is
 * silent, and is ended and started again.
 */
#include <stdint.h>

struct router;

struct watchdog {
    uint64_t every_us; /* 0: nobody wants to know */
    uint64_t next_us;
};

void watchdog_init(struct watchdog *watchdog);

/* When watchdog_tell() is to be called; UINT64_MAX: not at all. */
uint64_t watchdog_deadline(const struct watchdog *watchdog);

/* Looks and tells, if it is time. */
void watchdog_tell(struct watchdog *watchdog, struct router *router, uint64_t now_us);

#endif
