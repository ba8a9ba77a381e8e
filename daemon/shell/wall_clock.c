#include "wall_clock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "pmad_must.h"
#include "server.h"

/* Later than anybody waits, and not too late for the kernel. */
#define NEVER_S (sizeof(time_t) > sizeof(int32_t) ? (time_t)(INT64_C(1) << 33) : INT32_MAX)

static int arm(int fd)
{
    const struct itimerspec never = {.it_value = {.tv_sec = NEVER_S}};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

/* The read fails with ECANCELED when the clock was set, and has to be made for the next time. */
static void on_set(uv_poll_t *handle, int status, int events)
{
    struct server *server = handle->data;
    uint64_t expirations;
    int fd;

    (void)status;
    (void)events;
    MUST(uv_fileno((const uv_handle_t *)handle, &fd) == 0);
    server_turn_begin(server);
    if (read(fd, &expirations, sizeof expirations) < 0 && errno == ECANCELED)
        (void)arm(fd);
}

int wall_clock_watch(struct wall_clock *clock, uv_loop_t *uv, struct server *server)
{
    int err;

    clock->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (clock->fd < 0)
        return -errno;
    err = arm(clock->fd) < 0 ? -errno : uv_poll_init(uv, &clock->poll, clock->fd);
    if (err < 0) {
        wall_clock_finish(clock);
        return err;
    }
    clock->poll.data = server;
    return loop_watch(&clock->poll, UV_READABLE, on_set);
}

void wall_clock_finish(struct wall_clock *clock)
{
    if (clock->fd >= 0)
        (void)close(clock->fd);
    clock->fd = -1;
}
