#ifndef WALL_CLOCK_H
#define WALL_CLOCK_H

/*
 * Notices that somebody has set the wall clock, or that the machine has slept: a turn is made, and
 * tasks that wait for their second are looked at again. Between such moments the wall clock goes as
 * fast as the one that deadlines are counted on. timerfd_create(2), TFD_TIMER_CANCEL_ON_SET.
 */
#include <uv.h>

struct server;

struct wall_clock {
    int fd; /* a timer that is not due in our time; -1: none */
    uv_poll_t poll;
};

/* Begins to watch. Returns 0 or a negative UV_E code; then nothing is watched. */
int wall_clock_watch(struct wall_clock *clock, uv_loop_t *uv, struct server *server);

/* Closes the descriptor; the loop closes the handle before. */
void wall_clock_finish(struct wall_clock *clock);

#endif
