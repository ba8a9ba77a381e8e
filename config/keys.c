#include "keys.h"

#include <string.h>

#define KIB       ((uint64_t)1024)
#define MIB       (1024 * KIB)
#define GIB       (1024 * MIB)
#define TIB       (1024 * GIB)
#define ONE_MS    ((uint64_t)1000)
#define HOURS(n)  ((n) * (uint64_t)3600 * 1000 * ONE_MS)
#define TASKS_MAX 16777216

_Static_assert(SIZE_MAX >= TIB, "a pool may be that large");

#define SERVER(member) offsetof(struct config_server, member)
#define LIMIT(member)  offsetof(struct config_limits, member)
#define EVERY(member)  offsetof(struct config_function, member)
#define ACCESS(member) offsetof(struct config_access, member)
#define LAYOUT(member) offsetof(struct pmad_layout, member)
#define RULE(...)      (&(const struct config_rule){__VA_ARGS__})

/* Kinds of values, each with what is said about it beside its kind. */
#define COUNTED(offset, min, max)         RULE(KIND_COUNT, offset, min, max, false, NULL)
#define SIZED(offset, min, max)           RULE(KIND_SIZE, offset, min, max, false, NULL)
#define LASTING(offset, min, max, or_off) RULE(KIND_DURATION, offset, min, max, or_off, NULL)
#define WANTED(offset)                    RULE(KIND_WANT, offset, 0, 0, false, NULL)
#define YES_OR_NO(offset)                 RULE(KIND_YES, offset, 0, 0, false, NULL)
#define TEXT(kind, offset, max)           RULE(kind, offset, 0, max, false, NULL)
#define WHO(offset)                       RULE(KIND_WHO, offset, 0, 0, false, NULL)

const char *const config_pool_names[CONFIG_POOLS] = {[POOL_TASKS] = "tasks",
                                                     [POOL_WIRE] = "wire",
                                                     [POOL_WORKERS] = "workers",
                                                     [POOL_RUNTIME] = "runtime"};

/* The one table of keys. Kinds of sections stand together, in the order in which they are printed. */
static const struct config_key_info keys[] = {
    {"server", "socket", "/run/pmadd/pmadd.sock", "path of the Unix socket", false,
     TEXT(KIND_PATH, SERVER(socket), CONFIG_PATH_MAX - 1)},
    {"server", "socket_mode", "0660", "permission bits of the socket, in octal", false,
     RULE(KIND_MODE, SERVER(socket_mode), 0, 0777, false, NULL)},
    {"server", "socket_group", NULL, "group of the socket; left as it is when absent", false,
     TEXT(KIND_NAME, SERVER(socket_group), CONFIG_NAME_MAX - 1)},
    {"server", "listen", NULL, "HOST:PORT of TCP for Gearman clients; repeatable", false,
     RULE(KIND_LISTEN, 0, 0, 0, false, NULL)},
    {"server", "backlog", "4096", "connections that may wait to be accepted, at each listener",
     false, COUNTED(SERVER(backlog), 1, 65535)},
    {"server", "user", NULL, "whom to become once all is open; nobody else when absent", false,
     TEXT(KIND_NAME, SERVER(user), CONFIG_NAME_MAX - 1)},
    {"server", "pid_file", NULL, "where the process id is written; nowhere when absent", false,
     TEXT(KIND_PATH, SERVER(pid_file), CONFIG_FILE_MAX - 1)},
    {"server", "log_file", NULL, "where the log goes: a path, stderr, none; stderr when absent",
     false, TEXT(KIND_PATH, SERVER(log_file), CONFIG_FILE_MAX - 1)},
    {"server", "log_level", "notice", "error, warning, notice, info or debug", false,
     RULE(KIND_LOG_LEVEL, SERVER(log_level), 0, 0, false, NULL)},
    {"server", "node", NULL, "the name in job handles; the host's name when absent", false,
     TEXT(KIND_NODE, SERVER(node), CONFIG_NODE_MAX)},
    {"server", "handle_prefix", NULL, "the beginning of job handles; H: and the node when absent",
     false, TEXT(KIND_PREFIX, SERVER(handle_prefix), CONFIG_PREFIX_MAX)},
    {"server", "round_robin", "no", "whether a worker's functions take turns", false,
     YES_OR_NO(SERVER(round_robin))},
    {"server", "worker_wakeup", "1", "sleeping workers woken for each task; 0: all", false,
     COUNTED(SERVER(worker_wakeup), 0, 1000)},
    {"server", "exceptions", "no", "whether every client gets exceptions, without asking", false,
     YES_OR_NO(SERVER(exceptions))},
    {"server", "shutdown_grace", "30s", "how long SIGTERM waits for unfinished tasks", false,
     LASTING(SERVER(shutdown_grace_us), 0, HOURS(24), false)},
    {"server", "busy_poll", "0", "how long to spin before sleeping", true, NULL},
    {"server", "spool", NULL, "where background tasks outlive a restart", true, NULL},

    {"limits", "connections", "1024", "peers at once", false,
     COUNTED(LIMIT(connections), 1, 100000)},
    {"limits", "connections_reserved", "16", "of them, for workers and administrators", true, NULL},
    {"limits", "connections_per_user", "0", "peers of one user at once", true, NULL},
    {"limits", "tasks", "65536", "tasks at once, queued and running", false,
     COUNTED(LIMIT(tasks), 1, TASKS_MAX)},
    {"limits", "functions", "256", "functions known by name at once", false,
     COUNTED(LIMIT(functions), 1, 65536)},
    {"limits", "function_name_max", "128", "bytes in the name of a function", false,
     COUNTED(LIMIT(function_name_max), 1, 1024)},
    {"limits", "payload_max", "1M", "bytes in the body of a submission or result", false,
     SIZED(LIMIT(payload_max), 1, GIB)},
    {"limits", "text_line_max", "1K", "bytes in an administrative line", false,
     SIZED(LIMIT(text_line_max), 64, 64 * KIB)},
    {"limits", "submissions_per_connection", "4096", "unfinished foreground tasks of one peer",
     false, COUNTED(LIMIT(submissions_per_connection), 1, TASKS_MAX)},
    {"limits", "waiters_per_task", "1024", "clients that wait for one task", false,
     COUNTED(LIMIT(waiters_per_task), 1, 65535)},
    {"limits", "registrations_per_worker", "64", "functions one connection can do", false,
     COUNTED(LIMIT(registrations_per_worker), 1, 4096)},
    {"limits", "outbox_max", "1M", "bytes waiting for one peer before it counts as slow", false,
     SIZED(LIMIT(outbox_max), 4 * KIB, GIB)},
    {"limits", "slow_peer_grace", "5s", "how long a slow peer is kept", false,
     LASTING(LIMIT(slow_peer_grace_us), ONE_MS, HOURS(24), false)},
    {"limits", "frame_timeout", "30s", "how long the rest of a frame may take", false,
     LASTING(LIMIT(frame_timeout_us), ONE_MS, HOURS(24), true)},
    {"limits", "idle_timeout", "30s", "how long a new peer may say nothing", false,
     LASTING(LIMIT(idle_timeout_us), ONE_MS, HOURS(24), true)},

    {"pool *", "size", NULL, "bytes of the pool", false, SIZED(LAYOUT(pool_size), 4 * KIB, TIB)},
    {"pool *", "class", NULL, "BLOCK, SHARE: bytes of a block, percent of the pool; repeatable",
     false, RULE(KIND_CLASS, 0, PMAD_GRANULARITY, PMAD_BLOCK_MAX, false, "profile")},
    {"pool *", "profile", NULL, "a reference layout in place of classes", false,
     RULE(KIND_PROFILE, 0, 0, 0, false, "class")},
    {"pool *", "prefault", "try", "every page is there before the start is over", false,
     WANTED(LAYOUT(prefault))},
    {"pool *", "lock", "off", "never paged out", false, WANTED(LAYOUT(lock))},
    {"pool *", "huge_pages", "try", "transparent huge pages", false, WANTED(LAYOUT(huge_pages))},
    {"pool *", "explicit_huge_pages", "off", "huge pages that the administrator has put aside",
     false, WANTED(LAYOUT(explicit_huge_pages))},

    {"function *", "timeout", "0", "how long a worker may take; 0: for ever", false,
     LASTING(EVERY(timeout_us), ONE_MS, HOURS(8760), true)},
    {"function *", "retries", "unlimited", "how many workers a task may cost", false,
     RULE(KIND_TRIES, EVERY(retries), 1, 65535, false, NULL)},
    {"function *", "max_queue", "0", "tasks at once, running ones included; 0: no limit", false,
     COUNTED(EVERY(max_queue), 0, TASKS_MAX)},
    {"function *", "retry_on_fail", "no", "whether WORK_FAIL counts as a lost worker", true, NULL},
    {"function *", "max_bytes", "0", "bytes of bodies at once", true, NULL},
    {"function *", "match", NULL, "which names it applies to", true, NULL},
    {"function *", "reserve", "0", "tasks it has room for whatever others do", true, NULL},
    {"function *", "reserve_size", NULL, "bytes of each of them", true, NULL},
    {"function *", "warn_wait", NULL, "a wait that is worth a warning", true, NULL},

    {"access", "submit", NULL, "who may submit beside the Unix socket: tcp", false,
     WHO(ACCESS(submit))},
    {"access", "work", NULL, "who may work beside the Unix socket: tcp", false, WHO(ACCESS(work))},
    {"access", "observe", NULL, "who may read listings beside the Unix socket: tcp", false,
     WHO(ACCESS(observe))},
    {"access", "admin", NULL, "who may change the queues beside the Unix socket: tcp", false,
     WHO(ACCESS(admin))},

    {NULL, NULL, NULL, NULL, false, NULL}};

_Static_assert(sizeof keys / sizeof keys[0] <= CONFIG_KEYS_MAX,
               "config_given has a place for each");
_Static_assert(KEY_SECTION_POOLS + CONFIG_POOLS == CONFIG_SECTIONS, "and for each section");

const struct config_key_info *config_keys(void)
{
    return keys;
}

static bool pool_section_find(struct config *config, const char *pool, struct key_section *section)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (strcmp(pool, config_pool_names[i]) == 0) {
            *section =
                (struct key_section){"pool *", &config->pools[i].layout, KEY_SECTION_POOLS + i};
            return true;
        }
    }
    return false;
}

bool key_section_find(struct config *config, const char *name, struct key_section *section)
{
    static const char pool[] = "pool ", function[] = "function ";
    const struct named {
        const char *name;
        struct key_section section;
    } sections[] = {
        {"server", {"server", &config->server, KEY_SECTION_SERVER}},
        {"limits", {"limits", &config->limits, KEY_SECTION_LIMITS}},
        {"function *", {"function *", &config->every_function, KEY_SECTION_FUNCTION}},
        {"access", {"access", &config->access, KEY_SECTION_ACCESS}},
    };

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strcmp(name, sections[i].name) == 0) {
            *section = sections[i].section;
            return true;
        }
    }
    if (strncmp(name, pool, sizeof pool - 1) == 0)
        return pool_section_find(config, name + sizeof pool - 1, section);
    *section = (struct key_section){"function *", NULL, KEY_SECTION_FUNCTION};
    return strncmp(name, function, sizeof function - 1) == 0;
}

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
    return (size_t)(key - keys);
}

bool key_is_list(const struct config_key_info *key)
{
    enum config_kind kind = key->rule->kind;

    return kind == KIND_LISTEN || kind == KIND_CLASS || kind == KIND_WHO;
}
