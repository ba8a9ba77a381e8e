#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "server.h"

enum {
    ACCEPTS_A_TURN = 64,      /* so that a storm of new peers does not stop the old ones */
    ACCEPT_RETRY_US = 200000, /* how long to wait for what the system did not have */
};

/* What accept4() may answer when it is only this one connection that came to nothing. */
static bool is_its_own_trouble(int err)
{
    return err == ECONNABORTED || err == EINTR || err == EPROTO || err == EPERM;
}

static void refused_by_system(struct server *server, int err)
{
    static struct log_brake brake;

    log_seldom(&brake, server->now.mono_us, LOG_LEVEL_ERROR, "a connection waits: %s; trying again",
               strerror(err));
    server_pause_accept(server, server->now.mono_us + ACCEPT_RETRY_US);
}

/* Takes one connection in. False when no more are to be taken in this turn. */
static bool accept_one(struct listener *listener)
{
    struct server *server = listener->server;
    int fd = accept4(listener->endpoint.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0 && conn_open(server, fd, &listener->endpoint))
        return true;
    if (fd >= 0) {
        close(fd);
        refused_by_system(server, ENOMEM);
        return false;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (is_its_own_trouble(errno))
        return true;
    refused_by_system(server, errno);
    return false;
}

static void listener_accept(struct listener *listener)
{
    static struct log_brake brake;
    struct server *server = listener->server;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (!server_has_room(server)) {
            log_seldom(&brake, server->now.mono_us, LOG_LEVEL_WARNING,
                       "%zu connections are all that [limits] allows: who comes now waits",
                       server->conn_count);
            server_pause_accept(server, 0);
            return;
        }
        if (!accept_one(listener))
            return;
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct listener *listener = handle->data;

    server_turn_begin(listener->server);
    if (status < 0)
        refused_by_system(listener->server, -status);
    else if (events & UV_READABLE)
        listener_accept(listener);
}

int listener_init(struct listener *listener, struct server *server, const struct endpoint *endpoint)
{
    int err;

    *listener = (struct listener){.server = server, .endpoint = *endpoint};
    err = uv_poll_init(&server->loop.uv, &listener->poll, endpoint->fd);
    if (err < 0)
        return err;
    listener->poll.data = listener;
    listener_resume(listener);
    return 0;
}

void listener_pause(struct listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
}

void listener_resume(struct listener *listener)
{
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

void listener_close(struct listener *listener)
{
    uv_close((uv_handle_t *)&listener->poll, NULL);
    endpoint_close(&listener->endpoint);
}
