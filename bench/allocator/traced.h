#ifndef TRACED_H
#define TRACED_H

/*
 * How often a piece of code needs the system: it runs in a child that its parent follows with
 * ptrace(2), which needs no privilege, and costs nothing where there is nothing to follow.
 */
struct job;

struct traced {
    long calls; /* system calls between traced_begin() and traced_end(); -1: tracing is forbidden */
    long faults; /* page faults, minor and major */
};

/* Runs `work`, which calls traced_begin() and traced_end() once each, in a child process. Ends the
 * program if the child does not end well. */
struct traced traced_run(void (*work)(const struct job *job), const struct job *job);

void traced_begin(void);
void traced_end(void);

#endif
