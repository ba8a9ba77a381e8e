#ifndef HARNESS_H
#define HARNESS_H

/*
 * What the modes share: what they are asked to do, chance that repeats itself, and how they say what
 * they found. One line a result, `key=value` throughout:
 *
 *     subject=stack mode=hot size=64 count=1024 order=- figure=pair unit=ns p50=2.13 p90=...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "samples.h"
#include "subject.h"

/* Orders in which blocks are given back, by the order in which they were taken. */
enum order { ORDER_LIFO, ORDER_FIFO, ORDER_RANDOM, ORDERS };

extern const char *const order_names[ORDERS];

struct job {
    const char *mode;
    size_t size;   /* bytes of an object; 0: mixed, MIXED_MIN to MIXED_MAX */
    size_t count;  /* objects alive at once */
    size_t repeat; /* how often, in the mode's own unit */
    enum order order;
    uint64_t seed;
    const char *profile; /* name of a reference layout */
    int huge_pages;      /* pools ask for them */
    int raw;             /* where samples go; -1: nowhere */
};

enum { MIXED_MIN = 16, MIXED_MAX = 1024, WORD_MIN = 16 };

void mode_hot(const struct job *job);
void mode_profile(const struct job *job);
void mode_batch(const struct job *job);
void mode_order(const struct job *job);
void mode_churn(const struct job *job);
void mode_quiet(const struct job *job);
void mode_startup(const struct job *job);
void mode_memory(const struct job *job);

/* A pool for `job->count` objects of `job->size` bytes, or of mixed sizes; or nothing. */
void job_plan(const struct job *job);

/* job_plan(), then subject_open(). */
struct subject job_open(const struct job *job);

/* Pseudorandom numbers, xorshift64*; the state must not be 0. */
static inline uint64_t chance_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* Returns a number below `bound`, which is below 2^32. */
static inline size_t chance_below(uint64_t *state, size_t bound)
{
    return (size_t)((chance_next(state) >> 32) * bound >> 32);
}

/* Begins a line of results: what was asked, and which figure it is about. The caller adds ` key=value`
 * as it likes and closes the line with say_end(). */
void say_begin(const struct job *job, const char *figure, const char *unit);

/* Begins a line with the percentiles of samples of `per` operations each, in ns an operation, and
 * writes the samples to `job->raw`. Returns them sorted, until the next call. */
const uint32_t *say_spread(const struct job *job, const char *figure, const struct samples *samples,
                           size_t per);

void say_end(void);

/* Adds samples to `job->raw`, if there is one: a text line that says what they are, then the ticks as
 * they were read, in native byte order. say_spread() has done so already. */
void raw_write(const struct job *job, const char *figure, const struct samples *samples,
               size_t per);

/* Prints what is wrong and ends the program. */
_Noreturn void fail(const char *what, const char *why);

#endif
