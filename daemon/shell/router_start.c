#include "router_start.h"

#include <unistd.h>

#include "function_rules.h"
#include "log.h"
#include "process.h"
#include "server.h"
#include "text.h"

/* Whatever handles begin with, the router has room for it. */
_Static_assert((int)CONFIG_PREFIX_MAX <= (int)ROUTER_PREFIX_MAX, "handle_prefix");
_Static_assert(CONFIG_NODE_MAX + 2 <= ROUTER_PREFIX_MAX, "H: and node");

/* What gearmand calls our levels. */
static const char *const verbosity[] = {
    [LOG_LEVEL_ERROR] = "ERROR", [LOG_LEVEL_WARNING] = "WARNING", [LOG_LEVEL_NOTICE] = "NOTICE",
    [LOG_LEVEL_INFO] = "INFO",   [LOG_LEVEL_DEBUG] = "DEBUG",
};

static void handle_prefix(char *into, size_t room, const struct config_server *config)
{
    struct text text = text_in(into, room);

    if (config->handle_prefix[0] != '\0')
        text_put(&text, "%s", config->handle_prefix);
    else
        text_put(&text, "H:%s", config->node);
}

/* All but the beginning of handles and the seed. */
static struct router_setup setup_of(const struct server *server, const struct config *config,
                                    const struct access *access)
{
    static struct router_function_row rows[CONFIG_FUNCTIONS_MAX];

    return (struct router_setup){
        .limits = budget_limits(&config->limits),
        .pools = {.tasks = server->pools.of[POOL_TASKS],
                  .wire = server->pools.of[POOL_WIRE],
                  .workers = server->pools.of[POOL_WORKERS],
                  .runtime = server->pools.of[POOL_RUNTIME]},
        .every_function = function_rule(&config->every_function),
        .functions = rows,
        .function_count = function_rows(rows, config),
        .patterns = access->patterns,
        .pattern_count = access->pattern_count,
        .gauges = server->gauges.list,
        .gauge_count = GAUGES,
        .version = server_version(),
        .verbosity = verbosity[config->server.log_level],
        .pid = (long)getpid(),
        .worker_wakeup = config->server.worker_wakeup,
        .round_robin = config->server.round_robin,
        .exceptions = config->server.exceptions,
    };
}

bool router_go_by(const struct server *server, const struct config *config,
                  const struct access *access)
{
    struct router_setup setup = setup_of(server, config, access);

    return router_change(server->router, &setup);
}

int router_start(struct server *server, const struct config *config)
{
    char prefix[ROUTER_PREFIX_MAX + 1];
    struct router_setup setup = setup_of(server, config, server->access);
    int err = process_seed(setup.seed, sizeof setup.seed);
    enum router_status status;

    if (err < 0)
        return err;
    handle_prefix(prefix, sizeof prefix, &config->server);
    setup.handle_prefix = prefix;
    status = router_init(&server->router, &setup);
    if (status == ROUTER_OK)
        return 0;
    log_event(LOG_POOL_TOO_SMALL, "%s; run pmadd --check-config", router_status_text(status));
    return UV_ENOMEM;
}
