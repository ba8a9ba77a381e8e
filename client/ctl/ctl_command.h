#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

/*
 * A command that is run once for each task: the payload on its stdin, its stdout collected. Its
 * stderr is ours. It leads a process group of its own, so that Ctrl-C in a terminal reaches us and
 * not it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ctl_command {
    char **argv;     /* NULL at its end */
    uint8_t *output; /* of the last run; to be freed in the end */
    size_t output_size, output_room;
    volatile pid_t group; /* while it runs, else 0 */
};

/* True when there is such a program to be run; else `errno` says why not. */
bool ctl_command_exists(const char *name);

/*
 * Runs the command; what it wrote is in `output`. Reads and writes at once, so that neither side
 * waits for the other however much there is. A command need not read all of its stdin. Returns its
 * wait status, or -1 with errno if it could not be run, or its output not be kept.
 */
int ctl_command_run(struct ctl_command *command, const void *payload, size_t size);

#endif
