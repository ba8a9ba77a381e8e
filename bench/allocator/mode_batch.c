/*
 * batch: many blocks are taken, then all given back in the same order; throughput. `untouched` leaves
 * the blocks alone, `written` writes a word into each as it comes.
 *
 * order: blocks are given back in an order, which is timed, then as many are taken again, which is
 * timed once without and once with a word written to each. What random frees leave behind is what an
 * allocator hands out later.
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"

/* Takes `count` blocks. Where `write` is known, which is wherever this is called, it costs nothing. */
static inline __attribute__((always_inline)) void take(struct subject subject, size_t size,
                                                       void **blocks, size_t count, bool write)
{
    for (size_t i = 0; i < count; i++) {
        void *block = subject_alloc(subject, size);

        if (write)
            *(uint64_t *)block = i;
        blocks[i] = block;
    }
}

static void give(struct subject subject, void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        subject_free(subject, blocks[i]);
}

/* Takes all there are to be and writes every byte of them, so that every page is there. */
static void **take_first(struct subject subject, const struct job *job)
{
    void **blocks = pages_new(job->count * sizeof *blocks);

    for (size_t i = 0; i < job->count; i++) {
        blocks[i] = subject_alloc(subject, job->size);
        if (blocks[i] == NULL)
            fail("alloc", "no memory, or a class that is used up");
        memset(blocks[i], 1, job->size);
    }
    return blocks;
}

static inline __attribute__((always_inline)) void time_batch(struct subject subject,
                                                             const struct job *job, void **blocks,
                                                             bool write, struct samples *samples)
{
    uint64_t begin = clock_begin();

    take(subject, job->size, blocks, job->count, write);
    give(subject, blocks, job->count);
    samples_add(samples, begin, clock_end());
}

/* Millions of calls a second: a take and a give are two. */
static void say_throughput(const struct job *job, const char *figure, const struct samples *samples)
{
    uint32_t *sorted = pages_new(2 * samples->count * sizeof *sorted);
    double calls = 2e3 * (double)job->count;

    samples_sort(samples->ticks, samples->count, sorted);
    say_begin(job, figure, "Mops/s");
    printf(" p50=%.3f best=%.3f worst=%.3f samples=%zu",
           calls / samples_ns(samples_at(sorted, samples->count, 0.5)),
           calls / samples_ns(sorted[0]), calls / samples_ns(sorted[samples->count - 1]),
           samples->count);
    say_end();
    raw_write(job, figure, samples, 2 * job->count);
}

void mode_batch(const struct job *job)
{
    struct samples untouched = samples_new(job->repeat);
    struct samples written = samples_new(job->repeat);
    struct subject subject = job_open(job);
    void **blocks = take_first(subject, job);

    give(subject, blocks, job->count);
    for (size_t i = 0; i < job->repeat; i++)
        time_batch(subject, job, blocks, false, &untouched);
    for (size_t i = 0; i < job->repeat; i++)
        time_batch(subject, job, blocks, true, &written);
    subject_check(subject);

    say_throughput(job, "untouched", &untouched);
    say_throughput(job, "written", &written);
}

static void swap(void **blocks, size_t one, size_t other)
{
    void *block = blocks[one];

    blocks[one] = blocks[other];
    blocks[other] = block;
}

/* Puts blocks that lie in the order they were taken into the order they are to be given back. */
static void arrange(void **blocks, const struct job *job, uint64_t *chance)
{
    switch (job->order) {
    case ORDER_LIFO:
        for (size_t i = 0; i < job->count / 2; i++)
            swap(blocks, i, job->count - 1 - i);
        break;
    case ORDER_RANDOM:
        for (size_t left = job->count; left > 1; left--)
            swap(blocks, left - 1, chance_below(chance, left));
        break;
    case ORDER_FIFO:
    case ORDERS:
        break;
    }
}

static void time_give(struct subject subject, const struct job *job, void **blocks,
                      struct samples *samples)
{
    uint64_t begin = clock_begin();

    give(subject, blocks, job->count);
    samples_add(samples, begin, clock_end());
}

static inline __attribute__((always_inline)) void time_take(struct subject subject,
                                                            const struct job *job, void **blocks,
                                                            bool write, struct samples *samples)
{
    uint64_t begin = clock_begin();

    take(subject, job->size, blocks, job->count, write);
    samples_add(samples, begin, clock_end());
}

void mode_order(const struct job *job)
{
    uint64_t chance = job->seed;
    struct samples frees = samples_new(2 * job->repeat);
    struct samples untouched = samples_new(job->repeat);
    struct samples written = samples_new(job->repeat);
    struct subject subject = job_open(job);
    void **blocks = take_first(subject, job);

    for (size_t i = 0; i < job->repeat; i++) {
        arrange(blocks, job, &chance);
        time_give(subject, job, blocks, &frees);
        time_take(subject, job, blocks, false, &untouched);
        arrange(blocks, job, &chance);
        time_give(subject, job, blocks, &frees);
        time_take(subject, job, blocks, true, &written);
    }
    subject_check(subject);

    say_spread(job, "free", &frees, job->count);
    say_end();
    say_spread(job, "alloc", &untouched, job->count);
    say_end();
    say_spread(job, "alloc+write", &written, job->count);
    say_end();
}
