#ifndef ARGUMENTS_H
#define ARGUMENTS_H

/*
 * The command line, pmadd's own options and gearmand's: one table in arguments.c says of each what it
 * does, from which parsing, `--help` and the config follow. An option that sets something stands for a
 * key of the config (pmadd.conf(5)) and is applied on top of the file, in the order of the command line.
 * An option of gearmand's either means the same here, or has no meaning here and is noted in the log,
 * or asks for what pmadd does not do, and then it is refused with what to do instead.
 */
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "text.h"

#define ARGUMENTS_DEFAULT_FILE "/etc/pmadd/pmadd.conf"

enum { ARGUMENTS_MAX = 128 };

enum arguments_mode { MODE_SERVE, MODE_CHECK, MODE_PRINT, MODE_VERSION, MODE_HELP };

struct argument_row;

struct arguments {
    enum arguments_mode mode;
    const char *file; /* NULL: the default one, if it is there */
    size_t count;
    struct argument {
        const struct argument_row *row;
        const char *value;  /* NULL: it takes none */
    } given[ARGUMENTS_MAX]; /* in their order */
};

/* Takes the command line apart. False when it is wrong, which has been said on stderr. */
bool arguments_parse(struct arguments *arguments, int argc, char **argv);

/* Applies all that sets something; what is wrong is added to `*errors`, named by its option. */
void arguments_apply(const struct arguments *arguments, struct config *config,
                     struct config_errors *errors);

/* Logs what whoever wrote the command line may not expect. */
void arguments_log(const struct arguments *arguments);

/* Adds what `--help` prints. */
void arguments_help(struct text *text);

#endif
