#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "pmad_must.h"
#include "server.h"

enum { US_PER_MS = 1000 };

static void on_timer(uv_timer_t *timer)
{
    struct server *server = timer->data;

    server->loop.timer_us = UINT64_MAX;
    server_turn_begin(server);
}

/* Timers run before the wait, sockets after it: a turn may end at either side. */
static void on_before_wait(uv_prepare_t *prepare)
{
    server_turn_end(prepare->data);
}

static void on_after_wait(uv_check_t *check)
{
    server_turn_end(check->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    server_turn_begin(handle->data);
    server_asked_to_end(handle->data, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void on_hangup(uv_signal_t *handle, int number)
{
    (void)number;
    server_turn_begin(handle->data);
    server_asked_to_reload(handle->data);
}

/* A handle that nothing ever happens to, on the highest descriptor there can be. */
static int reserve_at(uv_loop_t *uv, int fd)
{
    uv_poll_t poll;
    int err = uv_poll_init(uv, &poll, fd);

    if (err < 0)
        return err;
    err = uv_poll_start(&poll, UV_PRIORITIZED, NULL);
    uv_close((uv_handle_t *)&poll, NULL);
    (void)uv_run(uv, UV_RUN_NOWAIT);
    return err;
}

static int reserve_watchers(uv_loop_t *uv, size_t descriptors)
{
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int highest;
    int err;

    if (event < 0)
        return -errno;
    highest = fcntl(event, F_DUPFD_CLOEXEC, (int)descriptors - 1);
    err = highest < 0 ? -errno : reserve_at(uv, highest);
    if (highest >= 0)
        close(highest);
    close(event);
    return err;
}

/* None of these can fail but for a bug: they take no memory and no descriptor. */
static void handles_start(struct loop *loop, struct server *server)
{
    MUST(uv_timer_init(&loop->uv, &loop->timer) == 0);
    loop->timer.data = server;
    MUST(uv_prepare_init(&loop->uv, &loop->before_wait) == 0);
    loop->before_wait.data = server;
    MUST(uv_prepare_start(&loop->before_wait, on_before_wait) == 0);
    MUST(uv_check_init(&loop->uv, &loop->after_wait) == 0);
    loop->after_wait.data = server;
    MUST(uv_check_start(&loop->after_wait, on_after_wait) == 0);
}

/* The first signal handle makes the loop's pipe for signals. */
static int signals_start(struct loop *loop, struct server *server)
{
    int err = uv_signal_init(&loop->uv, &loop->on_term);

    if (err < 0)
        return err;
    loop->on_term.data = server;
    MUST(uv_signal_init(&loop->uv, &loop->on_int) == 0);
    loop->on_int.data = server;
    MUST(uv_signal_init(&loop->uv, &loop->on_hup) == 0);
    loop->on_hup.data = server;
    err = uv_signal_start(&loop->on_term, on_signal, SIGTERM);
    if (err == 0)
        err = uv_signal_start(&loop->on_int, on_signal, SIGINT);
    return err < 0 ? err : uv_signal_start(&loop->on_hup, on_hangup, SIGHUP);
}

int loop_init(struct loop *loop, struct server *server, size_t descriptors, uint64_t busy_poll_us)
{
    int err = uv_loop_init(&loop->uv);

    if (err < 0)
        return err;
    loop->timer_us = UINT64_MAX;
    loop->wall_clock.fd = -1;
    err = reserve_watchers(&loop->uv, descriptors);
    if (err == 0)
        err = signals_start(loop, server);
    if (err == 0 && wall_clock_watch(&loop->wall_clock, &loop->uv, server) < 0)
        log_event(LOG_NO_CLOCK_NEWS,
                  "nobody will say when the wall clock is set: tasks with an epoch "
                  "may run late by as much");
    if (err < 0) {
        loop_finish(loop);
        return err;
    }
    handles_start(loop, server);
    spin_init(&loop->spin, &loop->uv, busy_poll_us);
    return 0;
}

void loop_wake_at(struct loop *loop, uint64_t now_us, uint64_t at_us)
{
    uint64_t wait_us = at_us > now_us ? at_us - now_us : 0;

    if (at_us >= loop->timer_us)
        return;
    loop->timer_us = at_us;
    uv_update_time(&loop->uv);
    MUST(uv_timer_start(&loop->timer, on_timer, wait_us / US_PER_MS + 1, 0) == 0);
}

/* libuv's wait finds the descriptor in the kernel's set already, and only changes what it is watched
 * for, which needs no memory. */
int loop_watch(uv_poll_t *poll, int events, uv_poll_cb callback)
{
    struct epoll_event nothing = {.events = 0};
    int err = uv_poll_start(poll, events, callback);
    int fd;

    if (err < 0 || events == 0)
        return err;
    MUST(uv_fileno((const uv_handle_t *)poll, &fd) == 0);
    nothing.data.fd = fd;
    if (epoll_ctl(uv_backend_fd(poll->loop), EPOLL_CTL_ADD, fd, &nothing) == 0 || errno == EEXIST)
        return 0;
    err = -errno;
    (void)uv_poll_stop(poll);
    return err;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_finish(struct loop *loop)
{
    uv_walk(&loop->uv, close_handle, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    MUST(uv_loop_close(&loop->uv) == 0);
    wall_clock_finish(&loop->wall_clock);
}
