/* Verbs that change functions: pause, drain, resume. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

enum { ANSWER_MS = 10000, NAME_BYTES = 256, LINE_BYTES = NAME_BYTES + 32 };

struct functions {
    const char **names;
    size_t count;
};

/* The name is one word of a line. */
static bool is_good(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= NAME_BYTES && strpbrk(name, "\r\n\t ") == NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct functions *functions = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (!is_good(arg))
            argp_error(state, "`%s': a function that a line of text can name has no blanks", arg);
        functions->names[functions->count++] = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which function?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One that is refused does not keep the others back. */
static enum ctl_exit say_of_each(const struct ctl *ctl, const struct functions *functions,
                                 const char *line)
{
    struct pmadc *client;
    enum ctl_exit done = ctl_connect(ctl, &client);

    if (done != CTL_COMPLETE)
        return done;
    for (size_t i = 0; i < functions->count; i++) {
        const char *text;
        char words[LINE_BYTES];
        enum pmadc_status status;

        (void)snprintf(words, sizeof words, "%s %s", line, functions->names[i]);
        status = pmadc_admin(client, words, ctl_timeout(ctl, ANSWER_MS), &text);
        if (status != PMADC_OK)
            done = ctl_explain(ctl, client, status);
        if (status != PMADC_OK && status != PMADC_REFUSED)
            break;
    }
    pmadc_close(client);
    return done;
}

static int change(struct ctl *ctl, const struct argp *argp, const char *line, int argc, char **argv)
{
    struct functions functions = {.names = calloc((size_t)argc, sizeof *functions.names)};
    enum ctl_exit done;

    if (functions.names == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    ctl_parse(ctl, argp, argc, argv, &functions);
    done = say_of_each(ctl, &functions, line);
    free((void *)functions.names);
    return done;
}

int ctl_pause(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "FUNCTION...",
        .doc = "Keeps the tasks of functions in their queues: what runs goes on, more tasks are "
               "taken in, and no worker is given any until `resume'.\vExample:\n"
               "  pmadctl pause thumbnails && systemctl restart thumbnailer && pmadctl resume "
               "thumbnails",
    };

    return change(ctl, &argp, "pause function", argc, argv);
}

int ctl_drain(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "FUNCTION...",
        .doc = "Has no more tasks taken in for functions: who submits one is refused by the name "
               "`draining', and what is there is done, until `resume'.\vExample:\n"
               "  pmadctl drain thumbnails",
    };

    return change(ctl, &argp, "drain function", argc, argv);
}

int ctl_resume(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "FUNCTION...",
        .doc = "Ends `pause' and `drain' of functions.\vExample:\n  pmadctl resume thumbnails",
    };

    return change(ctl, &argp, "resume function", argc, argv);
}
