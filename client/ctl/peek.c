/* pmadctl peek: which tasks wait for a function. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <string.h>

#include "ctl_list.h"
#include "ctl_text.h"

enum { ANSWER_MS = 10000, TASKS_USUAL = 10, TASKS_MAX = 100 };

static const struct ctl_listing tasks = {
    .line = "peek",
    .column_count = 7,
    .columns = {{"HANDLE", "handle", CTL_TEXT},
                {"UNIQUE", "unique", CTL_TEXT},
                {"PRIORITY", "priority", CTL_TEXT},
                {"BYTES", "bytes", CTL_COUNT},
                {"WAITED-US", "waited_us", CTL_COUNT},
                {"CLIENTS", "clients", CTL_COUNT},
                {"LOST", "lost", CTL_COUNT}},
};

struct peek {
    const char *function;
    uint64_t count;
    bool json;
};

static const struct argp_option options[] = {
    {.name = "count", .key = 'n', .arg = "N", .doc = "so many at most, 1 to 100; 10 by default"},
    CTL_JSON_OPTION,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct peek *peek = state->input;

    switch (key) {
    case 'n':
        if (!ctl_count(arg, 1, TASKS_MAX, &peek->count))
            argp_error(state, "--count=%s: from 1 to %d", arg, TASKS_MAX);
        return 0;
    case 'j':
        peek->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one function at a time");
        if (!ctl_is_name(arg))
            argp_error(state, "`%s': a function that a line of text can name has no blanks", arg);
        peek->function = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which function?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum ctl_exit show(const struct ctl *ctl, struct pmadc *client, const struct peek *peek)
{
    char line[CTL_NAME_BYTES + 32];
    const char *text;
    const char *rows;
    enum pmadc_status status;

    (void)snprintf(line, sizeof line, "peek %s %d", peek->function, (int)peek->count);
    status = pmadc_admin(client, line, ctl_timeout(ctl, ANSWER_MS), &text);
    if (status != PMADC_OK)
        return ctl_explain(ctl, client, status);
    rows = strchr(text, '\n'); /* the head, whose names are those of the columns */
    return ctl_list_show(&tasks, rows != NULL ? rows + 1 : "", peek->json);
}

int ctl_peek(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION",
        .doc = "Lists the tasks that wait for a function, the next first: handle, unique id "
               "(percent-encoded), priority, bytes of the payload, for how long it has waited, "
               "clients "
               "that wait for it, and workers it has cost. Never the payload.\vExample:\n"
               "  pmadctl peek thumbnails --count=3",
    };
    struct peek peek = {.count = TASKS_USUAL};
    struct pmadc *client;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &peek);
    done = ctl_connect(ctl, &client);
    if (done == CTL_COMPLETE)
        done = show(ctl, client, &peek);
    pmadc_close(client);
    return done;
}
