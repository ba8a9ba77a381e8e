#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_text.h"

static const struct verb {
    const char *name;
    int (*run)(struct ctl *ctl, int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"submit", ctl_submit, "submit a task, wait for its result and print it"},
    {"work", ctl_work, "do tasks by running a command for each"},
    {"wait", ctl_wait, "wait until tasks have ended"},
    {"cancel", ctl_cancel, "cancel tasks"},
    {"pause", ctl_pause, "keep the tasks of functions from workers"},
    {"drain", ctl_drain, "take no more tasks in for functions"},
    {"resume", ctl_resume, "end a pause, or a drain, of functions"},
    {"peek", ctl_peek, "list the tasks that wait for a function, the next first"},
    {"functions", ctl_functions, "list the functions: what each does, what waits, workers"},
    {"status", ctl_status, "list the functions: tasks, running ones, workers"},
    {"workers", ctl_workers, "list the connections and what they can do"},
    {"pools", ctl_pools, "list the memory pools, class by class"},
    {"top", ctl_top, "watch the daemon: functions, workers, pools"},
    {"check", ctl_check, "try the whole way of a task, step by step"},
    {"plan", ctl_plan, "work out the pools for a load, or what a configuration sustains"},
    {"advise", ctl_advise, "better pools, from what the daemon has used of them"},
    {"unit", ctl_unit, "what systemd is to allow a daemon with a configuration"},
    {"stats", ctl_stats, "print every figure the daemon counts, also for Prometheus"},
    {"ping", ctl_ping, "time one round trip to the daemon"},
    {"reload", ctl_reload, "let the daemon read its configuration again"},
    {"version", ctl_version, "print the version of the daemon"},
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

const char *argp_program_version = "pmadctl " PMADD_VERSION;

/* ---- the options that every verb has ---- */

static const struct argp_option common_options[] = {
    {.name = "socket", .key = 's', .arg = "PATH|HOST:PORT", .doc = "where the daemon listens"},
    {.name = "timeout",
     .key = 't',
     .arg = "DURATION",
     .doc = "give up after so long, e.g. 500ms, 10s, 5m, 2h"},
    {0},
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct ctl *ctl = state->input;

    switch (key) {
    case 's':
        if (arg[0] == '\0')
            argp_error(state, "--socket needs a path or HOST:PORT");
        ctl->socket = arg;
        return 0;
    case 't':
        if (!ctl_duration(arg, &ctl->timeout_ms))
            argp_error(state, "%s is no duration; say 500ms, 10s, 5m or 2h", arg);
        ctl->timeout = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp common_argp = {.options = common_options, .parser = parse_common};

/* What argp hands on: the common options come first, the verb's own parser is their parent. */
struct parse {
    const struct argp *verb;
    struct ctl *ctl;
    void *input;
};

static error_t parse_verb(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    error_t error;

    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = parse->ctl;
    state->input = parse->input;
    error = parse->verb->parser(key, arg, state);
    state->input = parse;
    return error;
}

/* The end of a --help: `before` and what `add` writes, either of which may be NULL, and the exit statuses.
 * argp frees it. Other texts stay as they are, which argp sees by their address. */
static char *add_behind(const char *before, void (*add)(FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    if (before != NULL)
        (void)fprintf(out, "%s\n\n", before);
    if (add != NULL)
        add(out);
    (void)fputs(ctl_exit_words, out);
    return fclose(out) == 0 ? text : NULL;
}

static char *as_it_is(const char *text)
{
    char *same;

    memcpy(&same, &text, sizeof same);
    return same;
}

static char *help_of_verb(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? add_behind(text, NULL) : as_it_is(text);
}

void ctl_parse(struct ctl *ctl, const struct argp *verb, int argc, char **argv, void *input)
{
    const struct argp_child children[] = {
        {.argp = &common_argp, .header = "Options of every verb:", .group = 1}, {0}};
    struct parse parse = {.verb = verb, .ctl = ctl, .input = input};
    struct argp argp = *verb;
    char name[64];

    (void)snprintf(name, sizeof name, "pmadctl %s", argv[0]);
    argv[0] = name;
    argp.parser = parse_verb;
    argp.children = children;
    argp.help_filter = help_of_verb;
    (void)argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parse);
    argv[0] = NULL;
}

error_t ctl_no_options(int key, char *arg, struct argp_state *state)
{
    if (key == ARGP_KEY_ARG)
        argp_error(state, "too many arguments: %s", arg);
    return ARGP_ERR_UNKNOWN;
}

/* ---- the verb ---- */

struct choice {
    struct ctl ctl;
    const struct verb *verb;
    int next; /* the verb's place in argv */
};

static const struct verb *verb_of(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static error_t parse_choice(int key, char *arg, struct argp_state *state)
{
    struct choice *choice = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &choice->ctl;
        return 0;
    case ARGP_KEY_ARG:
        choice->verb = verb_of(arg);
        if (choice->verb == NULL)
            argp_error(state, "there is no verb %s", arg);
        choice->next = state->next - 1;
        state->next = state->argc; /* the rest is the verb's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "what is to be done? Name a verb");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_verbs(FILE *out)
{
    (void)fprintf(out, "Verbs:\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        (void)fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    (void)fprintf(out, "\n`pmadctl VERB --help' says more about each. The daemon is looked for\nat "
                       "--socket, $PMADD_SOCKET, $XDG_RUNTIME_DIR/pmadd.sock, "
                       "/tmp/pmadd-UID.sock\nand /run/pmadd/pmadd.sock, in this order.\n\n");
}

static char *help_of_all(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? add_behind(NULL, add_verbs) : as_it_is(text);
}

int main(int argc, char **argv)
{
    static const struct argp_child children[] = {{.argp = &common_argp}, {0}};
    static const struct argp argp = {
        .parser = parse_choice,
        .args_doc = "VERB [ARGUMENT...]",
        .doc = "Submits tasks to pmadd, does them, and shows how it is.\v",
        .children = children,
        .help_filter = help_of_all,
    };
    struct choice choice = {.verb = NULL};

    argp_err_exit_status = CTL_USAGE;
    (void)argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);
    return choice.verb->run(&choice.ctl, argc - choice.next, argv + choice.next);
}
