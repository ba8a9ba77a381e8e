#ifndef MEASURED_H
#define MEASURED_H

/* The daemon that is measured: one that runs already, or one started for the measurement. */
#include <stdint.h>
#include <sys/types.h>

struct measured {
    char socket[108];   /* its path, unix(7) */
    pid_t pid;          /* whose CPU time counts */
    char directory[64]; /* ours, with the socket in it; empty if the daemon is not ours */
};

/* Takes the daemon that listens at `socket`. */
void measured_take(struct measured *daemon, const char *socket);

/* Starts `program` with its defaults on a socket of its own; returns when it is ready. */
void measured_start(struct measured *daemon, const char *program);

/* Ends it if it was started here. */
void measured_end(struct measured *daemon);

/* CPU time that the daemon has used so far. */
uint64_t measured_cpu_ns(const struct measured *daemon);

#endif
