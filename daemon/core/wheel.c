#include "wheel.h"

#include <stddef.h>

/* The number of the highest bit that is set, and of the lowest; there is one. */
static unsigned highest_bit(uint64_t bits)
{
    return 63 - (unsigned)__builtin_clzll(bits);
}

static unsigned lowest_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

static unsigned shift_of(unsigned level)
{
    return level * WHEEL_SLOT_BITS;
}

/* Where a timer stands that is not due yet. The answer is the same until its slot is reached. */
struct place {
    unsigned level, slot;
};

static struct place place_of(const struct wheel *wheel, uint64_t due)
{
    unsigned level = highest_bit(due ^ wheel->now) / WHEEL_SLOT_BITS;

    return (struct place){level, (unsigned)(due >> shift_of(level)) % WHEEL_SLOTS};
}

static void put(struct wheel *wheel, struct wheel_timer *timer)
{
    struct place place;

    if (timer->due <= wheel->now) {
        TAILQ_INSERT_TAIL(&wheel->due, timer, link);
        return;
    }
    place = place_of(wheel, timer->due);
    TAILQ_INSERT_TAIL(&wheel->slots[place.level][place.slot], timer, link);
    wheel->occupied[place.level] |= UINT64_C(1) << place.slot;
}

void wheel_init(struct wheel *wheel)
{
    *wheel = (struct wheel){.now = 0};
    TAILQ_INIT(&wheel->due);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            TAILQ_INIT(&wheel->slots[level][slot]);
}

void wheel_start(struct wheel *wheel, struct wheel_timer *timer, uint64_t due)
{
    timer->due = due;
    put(wheel, timer);
}

void wheel_stop(struct wheel *wheel, struct wheel_timer *timer)
{
    if (timer->due == 0)
        return;
    if (timer->due <= wheel->now) {
        TAILQ_REMOVE(&wheel->due, timer, link);
    } else {
        struct place place = place_of(wheel, timer->due);
        struct wheel_list *list = &wheel->slots[place.level][place.slot];

        TAILQ_REMOVE(list, timer, link);
        if (TAILQ_EMPTY(list))
            wheel->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
    }
    timer->due = 0;
}

/* Takes all timers out of a slot, to the end of `list`. */
static void empty_slot(struct wheel *wheel, struct place place, struct wheel_list *list)
{
    TAILQ_CONCAT(list, &wheel->slots[place.level][place.slot], link);
    wheel->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
}

static void put_all(struct wheel *wheel, struct wheel_list *list)
{
    struct wheel_timer *timer;

    while ((timer = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, timer, link);
        put(wheel, timer);
    }
}

/* The slot that is reached first, which is the lowest of the lowest level; false: all are empty. */
static bool first_slot(const struct wheel *wheel, struct place *place)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        if (wheel->occupied[level]) {
            *place = (struct place){level, lowest_bit(wheel->occupied[level])};
            return true;
        }
    }
    return false;
}

/* The time at which a slot is reached: the digits above it are those of now, those below are 0. */
static uint64_t time_of(const struct wheel *wheel, struct place place)
{
    unsigned shift = shift_of(place.level);
    uint64_t above = shift + WHEEL_SLOT_BITS < 64 ? wheel->now >> (shift + WHEEL_SLOT_BITS) : 0;

    return (above << WHEEL_SLOT_BITS | place.slot) << shift;
}

/* Everything is put again, in the order of its time: what is due, and may not be any more, then what
 * stood in slots. */
static void turn_back(struct wheel *wheel, uint64_t now)
{
    struct wheel_list all = TAILQ_HEAD_INITIALIZER(all);
    struct place place;

    TAILQ_CONCAT(&all, &wheel->due, link);
    while (first_slot(wheel, &place))
        empty_slot(wheel, place, &all);
    wheel->now = now;
    put_all(wheel, &all);
}

void wheel_turn_to(struct wheel *wheel, uint64_t now)
{
    struct wheel_list list = TAILQ_HEAD_INITIALIZER(list);
    struct place place;

    if (now < wheel->now) {
        turn_back(wheel, now);
        return;
    }
    while (first_slot(wheel, &place) && time_of(wheel, place) <= now) {
        uint64_t reached = time_of(wheel, place);

        empty_slot(wheel, place, &list);
        wheel->now = reached;
        put_all(wheel, &list);
    }
    wheel->now = now;
}

struct wheel_timer *wheel_take_due(struct wheel *wheel)
{
    struct wheel_timer *timer = TAILQ_FIRST(&wheel->due);

    if (timer)
        wheel_stop(wheel, timer);
    return timer;
}

uint64_t wheel_next(const struct wheel *wheel)
{
    struct place place;

    if (!TAILQ_EMPTY(&wheel->due))
        return wheel->now;
    return first_slot(wheel, &place) ? time_of(wheel, place) : UINT64_MAX;
}
