/* pmadd(8): arguments and file become a config, the config a budget, the budget a server. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "arguments.h"
#include "budget.h"
#include "config.h"
#include "log.h"
#include "server.h"
#include "server_reload.h"
#include "text.h"

enum { OUTPUT_SIZE = 65536 };

enum exit_status { EXIT_FINE, EXIT_REFUSED, EXIT_WRONG };

/* File, then command line: the more particular has the last word. Every error of both is found before
 * this returns false. */
static bool configure(const void *source, struct config *config, struct config_errors *errors)
{
    const struct arguments *arguments = source;
    const char *file = arguments->file;

    config_default(config);
    if (file == NULL && access(ARGUMENTS_DEFAULT_FILE, F_OK) == 0)
        file = ARGUMENTS_DEFAULT_FILE;
    if (file != NULL)
        (void)config_read_file(config, file, errors);
    arguments_apply(arguments, config, errors);
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

static enum exit_status serve(const struct arguments *arguments, const struct config *config,
                              const struct budget *budget, const struct access *access)
{
    static struct server server;
    static struct reload reload;

    if (log_open(&config->server) < 0)
        return EXIT_REFUSED;
    arguments_log(arguments);
    server_reload_init(&reload, configure, arguments, config);
    if (server_init(&server, config, budget, access, &reload) < 0)
        return EXIT_REFUSED;
    server_run(&server);
    return server_finish(&server) ? EXIT_FINE : EXIT_REFUSED;
}

/* The config as it would be used: computed pools are in it as if they had been declared. */
static enum exit_status print_config(const struct config *config)
{
    static char output[CONFIG_PRINT_MAX];

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

static enum exit_status print_help(void)
{
    static char output[OUTPUT_SIZE];
    struct text text = text_in(output, sizeof output);

    arguments_help(&text);
    return print(output);
}

static enum exit_status print_version(void)
{
    char output[64];
    struct text text = text_in(output, sizeof output);

    text_put(&text, "pmadd %s\n", server_version());
    return print(output);
}

/* What cannot be kept, and whom nobody knows, is said on stderr. Returns true if there is nothing of
 * either; who is who does not matter where nobody is to be served. */
static bool judge(enum arguments_mode mode, struct config *config, struct budget *budget,
                  struct access *access)
{
    static char refusals[OUTPUT_SIZE];
    struct text text = text_in(refusals, sizeof refusals);
    bool holds = budget_plan(budget, config);
    bool is_known = mode == MODE_PRINT || access_resolve(access, &config->access, &text);

    budget_refusals(budget, &text);
    (void)fputs(refusals, stderr);
    return holds && is_known;
}

static enum exit_status run(const struct arguments *arguments)
{
    static struct config config;
    static struct config_errors errors;
    static struct budget budget;
    static struct access access;
    bool holds;

    if (!configure(arguments, &config, &errors)) {
        report(&errors);
        return EXIT_WRONG;
    }
    holds = judge(arguments->mode, &config, &budget, &access);
    if (arguments->mode == MODE_CHECK) {
        enum exit_status status = print_budget(&budget);

        return holds ? status : EXIT_WRONG;
    }
    if (!holds)
        return EXIT_WRONG;
    return arguments->mode == MODE_PRINT ? print_config(&config)
                                         : serve(arguments, &config, &budget, &access);
}

int main(int argc, char **argv)
{
    static struct arguments arguments;

    if (!arguments_parse(&arguments, argc, argv))
        return EXIT_WRONG;
    switch (arguments.mode) {
    case MODE_SERVE:
    case MODE_CHECK:
    case MODE_PRINT:
        return run(&arguments);
    case MODE_VERSION:
        return print_version();
    case MODE_HELP:
        return print_help();
    }
    return EXIT_WRONG;
}
