#ifndef SERVER_H
#define SERVER_H

/* What a process has used so far, all its threads together. */
#include <stdint.h>
#include <sys/types.h>

struct server_use {
    uint64_t cpu_ns; /* of its CPU clock, which counts nanoseconds */
    uint64_t user_ticks,
        system_ticks; /* of /proc/PID/stat, which samples: only their ratio is used */
};

struct server_use server_use(pid_t pid);

/* Its resident memory in KiB. */
uint64_t server_rss_kib(pid_t pid);

#endif
