#ifndef CONFIG_H
#define CONFIG_H

/*
 * The configuration: an INI file, or nothing, becomes one plain `struct config` in which every value
 * has been checked. What is absent has its documented default, so an empty file is a valid config.
 * Keys, units and defaults: pmadd.conf(5), config/pmadd.conf; both are checked against the one table
 * in keys.c.
 *
 * Everything here runs before the daemon is ready. No allocation of ours: errors are collected in a
 * buffer of the caller's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "incPMAD.h"

enum {
    CONFIG_PATH_MAX = 108,  /* bytes of a socket path with its NUL: sizeof sun_path, unix(7) */
    CONFIG_NAME_MAX = 64,   /* bytes of a user, group or node name with its NUL */
    CONFIG_NODE_MAX = 40,   /* bytes of the node name in handles, without NUL */
    CONFIG_PREFIX_MAX = 42, /* bytes of the beginning of handles, without NUL */
    CONFIG_FILE_MAX =
        181, /* bytes of a file's path with its NUL: what a line of the config holds */
    CONFIG_LISTEN_MAX = 8,     /* TCP addresses to listen on */
    CONFIG_ADDRESS_MAX = 262,  /* bytes of HOST:PORT with its NUL */
    CONFIG_FUNCTIONS_MAX = 64, /* sections [function LABEL] beside [function *] */
    CONFIG_GRANTS_MAX = 64,    /* users, groups and `tcp` behind one key of [access] */
    CONFIG_PATTERNS_MAX = 64,  /* different patterns in [access] */
    CONFIG_PATTERN_MAX = 128, /* bytes that a pattern of function names stands for, wild ones too */
    CONFIG_PATTERN_TEXT = 161 /* bytes of a pattern as text with its NUL: what a line holds */
};

/* The pools of the daemon, in the order in which they are listed everywhere. */
enum config_pool_id { POOL_TASKS, POOL_WIRE, POOL_WORKERS, POOL_RUNTIME, CONFIG_POOLS };

/* "tasks", "wire", "workers", "runtime" */
extern const char *const config_pool_names[CONFIG_POOLS];

/* The levels of syslog(3), so that `<N>` prefixes are their numbers. */
enum config_log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

struct config_server {
    char socket[CONFIG_PATH_MAX];
    bool socket_is_optional; /* no key: whoever starts the server says that TCP will do */
    unsigned socket_mode;    /* permission bits */
    char socket_group[CONFIG_NAME_MAX]; /* empty: left as it is */
    size_t listen_count;
    char listen[CONFIG_LISTEN_MAX][CONFIG_ADDRESS_MAX]; /* HOST:PORT, [IPV6]:PORT */
    size_t backlog;                 /* connections that may wait to be accepted, at each listener */
    char user[CONFIG_NAME_MAX];     /* to become once all is open; empty: nobody else */
    char pid_file[CONFIG_FILE_MAX]; /* empty: none */
    char log_file[CONFIG_FILE_MAX]; /* or `stderr`, or `none`; empty: stderr */
    enum config_log_level log_level;
    char node[CONFIG_NAME_MAX]; /* printable, without blanks and colons; never empty */
    char handle_prefix[CONFIG_PREFIX_MAX + 1]; /* empty: `H:` and the node */
    bool round_robin;                          /* a worker's functions take turns */
    size_t worker_wakeup;                      /* sleepers woken for a task; 0: all */
    bool exceptions;                           /* for every client, without asking */
    uint64_t shutdown_grace_us;
    char spool[CONFIG_FILE_MAX]; /* a directory; empty: none */
    uint64_t busy_poll_us;       /* how long the loop looks for news before it sleeps */
};

struct config_limits {
    size_t connections;                /* peers at once */
    size_t connections_reserved;       /* of them, kept for those who may work or administer */
    size_t connections_per_user;       /* of one user of the Unix socket; 0: no limit of its own */
    size_t tasks;                      /* tasks at once, in whatever state */
    size_t functions;                  /* known by name at once */
    size_t function_name_max;          /* bytes */
    size_t payload_max;                /* bytes in the body of a submission or result */
    size_t text_line_max;              /* bytes in an administrative line, LF included */
    size_t submissions_per_connection; /* unfinished foreground ones */
    size_t waiters_per_task;           /* foreground submissions that have joined one task */
    size_t registrations_per_worker;   /* functions one connection can do */
    size_t outbox_max;                 /* bytes waiting for one peer */
    uint64_t slow_peer_grace_us;       /* how long it may wait above outbox_max */
    uint64_t frame_timeout_us;         /* for the rest of a frame to come */
    uint64_t idle_timeout_us;          /* for a peer's first message to come */
};

struct config_pool {
    bool declared; /* the file has its section; otherwise `layout` is the default of pools tasks and
                      wire, and empty for workers and runtime, which the daemon computes */
    struct pmad_layout layout;
};

/* What holds for a function: [function *] for every one, [function LABEL] for those it matches. */
struct config_function {
    char label[CONFIG_NAME_MAX];     /* of the section; `*` for every function */
    char match[CONFIG_PATTERN_TEXT]; /* a pattern, see config_pattern_read(); never empty */
    uint64_t timeout_us;             /* how long a worker may have a task; 0: for ever */
    size_t retries;                  /* workers a task may cost; 0: any number */
    bool retry_on_fail;              /* WORK_FAIL counts as a lost worker */
    size_t max_queue;      /* tasks at once, running ones included; 0: no limit of its own */
    size_t max_bytes;      /* bytes of their bodies; 0: no limit of its own */
    size_t reserve;        /* tasks it has room for whatever others do */
    size_t reserve_size;   /* bytes of the body of each */
    uint64_t warn_wait_us; /* how long its tasks wait for any worker unsaid; 0: for ever */
};

/* What may be allowed, in the order of the keys of [access]. */
enum config_right { CONFIG_SUBMIT, CONFIG_WORK, CONFIG_OBSERVE, CONFIG_ADMIN, CONFIG_RIGHTS };

/* Somebody in a list of [access]: `alice`, `@group`, `tcp`, each with `:PATTERN` or without. */
enum config_who { CONFIG_USER, CONFIG_GROUP, CONFIG_TCP };

struct config_grant {
    enum config_who who;
    char name[CONFIG_NAME_MAX];          /* of the user or group; empty for tcp */
    char functions[CONFIG_PATTERN_TEXT]; /* a pattern; empty: every function */
};

/* Who may do what. A list that was not given is empty: then the default holds, see pmadd.conf(5). */
struct config_access {
    size_t counts[CONFIG_RIGHTS];
    struct config_grant grants[CONFIG_RIGHTS][CONFIG_GRANTS_MAX];
};

/* Which sections and keys have been given, and where: 0 for what was not, the line of a file, or
 * CONFIG_NO_LINE. A key is found by the place of its section and its own in that kind of section. */
enum { CONFIG_SECTIONS = 4 + CONFIG_POOLS + CONFIG_FUNCTIONS_MAX, CONFIG_KEYS_MAX = 24 };

#define CONFIG_NO_LINE UINT32_MAX

struct config_given {
    uint32_t sections[CONFIG_SECTIONS];
    uint32_t keys[CONFIG_SECTIONS][CONFIG_KEYS_MAX];
};

struct config {
    struct config_server server;
    struct config_limits limits;
    struct config_function every_function;
    size_t function_count;
    struct config_function functions[CONFIG_FUNCTIONS_MAX]; /* in the order of the file */
    struct config_access access;
    struct config_pool pools[CONFIG_POOLS];
    /* The rest is nobody else's business. */
    struct config_given given; /* by anybody */
    struct config_given set;   /* by the command line */
    const char *file;          /* that the lines in `given` are of */
};

/*
 * What was wrong, in words: one line each, `file:line: [section] key: what is wrong, what is
 * allowed`. Lines beyond the room are counted and left out. Starts as zeros; calls only add.
 */
struct config_errors {
    size_t count;     /* all of them */
    size_t used;      /* bytes in text */
    char text[16384]; /* NUL-terminated; every line ends with LF */
};

/* Fills `*config` with the defaults: those of an empty file. The node is the host's name. The socket
 * is $RUNTIME_DIRECTORY/pmadd.sock for a service, /run/pmadd/pmadd.sock for root,
 * $XDG_RUNTIME_DIR/pmadd.sock for anyone else who has that, or /tmp/pmadd-UID.sock. */
void config_default(struct config *config);

/*
 * Reads `file` on top of what `*config` holds. Returns true if nothing was wrong; otherwise every
 * error of the file is in `*errors` and `*config` is not to be used. A file that cannot be read is
 * one error that names the reason. Repeating a key is an error, but for lists: `listen`, `class` and
 * the keys of [access]; so is repeating the section of a single function. The name `file` is kept
 * until config_finish() has named the places of what it finds: lines of the last file that was read.
 */
bool config_read_file(struct config *config, const char *file, struct config_errors *errors);

/* The same for text in memory, NUL-terminated; `name` stands for the file in errors. */
bool config_read_text(struct config *config, const char *name, const char *text,
                      struct config_errors *errors);

/*
 * Applies one `section.key=value` of the command line (`pool tasks.size=8M`: the section is all
 * before the last dot ahead of the first `=`; that of a function is made if there is none, behind the
 * others). Of a list the first one given replaces what was there; later ones add. Of other keys the
 * last one counts. Errors are named `--set section.key=value: ...`.
 */
bool config_set(struct config *config, const char *assignment, struct config_errors *errors);

/* The same for an option that stands for a key: errors are named `name: ...`. */
bool config_set_key(struct config *config, const char *section, const char *key, const char *value,
                    const char *name, struct config_errors *errors);

/* True if a file or the command line gave that key of that section. */
bool config_is_given(const struct config *config, const char *section, const char *key);

/*
 * Settles what depends on other keys (a function has from [function *] what its section does not give;
 * the defaults of connections_reserved and reserve_size are never above what the limits allow), then
 * judges what only the whole can tell: limits against each other, and, where `*errors` is empty so far,
 * functions against limits and each other, the patterns of [access], the layouts of declared and
 * default pools (pmad_layout_fit()). Call once, after files and assignments, whatever they met.
 * Returns true if it found nothing more.
 */
bool config_finish(struct config *config, struct config_errors *errors);

/*
 * Writes the whole config as an INI text that reads back as the same config, at most `room` bytes
 * with its NUL; CONFIG_PRINT_MAX are enough for any. Returns the bytes of the whole text without NUL,
 * as snprintf(3) does. Pools without a layout are left out; the others are declared pools to whoever
 * reads the text.
 */
enum { CONFIG_PRINT_MAX = 131072 };

size_t config_print(const struct config *config, char *text, size_t room);

/* Names of keys, `[section] key` with a comma between; those beyond the room are counted and left out. */
struct config_names {
    size_t count; /* all of them */
    size_t used;  /* bytes in text */
    char text[400];
};

/*
 * Names the keys in which `new` differs from `old`, both finished, and which a running daemon cannot
 * change: all of [server] but log_level and shutdown_grace, all pools, the limits that tables are made
 * for, `reserve` and `reserve_size` of functions. False: there are none.
 */
bool config_needs_restart(const struct config *old, const struct config *new,
                          struct config_names *names);

/*
 * A pattern of function names, as text and taken apart. In the text `*` stands for any bytes, `?` for
 * any one, and a backslash begins an escape of C (`\n`, `\t`, `\\`, `\x2c`) or takes the meaning
 * from `*`, `?`, `:` and `,`.
 */
enum { CONFIG_ANY_BYTE = 256, CONFIG_ANY_BYTES = 257 };

struct config_pattern {
    size_t size;
    uint16_t items[CONFIG_PATTERN_MAX]; /* a byte, CONFIG_ANY_BYTE or CONFIG_ANY_BYTES */
};

/* False if the text is no pattern: empty, too long, an escape that is none, a NUL. */
bool config_pattern_read(struct config_pattern *pattern, const char *text);

/* True if nothing in it is wild: it is the name of one function. */
bool config_pattern_is_name(const struct config_pattern *pattern);

/*
 * Every key there is, as data: for `pmadd --help`, the manual page and the tests that compare them.
 * The list ends with a NULL section.
 */
struct config_rule;

struct config_key_info {
    const char *section; /* "server", "limits", "pool *", "function *", "access" */
    const char *key;
    const char *default_text;       /* as it would be written; NULL: none, or one for each pool */
    const char *meaning;            /* one phrase */
    const struct config_rule *rule; /* how its value is read and written: config's own business */
};

const struct config_key_info *config_keys(void);

/* Formats bytes as `64M`, `1K`, `100` (exact, the largest unit that divides), and microseconds as
 * `30s`, `250ms`, `0`; returns `into`, which has room for at least 24 bytes. */
char *config_format_size(char *into, uint64_t bytes);
char *config_format_duration(char *into, uint64_t us);

#endif
