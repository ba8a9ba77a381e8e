/* pmadd(8): arguments and file become a config, the config a budget, the budget a server. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "budget.h"
#include "config.h"
#include "log.h"
#include "server.h"
#include "text.h"

#define DEFAULT_FILE "/etc/pmadd/pmadd.conf"

enum { ASSIGNMENTS_MAX = 128, ASSIGNMENT_SIZE = 4096, OUTPUT_SIZE = 65536 };

enum exit_status { EXIT_FINE, EXIT_REFUSED, EXIT_WRONG };

static const char help_text[] =
    "Usage: pmadd [OPTION]...\n"
    "Routes tasks from clients to workers, in memory that is decided before it starts.\n"
    "\n"
    "  -c, --config FILE             read FILE; without it " DEFAULT_FILE ",\n"
    "                                if there is one\n"
    "  -s, --socket PATH             listen at PATH, whatever the file says\n"
    "  -S, --set SECTION.KEY=VALUE   change one setting; repeatable\n"
    "  -C, --check-config            print what the config comes to in memory, and end\n"
    "  -p, --print-config            print the whole config as it would be used, and end\n"
    "  -V, --version                 print the version, and end\n"
    "  -h, --help                    print this, and end\n"
    "\n"
    "Exit statuses:\n"
    "  0  it ended as it was asked to, or printed what was asked for\n"
    "  1  it could not start, or found a pool damaged at the end; stderr says what\n"
    "  2  the command line or the config is wrong, and stderr says where\n"
    "\n"
    "Manual: pmadd(8), pmadd.conf(5), pmadctl(1).\n";

enum mode { MODE_SERVE, MODE_CHECK, MODE_PRINT, MODE_VERSION, MODE_HELP, MODE_WRONG };

struct arguments {
    enum mode mode;
    const char *file;   /* NULL: the default one, if it is there */
    const char *socket; /* NULL: as the config says */
    size_t assignment_count;
    const char *assignments[ASSIGNMENTS_MAX];
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
    {"set", required_argument, NULL, 'S'},    {"check-config", no_argument, NULL, 'C'},
    {"print-config", no_argument, NULL, 'p'}, {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static enum mode refuse_arguments(const char *what, const char *about)
{
    if (what != NULL)
        (void)fprintf(stderr, "pmadd: %s: %s\n", about, what);
    (void)fprintf(stderr, "Try `pmadd --help`.\n");
    return MODE_WRONG;
}

/* Takes one option in; returns the mode that follows. */
static enum mode take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'c':
        arguments->file = optarg;
        return arguments->mode;
    case 's':
        arguments->socket = optarg;
        return arguments->mode;
    case 'S':
        if (arguments->assignment_count == ASSIGNMENTS_MAX)
            return refuse_arguments("too many of these; write a file", "--set");
        arguments->assignments[arguments->assignment_count++] = optarg;
        return arguments->mode;
    case 'C':
        return MODE_CHECK;
    case 'p':
        return MODE_PRINT;
    case 'V':
        return MODE_VERSION;
    case 'h':
        return MODE_HELP;
    default: /* getopt_long() has said what is wrong */
        return refuse_arguments(NULL, NULL);
    }
}

static void parse(struct arguments *arguments, int argc, char **argv)
{
    int option;

    *arguments = (struct arguments){.mode = MODE_SERVE};
    while ((option = getopt_long(argc, argv, "c:s:S:CpVh", options, NULL)) != -1) {
        arguments->mode = take_option(arguments, option);
        if (arguments->mode >= MODE_VERSION)
            return;
    }
    if (optind < argc)
        arguments->mode = refuse_arguments("no such argument", argv[optind]);
}

/* File, then assignments, then --socket: the more particular has the last word. Every error of all
 * of them is found before this returns false. */
static bool configure(struct config *config, const struct arguments *arguments,
                      struct config_errors *errors)
{
    static char socket[ASSIGNMENT_SIZE];
    struct text text = text_in(socket, sizeof socket);
    const char *file = arguments->file;

    config_default(config);
    if (file == NULL && access(DEFAULT_FILE, F_OK) == 0)
        file = DEFAULT_FILE;
    if (file != NULL)
        (void)config_read_file(config, file, errors);
    for (size_t i = 0; i < arguments->assignment_count; i++)
        (void)config_set(config, arguments->assignments[i], errors);
    if (arguments->socket != NULL) {
        text_put(&text, "server.socket=%s", arguments->socket);
        (void)config_set(config, socket, errors);
    }
    return config_finish(config, errors) && errors->count == 0;
}

static enum exit_status print(const char *output)
{
    if (fputs(output, stdout) >= 0 && fflush(stdout) == 0)
        return EXIT_FINE;
    (void)fprintf(stderr, "pmadd: stdout: %s\n", strerror(errno));
    return EXIT_REFUSED;
}

/* All that was wrong; of more than there was room for, at least how many. */
static void report(const struct config_errors *errors)
{
    size_t shown = 0;

    for (const char *at = errors->text; (at = strchr(at, '\n')) != NULL; at++)
        shown++;
    (void)fputs(errors->text, stderr);
    if (shown < errors->count)
        (void)fprintf(stderr, "pmadd: and %zu more errors\n", errors->count - shown);
}

static enum exit_status serve(const struct config *config, const struct budget *budget)
{
    static struct server server;

    log_open(config->server.log_level);
    if (server_init(&server, config, budget) < 0)
        return EXIT_REFUSED;
    server_run(&server);
    return server_finish(&server) ? EXIT_FINE : EXIT_REFUSED;
}

/* The config as it would be used: computed pools are in it as if they had been declared. */
static enum exit_status print_config(const struct config *config)
{
    static char output[OUTPUT_SIZE];

    (void)config_print(config, output, sizeof output);
    return print(output);
}

static enum exit_status print_budget(const struct budget *budget)
{
    static char output[OUTPUT_SIZE];
    struct text text = text_in(output, sizeof output);

    budget_print(budget, &text);
    return print(output);
}

static enum exit_status run(const struct arguments *arguments)
{
    static struct config config;
    static struct config_errors errors;
    static struct budget budget;
    static char refusals[OUTPUT_SIZE];
    struct text text = text_in(refusals, sizeof refusals);
    bool holds;

    if (!configure(&config, arguments, &errors)) {
        report(&errors);
        return EXIT_WRONG;
    }
    holds = budget_plan(&budget, &config);
    budget_refusals(&budget, &text);
    (void)fputs(refusals, stderr);
    if (arguments->mode == MODE_CHECK) {
        enum exit_status status = print_budget(&budget);

        return holds ? status : EXIT_WRONG;
    }
    if (!holds)
        return EXIT_WRONG;
    return arguments->mode == MODE_PRINT ? print_config(&config) : serve(&config, &budget);
}

int main(int argc, char **argv)
{
    struct arguments arguments;

    parse(&arguments, argc, argv);
    switch (arguments.mode) {
    case MODE_SERVE:
    case MODE_CHECK:
    case MODE_PRINT:
        return run(&arguments);
    case MODE_VERSION:
        return printf("pmadd %s\n", server_version()) < 0 || fflush(stdout) != 0 ? EXIT_REFUSED
                                                                                 : EXIT_FINE;
    case MODE_HELP:
        return print(help_text);
    case MODE_WRONG:
        break;
    }
    return EXIT_WRONG;
}
