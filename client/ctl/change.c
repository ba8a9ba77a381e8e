/* Verbs that change functions: pause, drain, resume. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>

#include "ctl_list.h"
#include "ctl_text.h"

enum { ANSWER_MS = 10000, LINE_BYTES = CTL_NAME_BYTES + 32 };

struct functions {
    const char **names;
    size_t count;
    bool all; /* that the daemon knows */
};

static const struct argp_option options[] = {
    {.name = "all", .key = 'a', .doc = "every function that the daemon knows now"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct functions *functions = state->input;

    switch (key) {
    case 'a':
        functions->all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!ctl_is_name(arg))
            argp_error(state, "`%s': a function that a line of text can name has no blanks", arg);
        functions->names[functions->count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (functions->all == (functions->count > 0))
            argp_error(state, functions->all ? "functions, or --all of them" : "which function?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One that is refused does not keep the others back: only what else goes wrong ends it. */
static bool change_one(const struct ctl *ctl, struct pmadc *client, const char *line,
                       const char *name, enum ctl_exit *done)
{
    const char *text;
    char words[LINE_BYTES];
    enum pmadc_status status;

    (void)snprintf(words, sizeof words, "%s %s", line, name);
    status = pmadc_admin(client, words, ctl_timeout(ctl, ANSWER_MS), &text);
    if (status != PMADC_OK)
        *done = ctl_explain(ctl, client, status);
    return status == PMADC_OK || status == PMADC_REFUSED;
}

/* A name that is no word of a line is left out, and said. */
static enum ctl_exit change_all(const struct ctl *ctl, struct pmadc *client, const char *line)
{
    struct ctl_table table = {.row_count = 0};
    enum ctl_exit done = ctl_list_ask(ctl, client, &ctl_list_functions, &table);

    for (size_t i = 0; done != CTL_NO_DAEMON && i < table.row_count; i++) {
        const char *name = table.rows[i].cells[0];

        if (!ctl_is_name(name)) {
            ctl_say("`%s' is left out: a line of text cannot name it", name);
            done = CTL_FAILED;
        } else if (!change_one(ctl, client, line, name, &done)) {
            break;
        }
    }
    ctl_table_free(&table);
    return done;
}

static enum ctl_exit say_of_each(const struct ctl *ctl, const struct functions *functions,
                                 const char *line)
{
    struct pmadc *client;
    enum ctl_exit done = ctl_connect(ctl, &client);

    if (done != CTL_COMPLETE)
        return done;
    if (functions->all)
        done = change_all(ctl, client, line);
    for (size_t i = 0; i < functions->count; i++)
        if (!change_one(ctl, client, line, functions->names[i], &done))
            break;
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
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION...\n--all",
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
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION...\n--all",
        .doc = "Has no more tasks taken in for functions: who submits one is refused by the name "
               "`draining', and what is there is done, until `resume'.\vExamples:\n"
               "  pmadctl drain thumbnails\n  pmadctl drain --all",
    };

    return change(ctl, &argp, "drain function", argc, argv);
}

int ctl_resume(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION...\n--all",
        .doc = "Ends `pause' and `drain' of functions.\vExamples:\n  pmadctl resume thumbnails\n"
               "  pmadctl resume --all",
    };

    return change(ctl, &argp, "resume function", argc, argv);
}
