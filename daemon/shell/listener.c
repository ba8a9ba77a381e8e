#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate.h"
#include "log.h"
#include "process.h"
#include "server.h"

enum {
    ACCEPTS_A_TURN = 2, /* so that a storm of new peers does not stop the old ones */
    FAILURES_A_TURN = 4 /* so many single troubles are no longer single: the system refuses */
};

/* What accept4() may answer when it is only this one connection that came to nothing. */
static bool is_its_own_trouble(int err)
{
    return err == ECONNABORTED || err == EINTR || err == EPROTO || err == EPERM;
}

static void refused_by_system(struct server *server, int err)
{
    log_seldom(LOG_ACCEPT_FAILED, server->now.mono_us, "a connection waits: %s; trying again",
               strerror(err));
    server_pause_accept(server, server->now.mono_us + ACCEPT_RETRY_US);
}

static int accept_next(const struct listener *listener)
{
    return accept4(listener->endpoint.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* There are no descriptors: the spare one serves to tell one of those who wait. Where even that cannot
 * be used, all of them wait. */
static void tell_one(const struct listener *listener)
{
    struct server *server = listener->server;
    int fd;

    if (server->spare_fd < 0)
        return;
    close(server->spare_fd);
    fd = accept_next(listener);
    if (fd >= 0)
        gate_turn_away_last(server, fd);
    server->spare_fd = process_spare_descriptor();
}

/* Takes one connection in, or counts in `*failures` that it came to nothing. False when no more are to
 * be taken in this turn. */
static bool accept_one(struct listener *listener, int *failures)
{
    struct server *server = listener->server;
    int fd = accept_next(listener);
    int err = errno;

    if (fd >= 0 && gate_admit(server, fd, &listener->endpoint))
        return true;
    if (fd >= 0) {
        close(fd);
        refused_by_system(server, ENOMEM);
        return false;
    }
    if (err == EAGAIN || err == EWOULDBLOCK)
        return false;
    if (is_its_own_trouble(err) && ++*failures < FAILURES_A_TURN)
        return true;
    if (err == EMFILE || err == ENFILE)
        tell_one(listener);
    refused_by_system(server, err);
    return false;
}

static void listener_accept(struct listener *listener)
{
    struct server *server = listener->server;
    int failures = 0;

    for (int i = 0; i < ACCEPTS_A_TURN + failures; i++) {
        if (!server_has_room(server)) {
            log_seldom(LOG_CONNECTIONS_FULL, server->now.mono_us,
                       "all that [limits] allows: who comes now waits; connections=%zu",
                       (size_t)server->gauges.value[GAUGE_CONNECTIONS_OPEN]);
            server_pause_accept(server, 0);
            return;
        }
        if (!accept_one(listener, &failures))
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
    err = listener_resume(listener);
    if (err < 0)
        uv_close((uv_handle_t *)&listener->poll, NULL);
    return err;
}

void listener_pause(struct listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
}

int listener_resume(struct listener *listener)
{
    return loop_watch(&listener->poll, UV_READABLE, on_poll);
}

void listener_close(struct listener *listener)
{
    uv_close((uv_handle_t *)&listener->poll, NULL);
    endpoint_close(&listener->endpoint);
}
