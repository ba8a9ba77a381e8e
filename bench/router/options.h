#ifndef OPTIONS_H
#define OPTIONS_H

/* What a run is asked for; --help is the manual. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum idle_as {
    IDLE_SILENT, /* connects and says nothing */
    IDLE_WORKER, /* a worker of functions that nobody calls */
    IDLE_SAME    /* a worker like those that work */
};

struct options {
    const struct protocol *protocol;
    const struct mode *mode;
    const char *server; /* unix:PATH or tcp:HOST:PORT */
    pid_t server_pid;
    unsigned push; /* credits of a worker; 0: it asks */
    unsigned clients, flight, workers, functions;
    size_t size;
    uint64_t tasks; /* of fill and drain */
    double rate;    /* tasks a second of open_loop */
    double warmup, seconds;
    unsigned idle;
    enum idle_as idle_as;
    bool spin, check;
};

extern const char *const idle_names[]; /* by enum idle_as */

/* Reads the command line, or says what is wrong with it and ends the program. Pins the process. */
void options_read(struct options *options, int argc, char **argv);

#endif
