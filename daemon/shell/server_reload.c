#include "server_reload.h"

#include <string.h>

#include "conn.h"
#include "gate.h"
#include "log.h"
#include "notify.h"
#include "pmad_must.h"
#include "router_start.h"
#include "server.h"
#include "text.h"

void server_reload_init(struct reload *reload,
                        bool (*configure)(const void *source, struct config *config,
                                          struct config_errors *errors),
                        const void *source, const struct config *started)
{
    /* All of it is written to: pages that are first touched later would be memory that was not there. */
    *reload = (struct reload){.configure = configure, .source = source, .started = started};
}

/* ---- saying what became of it ---- */

static void log_lines(const char *lines)
{
    for (const char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        log_event(LOG_RELOAD_REFUSED, "%.*s", (int)(end - line), line);
}

/* The first of `lines`, and how many more there are; all of them in the log. */
static void refuse(struct text *answer, const char *lines, size_t count)
{
    int first = (int)strcspn(lines, "\n");

    log_lines(lines);
    log_event(LOG_RELOAD_REFUSED, "nothing was changed; errors=%zu", count);
    text_put(answer, "ERR INVALID_CONFIG %.*s", first, lines);
    if (count > 1)
        text_put(answer, " (and %zu more)", count - 1);
}

static void refuse_restart(struct text *answer, const struct config_names *names)
{
    log_event(LOG_RELOAD_REFUSED, "needs a restart: %s; nothing was changed", names->text);
    text_put(answer, "ERR NEEDS_RESTART %s", names->text);
}

/* ---- applying it ---- */

static size_t count_lines(const char *lines)
{
    size_t count = 0;

    for (; *lines != '\0'; lines++)
        count += *lines == '\n';
    return count;
}

/* What everybody who is connected may do now. */
static void allow_all(struct server *server)
{
    struct stranger stranger;
    struct access_rights rights;
    struct conn *conn;

    TAILQ_FOREACH (conn, &server->conns, in_all) {
        if (conn->state != CONN_OPEN)
            continue;
        stranger_remember(&stranger, conn->is_local, &conn->who);
        rights = gate_rights(server, &stranger, conn->fd);
        router_allow(&conn->peer, rights.whole, rights.some);
    }
}

static void apply(struct server *server, const struct config *config, const struct access *access)
{
    server->access = access;
    server->grace_us = config->server.shutdown_grace_us;
    server->gauges.value[GAUGE_LIMIT_PER_USER] = config->limits.connections_per_user;
    log_set_level(config->server.log_level);
    allow_all(server);
    log_event(LOG_RELOADED, "the config was applied");
}

/* Reads it and applies all of it, or says in `answer` why not. */
static void read_again(struct server *server, struct text *answer)
{
    struct reload *reload = server->reload;
    struct text unknown = text_in(reload->unknown, sizeof reload->unknown);
    struct access *access = &reload->access[server->access == &reload->access[0]];
    struct config_names names;

    reload->errors = (struct config_errors){.count = 0};
    if (!reload->configure(reload->source, &reload->config, &reload->errors)) {
        refuse(answer, reload->errors.text, reload->errors.count);
    } else if (!access_resolve(access, &reload->config.access, &unknown)) {
        refuse(answer, reload->unknown, count_lines(reload->unknown));
    } else if (config_needs_restart(reload->started, &reload->config, &names)) {
        refuse_restart(answer, &names);
    } else {
        MUST(router_go_by(server, &reload->config, access));
        apply(server, &reload->config, access);
        text_put(answer, "OK");
    }
}

bool server_reload_if_asked(struct server *server)
{
    char bytes[ROUTER_RELOAD_MAX + 1];
    struct text answer = text_in(bytes, sizeof bytes);
    struct peer *peer = router_reload_asked(server->router);

    if (peer == NULL && !server->reload_asked)
        return false;
    server->reload_asked = false;
    notify_reloading(server->now.mono_us);
    read_again(server, &answer);
    status_ready_again(&server->status, server->router);
    for (; peer != NULL; peer = router_reload_asked(server->router))
        router_reload_answer(peer, bytes);
    return true;
}
