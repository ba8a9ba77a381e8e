#ifndef LOOP_H
#define LOOP_H

/* The event loop and the handles that are the daemon's own: the timer, the two ends of a turn,
 * the signals. Callbacks only translate; server.h says what is done. */
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "spin.h"
#include "wall_clock.h"

struct server;

struct loop {
    uv_loop_t uv;
    uv_timer_t timer;  /* the one timer: for the next deadline, whoever's it is */
    uint64_t timer_us; /* when it fires; UINT64_MAX: it does not */
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_signal_t on_term, on_int, on_hup;
    struct spin spin;
    struct wall_clock wall_clock;
};

/*
 * Makes the loop; libuv's memory is set already. It goes on looking for `busy_poll_us` before it sleeps (spin.h). Its array of watchers is made large enough for
 * descriptors below `descriptors` here, by a handle on the highest one: it doubles with that, and
 * would otherwise do so in the middle of the work. Returns 0 or a negative UV_E code; then there is
 * no loop.
 */
int loop_init(struct loop *loop, struct server *server, size_t descriptors, uint64_t busy_poll_us);

/* Lets the timer fire at `at_us` or before; UINT64_MAX asks for nothing. A firing that turns out to
 * be early costs less than setting the timer in every turn. */
void loop_wake_at(struct loop *loop, uint64_t now_us, uint64_t at_us);

/*
 * uv_poll_start() for `events`, where the kernel's refusal to watch one more descriptor (ENOSPC, ENOMEM)
 * is an error of this call: libuv by itself would meet it in its next wait, and abort. Returns 0 or a
 * negative UV_E code; then nothing is watched.
 */
int loop_watch(uv_poll_t *poll, int events, uv_poll_cb callback);

/* Closes the handles of the loop, waits until all that are closing have closed, and ends it. */
void loop_finish(struct loop *loop);

#endif
