#include "server_listen.h"

#include <string.h>

#include "log.h"
#include "server.h"
#include "text.h"

void server_unlisten(struct server *server)
{
    while (server->listener_count > 0)
        listener_close(&server->listeners[--server->listener_count]);
}

/* Takes over an endpoint; closes it if the loop does not want it. */
static int listener_add(struct server *server, struct endpoint *endpoint)
{
    struct listener *listener = &server->listeners[server->listener_count];
    int err;

    err = listener_init(listener, server, endpoint);
    if (err < 0) {
        log_event(LOG_LISTEN_FAILED, "%s: %s", endpoint->name, strerror(-err));
        endpoint_close(endpoint);
        return err;
    }
    server->listener_count++;
    return 0;
}

static int open_unix(struct server *server, const struct config_server *config)
{
    char bytes[ENDPOINT_WHY_MAX];
    struct text why = text_in(bytes, sizeof bytes);
    struct endpoint endpoint;
    int err = endpoint_unix(&endpoint, config, &server->user, &why);

    if (err == 0)
        return listener_add(server, &endpoint);
    if (!config->socket_is_optional) {
        log_event(LOG_LISTEN_FAILED, "%s", bytes);
        return err;
    }
    log_event(LOG_TCP_ONLY, "TCP only, nobody having asked for a Unix socket by name: %s", bytes);
    return 0;
}

static int open_tcp(struct server *server, const struct config *config, const char *address)
{
    struct endpoint endpoints[SERVER_LISTENERS_MAX];
    int count = endpoint_tcp(endpoints, SERVER_LISTENERS_MAX - server->listener_count, address,
                             config->server.backlog);
    int err = count < 0 ? count : 0;

    for (int i = 0; i < count; i++) {
        if (err == 0)
            err = listener_add(server, &endpoints[i]);
        else
            endpoint_close(&endpoints[i]);
    }
    return err;
}

/* What the service manager passes. */
static int take_passed(struct server *server, bool *has_local, bool *has_tcp)
{
    struct endpoint endpoints[SERVER_LISTENERS_MAX];
    int count = endpoint_passed(endpoints, SERVER_LISTENERS_MAX);
    int err = count < 0 ? count : 0;

    for (int i = 0; err == 0 && i < count; i++) {
        *has_local = *has_local || !endpoints[i].is_tcp;
        *has_tcp = *has_tcp || endpoints[i].is_tcp;
        err = listener_add(server, &endpoints[i]);
    }
    server->passed_on = count > 0;
    return err;
}

int server_listen(struct server *server, const struct config *config)
{
    bool has_local = false, has_tcp = false;
    int err = take_passed(server, &has_local, &has_tcp);

    if (err == 0 && !has_local)
        err = open_unix(server, &config->server);
    for (size_t i = 0; err == 0 && !has_tcp && i < config->server.listen_count; i++)
        err = open_tcp(server, config, config->server.listen[i]);
    if (err < 0)
        server_unlisten(server);
    return err;
}
