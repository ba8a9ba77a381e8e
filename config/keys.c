#include "keys.h"

#include <string.h>

#include "pmad_must.h"

#define KIB             ((uint64_t)1024)
#define MIB             (1024 * KIB)
#define GIB             (1024 * MIB)
#define TIB             (1024 * GIB)
#define ONE_MS          ((uint64_t)1000)
#define HOURS(n)        ((n) * (uint64_t)3600 * 1000 * ONE_MS)
#define TASKS_MAX       16777216
#define CONNECTIONS_MAX 100000

_Static_assert(SIZE_MAX >= TIB, "a pool may be that large");

#define SERVER(member) offsetof(struct config_server, member)
#define LIMIT(member)  offsetof(struct config_limits, member)
#define EACH(member)   offsetof(struct config_function, member)
#define LAYOUT(member) offsetof(struct pmad_layout, member)
#define RULE(...)      (&(const struct config_rule){__VA_ARGS__})

/* Kinds of values, each with what is said about it beside its kind. */
#define NUMBER(number, at, least, most, ...) \
    RULE(.kind = (number), .offset = (at), .min = (least), .max = (most), __VA_ARGS__)
#define COUNTED(at, least, most)         NUMBER(KIND_COUNT, at, least, most, .or_off = false)
#define SIZED(at, least, most)           NUMBER(KIND_SIZE, at, least, most, .or_off = false)
#define LASTING(at, least, most, off_is) NUMBER(KIND_DURATION, at, least, most, .or_off = (off_is))
#define WANTED(at)                       RULE(.kind = KIND_WANT, .offset = (at))
#define YES_OR_NO(at)                    RULE(.kind = KIND_YES, .offset = (at))
#define TEXT(text, at, most)             RULE(.kind = (text), .offset = (at), .max = (most))
#define WHO(what)                        RULE(.kind = KIND_WHO, .right = (what))

const char *const config_pool_names[CONFIG_POOLS] = {[POOL_TASKS] = "tasks",
                                                     [POOL_WIRE] = "wire",
                                                     [POOL_WORKERS] = "workers",
                                                     [POOL_RUNTIME] = "runtime"};

/* The one table of keys. Kinds of sections stand together, in the order in which they are printed. */
static const struct config_key_info keys[] = {
    {"server", "socket", "/run/pmadd/pmadd.sock", "path of the Unix socket",
     TEXT(KIND_PATH, SERVER(socket), CONFIG_PATH_MAX - 1)},
    {"server", "socket_mode", "0660", "permission bits of the socket, in octal",
     NUMBER(KIND_MODE, SERVER(socket_mode), 0, 0777, .or_off = false)},
    {"server", "socket_group", NULL, "group of the socket; left as it is when absent",
     TEXT(KIND_NAME, SERVER(socket_group), CONFIG_NAME_MAX - 1)},
    {"server", "listen", NULL, "HOST:PORT of TCP for Gearman clients; repeatable",
     RULE(.kind = KIND_LISTEN)},
    {"server", "backlog", "4096", "connections that may wait to be accepted, at each listener",
     COUNTED(SERVER(backlog), 1, 65535)},
    {"server", "user", NULL, "whom to become once all is open; nobody else when absent",
     TEXT(KIND_NAME, SERVER(user), CONFIG_NAME_MAX - 1)},
    {"server", "pid_file", NULL, "where the process id is written; nowhere when absent",
     TEXT(KIND_PATH, SERVER(pid_file), CONFIG_FILE_MAX - 1)},
    {"server", "log_file", NULL, "where the log goes: a path, stderr, none; stderr when absent",
     TEXT(KIND_PATH, SERVER(log_file), CONFIG_FILE_MAX - 1)},
    {"server", "log_level", "notice", "error, warning, notice, info or debug",
     RULE(.kind = KIND_LOG_LEVEL, .offset = SERVER(log_level))},
    {"server", "node", NULL, "the name in job handles; the host's name when absent",
     TEXT(KIND_NODE, SERVER(node), CONFIG_NODE_MAX)},
    {"server", "handle_prefix", NULL, "the beginning of job handles; H: and the node when absent",
     TEXT(KIND_PREFIX, SERVER(handle_prefix), CONFIG_PREFIX_MAX)},
    {"server", "round_robin", "no", "whether a worker's functions take turns",
     YES_OR_NO(SERVER(round_robin))},
    {"server", "worker_wakeup", "1", "sleeping workers woken for each task; 0: all",
     COUNTED(SERVER(worker_wakeup), 0, 1000)},
    {"server", "exceptions", "no", "whether every client gets exceptions, without asking",
     YES_OR_NO(SERVER(exceptions))},
    {"server", "shutdown_grace", "30s", "how long SIGTERM waits for unfinished tasks",
     LASTING(SERVER(shutdown_grace_us), 0, HOURS(24), false)},
    {"server", "busy_poll", "0", "how long to look for news before sleeping; 0: not at all",
     LASTING(SERVER(busy_poll_us), 1, HOURS(1) / 3600, true)},
    {"server", "spool", NULL,
     "directory where background tasks outlive a restart; none when absent",
     TEXT(KIND_PATH, SERVER(spool), CONFIG_FILE_MAX - 1)},

    {"limits", "connections", "1024", "peers at once",
     COUNTED(LIMIT(connections), 1, CONNECTIONS_MAX)},
    {"limits", "connections_reserved", "16", "of them, for who may work or administer",
     COUNTED(LIMIT(connections_reserved), 0, CONNECTIONS_MAX)},
    {"limits", "connections_per_user", "0", "peers of one user of the Unix socket; 0: no limit",
     COUNTED(LIMIT(connections_per_user), 0, CONNECTIONS_MAX)},
    {"limits", "tasks", "65536", "tasks at once, queued and running",
     COUNTED(LIMIT(tasks), 1, TASKS_MAX)},
    {"limits", "functions", "256", "functions known by name at once",
     COUNTED(LIMIT(functions), 1, 65536)},
    {"limits", "function_name_max", "128", "bytes in the name of a function",
     COUNTED(LIMIT(function_name_max), 1, 1024)},
    {"limits", "payload_max", "1M", "bytes in the body of a submission or result",
     SIZED(LIMIT(payload_max), 1, GIB)},
    {"limits", "text_line_max", "1K", "bytes in an administrative line",
     SIZED(LIMIT(text_line_max), 64, 64 * KIB)},
    {"limits", "submissions_per_connection", "4096", "unfinished foreground tasks of one peer",
     COUNTED(LIMIT(submissions_per_connection), 1, TASKS_MAX)},
    {"limits", "waiters_per_task", "1024", "clients that wait for one task",
     COUNTED(LIMIT(waiters_per_task), 1, 65535)},
    {"limits", "registrations_per_worker", "64", "functions one connection can do",
     COUNTED(LIMIT(registrations_per_worker), 1, 4096)},
    {"limits", "outbox_max", "1M", "bytes waiting for one peer before it counts as slow",
     SIZED(LIMIT(outbox_max), 4 * KIB, GIB)},
    {"limits", "slow_peer_grace", "5s", "how long a slow peer is kept",
     LASTING(LIMIT(slow_peer_grace_us), ONE_MS, HOURS(24), false)},
    {"limits", "frame_timeout", "30s", "how long the rest of a frame may take",
     LASTING(LIMIT(frame_timeout_us), ONE_MS, HOURS(24), true)},
    {"limits", "idle_timeout", "30s", "how long a new peer may say nothing",
     LASTING(LIMIT(idle_timeout_us), ONE_MS, HOURS(24), true)},

    {"pool *", "size", NULL, "bytes of the pool", SIZED(LAYOUT(pool_size), 4 * KIB, TIB)},
    {"pool *", "class", NULL, "BLOCK, SHARE: bytes of a block, percent of the pool; repeatable",
     NUMBER(KIND_CLASS, 0, PMAD_GRANULARITY, PMAD_BLOCK_MAX, .excludes = "profile")},
    {"pool *", "profile", NULL, "a reference layout in place of classes",
     RULE(.kind = KIND_PROFILE, .excludes = "class")},
    {"pool *", "prefault", "try", "every page is there before the start is over",
     WANTED(LAYOUT(prefault))},
    {"pool *", "lock", "off", "never paged out", WANTED(LAYOUT(lock))},
    {"pool *", "huge_pages", "try", "transparent huge pages", WANTED(LAYOUT(huge_pages))},
    {"pool *", "explicit_huge_pages", "off", "huge pages that the administrator has put aside",
     WANTED(LAYOUT(explicit_huge_pages))},

    {"function *", "match", NULL, "the names it is about; the label of the section when absent",
     RULE(.kind = KIND_PATTERN, .offset = EACH(match), .max = CONFIG_PATTERN_TEXT - 1,
          .single = true)},
    {"function *", "timeout", "0", "how long a worker may take; 0: for ever",
     LASTING(EACH(timeout_us), ONE_MS, HOURS(8760), true)},
    {"function *", "retries", "unlimited", "how many workers a task may cost",
     NUMBER(KIND_TRIES, EACH(retries), 1, 65535, .or_off = false)},
    {"function *", "retry_on_fail", "no", "whether WORK_FAIL counts as a lost worker",
     YES_OR_NO(EACH(retry_on_fail))},
    {"function *", "max_queue", "0", "tasks at once, running ones included; 0: no limit",
     COUNTED(EACH(max_queue), 0, TASKS_MAX)},
    {"function *", "max_bytes", "0", "bytes of their bodies; 0: no limit",
     SIZED(EACH(max_bytes), 0, TIB)},
    {"function *", "reserve", "0", "tasks it has room for whatever others do",
     NUMBER(KIND_COUNT, EACH(reserve), 0, TASKS_MAX, .single = true)},
    {"function *", "reserve_size", "4K", "bytes in the body of each of them",
     NUMBER(KIND_SIZE, EACH(reserve_size), 0, GIB, .single = true)},
    {"function *", "warn_wait", "10s", "a wait without any worker that is worth a warning; 0: none",
     LASTING(EACH(warn_wait_us), ONE_MS, HOURS(24), true)},

    {"access", "submit", NULL, "who may submit; all when absent", WHO(CONFIG_SUBMIT)},
    {"access", "work", NULL, "who may work; all when absent", WHO(CONFIG_WORK)},
    {"access", "observe", NULL, "who may read listings; all when absent", WHO(CONFIG_OBSERVE)},
    {"access", "admin", NULL, "who may change the queues; no others when absent",
     WHO(CONFIG_ADMIN)},

    {NULL, NULL, NULL, NULL, NULL}};

_Static_assert(KEY_SECTION_FUNCTIONS + CONFIG_FUNCTIONS_MAX == CONFIG_SECTIONS,
               "config_given has a place for each section");

const struct config_key_info *config_keys(void)
{
    return keys;
}

/* ---- sections ---- */

/* What follows the kind in a name like `pool tasks`; NULL if that is not its kind. */
static const char *behind(const char *kind, const char *name)
{
    size_t size = strlen(kind);

    return strncmp(name, kind, size) == 0 ? name + size : NULL;
}

const char *key_section_label(const char *name)
{
    return strcmp(name, "function *") == 0 ? NULL : behind("function ", name);
}

static bool find_function(const struct config *config, const char *label,
                          struct key_section *section)
{
    for (size_t i = 0; i < config->function_count; i++) {
        if (strcmp(label, config->functions[i].label) == 0) {
            *section = (struct key_section){"function *", offsetof(struct config, functions[i]),
                                            KEY_SECTION_FUNCTIONS + i};
            return true;
        }
    }
    return false;
}

static bool find_pool(const char *pool, struct key_section *section)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (strcmp(pool, config_pool_names[i]) == 0) {
            *section = (struct key_section){"pool *", offsetof(struct config, pools[i].layout),
                                            KEY_SECTION_POOLS + i};
            return true;
        }
    }
    return false;
}

bool key_section_find(const struct config *config, const char *name, struct key_section *section)
{
    static const struct key_section sections[] = {
        {"server", offsetof(struct config, server), KEY_SECTION_SERVER},
        {"limits", offsetof(struct config, limits), KEY_SECTION_LIMITS},
        {"function *", offsetof(struct config, every_function), KEY_SECTION_EVERY_FUNCTION},
        {"access", offsetof(struct config, access), KEY_SECTION_ACCESS},
    };
    const char *pool = behind("pool ", name), *label = key_section_label(name);

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strcmp(name, sections[i].kind) == 0) {
            *section = sections[i];
            return true;
        }
    }
    return pool ? find_pool(pool, section) : label && find_function(config, label, section);
}

/* ---- keys ---- */

const struct config_key_info *key_find(const char *section_kind, const char *key)
{
    for (const struct config_key_info *info = keys; info->section; info++) {
        if (strcmp(info->section, section_kind) == 0 && strcmp(info->key, key) == 0)
            return info;
    }
    return NULL;
}

size_t key_index(const struct config_key_info *key)
{
    const struct config_key_info *first = key;
    size_t index;

    while (first > keys && strcmp(first[-1].section, key->section) == 0)
        first--;
    index = (size_t)(key - first);
    MUST(index < CONFIG_KEYS_MAX);
    return index;
}

bool key_belongs(const struct config_key_info *key, const struct key_section *section)
{
    return strcmp(key->section, section->kind) == 0 &&
           !(section->index == KEY_SECTION_EVERY_FUNCTION && key->rule && key->rule->single);
}

bool key_is_list(const struct config_key_info *key)
{
    enum config_kind kind = key->rule->kind;

    return kind == KIND_LISTEN || kind == KIND_CLASS || kind == KIND_WHO;
}
