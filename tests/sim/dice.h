#ifndef DICE_H
#define DICE_H

/* Random numbers that are the same on every machine: splitmix64. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to `sides` - 1; 0 for a die without sides. */
static inline size_t dice_roll(struct dice *dice, size_t sides)
{
    uint64_t number = dice_next(dice);

    return sides > 0 ? (size_t)(number % sides) : 0;
}

static inline bool dice_chance(struct dice *dice, size_t percent)
{
    return dice_roll(dice, 100) < percent;
}

/* 0 to `max`, small ones more often than large ones: each power of two is as likely as the next. */
static inline size_t dice_size(struct dice *dice, size_t max)
{
    size_t bits = 0;
    size_t size;

    while (max >> bits > 0)
        bits++;
    size = dice_roll(dice, (size_t)1 << dice_roll(dice, bits + 1));
    return size > max ? max : size;
}

#endif
