#ifndef CTL_H
#define CTL_H

/*
 * What the verbs of pmadctl share: the options every verb has, the way to the daemon, and the one
 * table of exit statuses. A verb is a row in main.c and a function `int verb(struct ctl *, argc,
 * argv)` in a file of its own, which parses its options with argp and returns an exit status.
 */
#include <argp.h>
#include <stdbool.h>

#include "pmad_client.h"

enum ctl_exit {
    CTL_COMPLETE = 0,
    CTL_FAILED = 1,  /* the worker failed; or the output could not be written */
    CTL_USAGE = 2,   /* wrong usage, or what it names cannot be read or run */
    CTL_REFUSED = 3, /* the daemon refused */
    CTL_TIMED_OUT = 4,
    CTL_NO_DAEMON = 5 /* none there, none that lets us in, or the connection was lost */
};

/* The options every verb has. */
struct ctl {
    const char *socket;  /* of --socket; NULL: as pmadc_address() says */
    const char *timeout; /* of --timeout, as it was written; NULL: not given */
    int timeout_ms;      /* the same in ms */
};

/*
 * Parses a verb's options and the common ones. `argv[0]` is the verb's name. `doc` is argp's: what
 * the verb does, a vertical tab, examples. Ends the process for wrong usage (CTL_USAGE) and for
 * --help. `input` is what `parser` finds in its state.
 */
void ctl_parse(struct ctl *ctl, const struct argp *verb, int argc, char **argv, void *input);

/* A parser for verbs without options of their own. */
error_t ctl_no_options(int key, char *arg, struct argp_state *state);

/* The given --timeout in ms, or `otherwise` (-1: for ever). */
int ctl_timeout(const struct ctl *ctl, int otherwise);

/* Connects; on anything but CTL_COMPLETE it has said why and there is no client. */
enum ctl_exit ctl_connect(const struct ctl *ctl, struct pmadc **client);

/* Says in one line on stderr what a call met and what to do about it; returns the exit status. */
enum ctl_exit ctl_explain(const struct ctl *ctl, const struct pmadc *client,
                          enum pmadc_status status);

/* What an answer of the client library is to who called pmadctl. */
enum ctl_exit ctl_exit_of(enum pmadc_status status);

/* The exit statuses in words, as every --help ends. */
extern const char ctl_exit_words[];

/* Prints "pmadctl: ...", a printf text, and a line feed on stderr. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes out what is still buffered for stdout; returns `status`, or CTL_FAILED if it cannot be. */
enum ctl_exit ctl_flush(enum ctl_exit status);

/* The verbs. */
int ctl_submit(struct ctl *ctl, int argc, char **argv);
int ctl_work(struct ctl *ctl, int argc, char **argv);
int ctl_wait(struct ctl *ctl, int argc, char **argv);
int ctl_cancel(struct ctl *ctl, int argc, char **argv);
int ctl_pause(struct ctl *ctl, int argc, char **argv);
int ctl_drain(struct ctl *ctl, int argc, char **argv);
int ctl_resume(struct ctl *ctl, int argc, char **argv);
int ctl_peek(struct ctl *ctl, int argc, char **argv);
int ctl_functions(struct ctl *ctl, int argc, char **argv);
int ctl_status(struct ctl *ctl, int argc, char **argv);
int ctl_workers(struct ctl *ctl, int argc, char **argv);
int ctl_pools(struct ctl *ctl, int argc, char **argv);
int ctl_top(struct ctl *ctl, int argc, char **argv);
int ctl_check(struct ctl *ctl, int argc, char **argv);
int ctl_plan(struct ctl *ctl, int argc, char **argv);
int ctl_advise(struct ctl *ctl, int argc, char **argv);
int ctl_unit(struct ctl *ctl, int argc, char **argv);
int ctl_stats(struct ctl *ctl, int argc, char **argv);
int ctl_ping(struct ctl *ctl, int argc, char **argv);
int ctl_reload(struct ctl *ctl, int argc, char **argv);
int ctl_version(struct ctl *ctl, int argc, char **argv);

#endif
