#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

enum effect {
    HEADING, /* no option: a title in the help */
    ENDS,    /* another mode than serving */
    READS,   /* names the config file */
    ASSIGNS, /* section.key=value */
    SETS,    /* one key */
    LISTENS, /* an address without a port */
    PORT,    /* of all of these */
    NOTED,   /* gearmand's, without a meaning here */
    REFUSED  /* gearmand's, and what pmadd does not do */
};

/* A word of gearmand's and ours for it. */
struct translation {
    const char *from, *to;
};

struct argument_row {
    const char *name;     /* NULL: a title in the help */
    const char *argument; /* what the help calls it; NULL: it takes none */
    const char *text;     /* what it does; NOTED, REFUSED: why it does not */
    const char *section, *key;
    const char *value; /* SETS: to this, where it takes none; REFUSED: but for this one */
    const struct translation *translations; /* of the value; what is not there stays as it is */
    enum effect effect;
    enum arguments_mode mode;
    char letter; /* 0: none */
};

static const struct translation verbosity[] = {
    {"FATAL", "error"}, {"ALERT", "error"},     {"CRITICAL", "error"},
    {"ERROR", "error"}, {"WARNING", "warning"}, {"NOTICE", "notice"},
    {"INFO", "info"},   {"DEBUG", "debug"},     {NULL, NULL}};

static const struct translation retries[] = {{"0", "unlimited"}, {NULL, NULL}};

#define OPTION(name_, letter_, argument_, text_, ...)                                   \
    {                                                                                   \
        .name = (name_), .letter = (letter_), .argument = (argument_), .text = (text_), \
        __VA_ARGS__                                                                     \
    }
#define KEY(section_, key_)           .effect = SETS, .section = (section_), .key = (key_)
#define ENDING(mode_)                 .effect = ENDS, .mode = (mode_)
#define TITLE(words)                  OPTION(NULL, 0, NULL, words, .effect = HEADING)
#define NOTE(name, letter, arg, text) OPTION(name, letter, arg, text, .effect = NOTED)
#define DENY(name, letter, arg, text) OPTION(name, letter, arg, text, .effect = REFUSED)

#define AS_MADE        "sockets are kept as the system makes them"
#define NO_HTTP        "no HTTP is spoken; leave it out, Gearman is always served"
#define NO_TLS         "no TLS is spoken; put a proxy that does in front, stunnel for instance"
#define KEPT_IN_MEMORY "tasks are kept in memory only; leave it out"

static const struct argument_row rows[] = {
    OPTION("config", 'c', "FILE",
           "read FILE; without it " ARGUMENTS_DEFAULT_FILE ", if there is one", .effect = READS),
    OPTION("socket", 's', "PATH", "listen at PATH, a Unix socket", KEY("server", "socket")),
    OPTION("set", 'S', "SECTION.KEY=VALUE", "change one setting; repeatable", .effect = ASSIGNS),
    OPTION("check-config", 'C', NULL, "print what the config comes to in memory, and end",
           ENDING(MODE_CHECK)),
    OPTION("print-config", 0, NULL, "print the whole config as it would be used, and end",
           ENDING(MODE_PRINT)),
    OPTION("version", 'V', NULL, "print the version, and end", ENDING(MODE_VERSION)),
    OPTION("help", 'h', NULL, "print this, and end", ENDING(MODE_HELP)),

    TITLE("As gearmand has them"),
    OPTION("port", 'p', "PORT",
           "listen at this TCP port, of every --listen or else of the loopback", .effect = PORT),
    OPTION("listen", 'L', "ADDRESS", "listen at this TCP address, port 4730 or --port; repeatable",
           .effect = LISTENS),
    OPTION("backlog", 'b', "N", "connections that may wait at each listener",
           KEY("server", "backlog")),
    OPTION("user", 'u', "NAME", "become this user once all is open", KEY("server", "user")),
    OPTION("pid-file", 'P', "FILE", "write the process id to FILE", KEY("server", "pid_file")),
    OPTION("log-file", 'l', "FILE", "append the log to FILE; or: stderr, none",
           KEY("server", "log_file")),
    OPTION("verbose", 0, "LEVEL",
           "what to log: FATAL, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG",
           KEY("server", "log_level"), .translations = verbosity),
    OPTION("job-retries", 'j', "N", "workers a task may cost; 0: any number",
           KEY("function *", "retries"), .translations = retries),
    OPTION("round-robin", 'R', NULL, "a worker's functions take turns",
           KEY("server", "round_robin"), .value = "yes"),
    OPTION("worker-wakeup", 'w', "N", "workers woken for each task; 0: all",
           KEY("server", "worker_wakeup")),
    OPTION("job-handle-prefix", 0, "PREFIX", "what job handles begin with",
           KEY("server", "handle_prefix")),
    OPTION("exceptions", 0, NULL, "every client gets exceptions, without asking",
           KEY("server", "exceptions"), .value = "yes"),

    TITLE("Of gearmand; accepted, noted in the log, and without a meaning here"),
    NOTE("threads", 't', "N", "one thread routes"),
    NOTE("hashtable-buckets", 0, "N", "tables have the size that [limits] gives them"),
    NOTE("keepalive", 0, NULL, AS_MADE),
    NOTE("keepalive-idle", 0, "N", AS_MADE),
    NOTE("keepalive-interval", 0, "N", AS_MADE),
    NOTE("keepalive-count", 0, "N", AS_MADE),
    NOTE("file-descriptors", 'f', "N", "there are as many as [limits] connections takes"),
    NOTE("coredump", 0, NULL, "whoever starts pmadd decides: ulimit -c, LimitCORE="),
    NOTE("syslog", 0, NULL, "the log is stderr, for a service manager, or --log-file"),

    TITLE("Of gearmand, and refused"),
    DENY("daemon", 'd', NULL,
         "pmadd stays in the foreground; use a service manager, or & in a shell"),
    DENY("config-file", 0, "FILE",
         "that file has another form; give its options here, or use --config"),
    DENY("protocol", 'r', "NAME", NO_HTTP),
    DENY("http-port", 0, "PORT", NO_HTTP),
    DENY("ssl", 0, NULL, NO_TLS),
    DENY("ssl-ca-file", 0, "FILE", NO_TLS),
    DENY("ssl-certificate", 0, "FILE", NO_TLS),
    DENY("ssl-key", 0, "FILE", NO_TLS),
    OPTION("queue-type", 'q', "TYPE", "tasks are kept in memory only; leave it out, or say builtin",
           .effect = REFUSED, .value = "builtin"),
    DENY("store-queue-on-shutdown", 0, NULL,
         "background tasks outlive a planned restart in [server] spool = DIRECTORY"),
    DENY("libsqlite3-db", 0, "FILE", KEPT_IN_MEMORY),
    DENY("libsqlite3-table", 0, "NAME", KEPT_IN_MEMORY),
    DENY("libmemcached-servers", 0, "LIST", KEPT_IN_MEMORY),
    DENY("libmemcached-prefix", 0, "TEXT", KEPT_IN_MEMORY),
    DENY("libpq-conninfo", 0, "TEXT", KEPT_IN_MEMORY),
    DENY("libpq-table", 0, "NAME", KEPT_IN_MEMORY),
    DENY("redis-server", 0, "HOST", KEPT_IN_MEMORY),
    DENY("redis-port", 0, "PORT", KEPT_IN_MEMORY),
    DENY("redis-password", 0, "TEXT", KEPT_IN_MEMORY),
    DENY("redis-prefix", 0, "TEXT", KEPT_IN_MEMORY),
    DENY("mysql-host", 0, "HOST", KEPT_IN_MEMORY),
    DENY("mysql-port", 0, "PORT", KEPT_IN_MEMORY),
    DENY("mysql-user", 0, "NAME", KEPT_IN_MEMORY),
    DENY("mysql-password", 0, "TEXT", KEPT_IN_MEMORY),
    DENY("mysql-db", 0, "NAME", KEPT_IN_MEMORY),
    DENY("mysql-table", 0, "NAME", KEPT_IN_MEMORY),
};

enum {
    ROWS = sizeof rows / sizeof rows[0],
    FIRST_LONG = 256, /* what getopt_long() returns for the first row; letters are below */
    ADDRESS_MAX = 512
};

static const char default_port[] = "4730";

/* ---- parsing ---- */

static bool refuse(const char *name, const char *why)
{
    (void)fprintf(stderr, "pmadd: %s%s: %s\n", name[0] == '-' ? "" : "--", name, why);
    return false;
}

/* The table as getopt_long(3) wants it. */
static void describe(struct option *longs, char *shorts)
{
    for (size_t i = 0; i < ROWS; i++) {
        int takes = rows[i].argument != NULL ? required_argument : no_argument;

        if (rows[i].effect == HEADING)
            continue;
        *longs++ = (struct option){rows[i].name, takes, NULL, FIRST_LONG + (int)i};
        if (rows[i].letter == 0)
            continue;
        *shorts++ = rows[i].letter;
        if (takes == required_argument)
            *shorts++ = ':';
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
}

/* The row of what getopt_long() returned; NULL for what it complained about. */
static const struct argument_row *row_of(int option)
{
    if (option >= FIRST_LONG)
        return &rows[option - FIRST_LONG];
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].letter == option)
            return &rows[i];
    }
    return NULL;
}

/* An address of gearmand's has no port; what looks like one with a port has one colon. */
static bool has_port(const char *address)
{
    const char *colon = strchr(address, ':');

    return *address == '[' ? strstr(address, "]:") != NULL
                           : colon != NULL && strchr(colon + 1, ':') == NULL;
}

static bool take(struct arguments *arguments, const struct argument_row *row, const char *value)
{
    switch (row->effect) {
    case ENDS:
        arguments->mode = row->mode;
        return true;
    case READS:
        arguments->file = value;
        return true;
    case REFUSED:
        return (row->value != NULL && strcmp(value, row->value) == 0) ||
               refuse(row->name, row->text);
    case LISTENS:
        if (has_port(value))
            return refuse(row->name, "takes an address; its port is --port's to say");
        break;
    case HEADING:
    case ASSIGNS:
    case SETS:
    case PORT:
    case NOTED:
        break;
    }
    if (arguments->count == ARGUMENTS_MAX)
        return refuse(row->name, "too many options; write a file");
    arguments->given[arguments->count++] = (struct argument){row, value};
    return true;
}

bool arguments_parse(struct arguments *arguments, int argc, char **argv)
{
    static struct option longs[ROWS + 1];
    static char shorts[2 * ROWS + 1];
    bool good = true;
    int option;

    describe(longs, shorts);
    *arguments = (struct arguments){.mode = MODE_SERVE};
    while ((option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct argument_row *row = row_of(option);

        good = row != NULL && take(arguments, row, optarg) && good;
        if (good && arguments->mode >= MODE_VERSION)
            return true;
    }
    if (optind < argc)
        good = refuse(argv[optind], "no such argument");
    if (!good)
        (void)fprintf(stderr, "Try `pmadd --help`.\n");
    return good;
}

/* ---- the config ---- */

static const char *translate(const struct argument_row *row, const char *value)
{
    for (const struct translation *word = row->translations; word && word->from; word++) {
        if (strcmp(value, word->from) == 0)
            return word->to;
    }
    return value;
}

static void set_key(const struct argument_row *row, const char *value, struct config *config,
                    struct config_errors *errors)
{
    char bytes[64];
    struct text name = text_in(bytes, sizeof bytes);

    text_put(&name, "--%s", row->name);
    (void)config_set_key(config, row->section, row->key, value, bytes, errors);
}

/* The last port that was given; NULL when none was. */
static const char *port_of(const struct arguments *arguments)
{
    const char *port = NULL;

    for (size_t i = 0; i < arguments->count; i++) {
        if (arguments->given[i].row->effect == PORT)
            port = arguments->given[i].value;
    }
    return port;
}

static bool has_listen(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (arguments->given[i].row->effect == LISTENS)
            return true;
    }
    return false;
}

/* `address` and `port` as one key of the config; an IPv6 address gets its brackets. */
static void add_listener(const char *option, const char *address, const char *port,
                         struct config *config, struct config_errors *errors)
{
    bool is_bare_ip6 = strchr(address, ':') != NULL && *address != '[';
    char bytes[ADDRESS_MAX];
    struct text text = text_in(bytes, sizeof bytes);

    text_put(&text, is_bare_ip6 ? "[%s]:%s" : "%s:%s", address, port);
    (void)config_set_key(config, "server", "listen", bytes, option, errors);
}

/* Addresses and ports are given apart, and only together a listener. Whoever asks for TCP like this
 * has not asked for a Unix socket: where the default one cannot be had, TCP will do. */
static void apply_listeners(const struct arguments *arguments, struct config *config,
                            struct config_errors *errors)
{
    const char *port = port_of(arguments);

    if (port == NULL && !has_listen(arguments))
        return;
    config->server.socket_is_optional = !config_is_given(config, "server", "socket");
    if (!has_listen(arguments)) {
        add_listener("--port", "localhost", port, config, errors);
        return;
    }
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *given = &arguments->given[i];

        if (given->row->effect == LISTENS)
            add_listener("--listen", given->value, port != NULL ? port : default_port, config,
                         errors);
    }
}

void arguments_apply(const struct arguments *arguments, struct config *config,
                     struct config_errors *errors)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *given = &arguments->given[i];
        const struct argument_row *row = given->row;

        if (row->effect == ASSIGNS)
            (void)config_set(config, given->value, errors);
        if (row->effect == SETS)
            set_key(row, row->value != NULL ? row->value : translate(row, given->value), config,
                    errors);
    }
    apply_listeners(arguments, config, errors);
}

/* ---- words ---- */

void arguments_log(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument_row *row = arguments->given[i].row;

        if (row->effect == NOTED)
            log_event(LOG_OPTION_IGNORED, "--%s has no meaning here: %s", row->name, row->text);
    }
    if (port_of(arguments) != NULL && !has_listen(arguments))
        log_event(LOG_OPTION_IGNORED, "--port without --listen: only this machine can connect; "
                                      "--listen=0.0.0.0 lets all others in, another address some");
}

/* Of rows that follow each other and say the same, the last one says it. */
static void put_row(const struct argument_row *row, struct text *text)
{
    bool is_shared = row + 1 < rows + ROWS && strcmp(row[1].text, row->text) == 0;
    char bytes[64];
    struct text option = text_in(bytes, sizeof bytes);

    if (row->letter != 0)
        text_put(&option, "-%c, ", row->letter);
    else
        text_put(&option, "    ");
    text_put(&option, "--%s%s%s", row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
    if (is_shared)
        text_put(text, "  %s\n", bytes);
    else
        text_put(text, "  %-30s  %s\n", bytes, row->text);
}

void arguments_help(struct text *text)
{
    text_put(text, "Usage: pmadd [OPTION]...\n"
                   "Routes tasks from clients to workers, in memory that is decided before it "
                   "starts.\n\n");
    for (const struct argument_row *row = rows; row < rows + ROWS; row++) {
        if (row->effect == HEADING)
            text_put(text, "\n%s:\n", row->text);
        else
            put_row(row, text);
    }
    text_put(text, "\n"
                   "Exit statuses:\n"
                   "  0  it ended as it was asked to, or printed what was asked for\n"
                   "  1  it could not start, or found a pool damaged at the end; stderr says what\n"
                   "  2  the command line or the config is wrong, and stderr says where\n"
                   "\n"
                   "Manual: pmadd(8), pmadd.conf(5), pmadctl(1).\n");
}
