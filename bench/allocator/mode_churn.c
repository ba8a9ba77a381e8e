/*
 * churn: many objects are alive, and one of them after the other, by chance, is replaced: given back,
 * and another one taken. Each replacement is timed alone. This is what a server does that runs for
 * long, and where an allocator's own data is in no cache.
 *
 * quiet: the same, but what is counted is how often the system was needed: calls, and page faults.
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "traced.h"

enum { WINDOWS = 16 };

struct live {
    struct subject subject;
    void **objects;
    size_t count, size; /* size 0: mixed */
    uint64_t chance;
};

static size_t next_size(struct live *live)
{
    if (live->size != 0)
        return live->size;
    return MIXED_MIN + chance_below(&live->chance, MIXED_MAX - MIXED_MIN + 1);
}

static void replace(struct live *live, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = chance_below(&live->chance, live->count);
        size_t size = next_size(live);

        subject_free(live->subject, live->objects[at]);
        live->objects[at] = subject_alloc(live->subject, size);
    }
}

/* As many objects as there are to be, every byte of them written; then each, on average, replaced once,
 * so that they lie as they do after a while. */
static struct live live_new(const struct job *job)
{
    struct live live = {
        .objects = pages_new(job->count * sizeof(void *)),
        .count = job->count,
        .size = job->size,
        .chance = job->seed,
        .subject = job_open(job),
    };

    for (size_t i = 0; i < live.count; i++) {
        size_t size = next_size(&live);

        live.objects[i] = subject_alloc(live.subject, size);
        if (live.objects[i] == NULL)
            fail("alloc", "no memory, or a class that is used up");
        memset(live.objects[i], 1, size);
    }
    replace(&live, live.count);
    return live;
}

static void time_replacing(struct live *live, size_t count, struct samples *samples,
                           struct samples *nothing)
{
    struct subject subject = live->subject;

    for (size_t i = 0; i < count; i++) {
        size_t at = chance_below(&live->chance, live->count);
        size_t size = next_size(live);
        void *old = live->objects[at];
        uint64_t begin;
        void *new;

        samples_add_reading(nothing);
        begin = clock_begin();
        subject_free(subject, old);
        new = subject_used(subject_alloc(subject, size));
        samples_add(samples, begin, clock_end());
        live->objects[at] = new;
    }
}

/* The share of samples that take `ns` or longer. */
static double share_from(const uint32_t *sorted, size_t count, double ns)
{
    size_t below = 0;
    size_t above = count;

    while (below < above) {
        size_t middle = below + (above - below) / 2;

        if (samples_ns(sorted[middle]) < ns)
            below = middle + 1;
        else
            above = middle;
    }
    return (double)(count - below) / (double)count;
}

/* The P99 of equal pieces of the run, one after the other, and how far the worst is above the middle:
 * an allocator that gets slower as it runs, or stops to tidy up, shows here. */
static void say_windows(const struct job *job, const struct samples *samples)
{
    size_t in_window = samples->count / WINDOWS;
    uint32_t *sorted = pages_new(2 * (in_window + 1) * sizeof *sorted);
    uint32_t p99[WINDOWS];
    uint32_t ranked[2 * WINDOWS];
    double middle;

    if (in_window == 0)
        return;
    for (size_t i = 0; i < WINDOWS; i++) {
        samples_sort(samples->ticks + i * in_window, in_window, sorted);
        p99[i] = samples_at(sorted, in_window, 0.99);
    }
    samples_sort(p99, WINDOWS, ranked);

    say_begin(job, "windows", "ns");
    for (size_t i = 0; i < WINDOWS; i++)
        printf(" w%zu=%.3f", i, samples_ns(p99[i]));
    middle = samples_ns(ranked[WINDOWS / 2]);
    if (middle > 0)
        printf(" drift=%.3f", samples_ns(ranked[WINDOWS - 1]) / middle);
    say_end();
}

void mode_churn(const struct job *job)
{
    struct samples steps = samples_new(job->repeat);
    struct samples nothing = samples_new(job->repeat);
    struct live live = live_new(job);
    const uint32_t *sorted;

    time_replacing(&live, job->repeat, &steps, &nothing);
    subject_check(live.subject);
    clock_set_floor(&nothing);

    sorted = say_spread(job, "step", &steps, 1);
    printf(" from_100ns=%.9f from_1us=%.9f from_10us=%.9f", share_from(sorted, steps.count, 100),
           share_from(sorted, steps.count, 1000), share_from(sorted, steps.count, 10000));
    say_end();
    say_windows(job, &steps);
}

static void churn_quietly(const struct job *job)
{
    struct live live = live_new(job);

    traced_begin();
    replace(&live, job->repeat);
    traced_end();
    subject_check(live.subject);
}

void mode_quiet(const struct job *job)
{
    struct traced traced = traced_run(churn_quietly, job);

    say_begin(job, "system", "1");
    if (traced.calls >= 0)
        printf(" calls=%ld", traced.calls);
    printf(" faults=%ld", traced.faults);
    say_end();
}
