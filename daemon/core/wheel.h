#ifndef WHEEL_H
#define WHEEL_H

/*
 * A timing wheel: timers that stop at a time of their own, counted in ticks of whatever length. To
 * start and to stop one is O(1), however many there are and however far off they are; a timer is
 * moved at most once for each level (Varghese and Lauck, "Hashed and hierarchical timing wheels",
 * 1987).
 *
 * A timer stands in the level of the highest digit, to the base of WHEEL_SLOTS, in which its time
 * differs from now, at the slot of that digit. When now reaches the slot, its timers move to lower
 * levels or are due. So equal times always share a slot, and come in the order in which they started.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum { WHEEL_SLOT_BITS = 6, WHEEL_SLOTS = 64, WHEEL_LEVELS = 11 };

struct wheel_timer {
    TAILQ_ENTRY(wheel_timer) link;
    uint64_t due; /* in ticks; 0: it does not run */
};

TAILQ_HEAD(wheel_list, wheel_timer);

struct wheel {
    uint64_t now;
    struct wheel_list due;           /* those whose time has come */
    uint64_t occupied[WHEEL_LEVELS]; /* a bit for each slot that is not empty */
    struct wheel_list slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel);

/* Starts a timer that does not run; `due` is 1 or more. What is not after now is due at once. */
void wheel_start(struct wheel *wheel, struct wheel_timer *timer, uint64_t due);

/* Stops it, if it runs. */
void wheel_stop(struct wheel *wheel, struct wheel_timer *timer);

/* Says what time it is. O(1) for each timer that moves; when the time has gone back, O(all). */
void wheel_turn_to(struct wheel *wheel, uint64_t now);

/* The first timer that is due, stopped; NULL when there is none. */
struct wheel_timer *wheel_take_due(struct wheel *wheel);

/* A time, not after the first one a timer is due at, to turn to next; UINT64_MAX when none runs. */
uint64_t wheel_next(const struct wheel *wheel);

#endif
