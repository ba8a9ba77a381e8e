/*
 * hot: one block is taken and given back again, over and over; the best case of any allocator.
 *
 * `pair` is the two calls together, PAIRS times between two readings of the clock, by the number of
 * pairs. `alloc` and `free` are single calls between two readings each: they show what an average
 * hides, and are no finer than a tick of the clock.
 */
#include <stdio.h>

#include "harness.h"

enum { PAIRS = 32, WARM_PAIRS = 10000 };

/* A function of its own, so that the loop is the same code wherever it is called. */
static __attribute__((noinline)) void pairs(struct subject subject, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++)
        subject_free(subject, subject_used(subject_alloc(subject, size)));
}

static void time_pairs(struct subject subject, const struct job *job, struct samples *samples)
{
    for (size_t i = 0; i < job->repeat; i++) {
        uint64_t begin = clock_begin();

        pairs(subject, job->size, PAIRS);
        samples_add(samples, begin, clock_end());
    }
}

struct singles {
    struct samples nothing, alloc, free;
};

static void time_singles(struct subject subject, const struct job *job, struct singles *singles)
{
    for (size_t i = 0; i < job->repeat; i++) {
        uint64_t begin;
        void *block;

        samples_add_reading(&singles->nothing);
        begin = clock_begin();
        block = subject_used(subject_alloc(subject, job->size));
        samples_add(&singles->alloc, begin, clock_end());
        begin = clock_begin();
        subject_free(subject, block);
        samples_add(&singles->free, begin, clock_end());
    }
}

void mode_hot(const struct job *job)
{
    struct samples pair = samples_new(job->repeat);
    struct singles singles = {
        .nothing = samples_new(job->repeat),
        .alloc = samples_new(job->repeat),
        .free = samples_new(job->repeat),
    };
    struct subject subject = job_open(job);

    pairs(subject, job->size, WARM_PAIRS);
    time_pairs(subject, job, &pair);
    time_singles(subject, job, &singles);
    subject_check(subject);
    clock_set_floor(&singles.nothing);

    say_spread(job, "pair", &pair, PAIRS);
    say_end();
    say_spread(job, "alloc", &singles.alloc, 1);
    say_end();
    say_spread(job, "free", &singles.free, 1);
    say_end();
}

#if SUBJECT_HAS_POOL

enum { PROFILE_POOL_SIZE = 64 * 1024 * 1024, MIB = 1024 * 1024 };

void mode_profile(const struct job *job)
{
    const struct pmad_profile *profile = pmad_profile_find(job->profile);
    struct pmad_layout layout = {
        .pool_size = PROFILE_POOL_SIZE,
        .prefault = PMAD_TRY,
        .huge_pages = job->huge_pages ? PMAD_TRY : PMAD_OFF,
    };
    struct samples pair = samples_new(job->repeat);
    struct pmad_fit fit;
    struct subject subject;

    if (profile == NULL)
        fail(job->profile, "is no reference layout");
    layout.class_count = profile->class_count;
    for (size_t i = 0; i < profile->class_count; i++)
        layout.classes[i] = profile->classes[i];
    if (pmad_layout_fit(&layout, &fit) != PMAD_OK || pmad_init(&subject.pool, &layout) != PMAD_OK)
        fail(job->profile, "cannot be had");

    for (size_t i = 0; i < profile->class_count; i++) {
        struct job at_class = *job;
        double blocks = (double)fit.classes[i].blocks;
        double bytes = (double)fit.classes[i].bytes;

        at_class.size = profile->classes[i].block_size;
        pair.count = 0;
        pairs(subject, at_class.size, WARM_PAIRS);
        time_pairs(subject, &at_class, &pair);
        say_spread(&at_class, profile->name, &pair, PAIRS);
        printf(" share=%u per_mib=%.1f overhead=%.2f", profile->classes[i].share,
               blocks / bytes * MIB, bytes / blocks - (double)at_class.size);
        say_end();
    }
    subject_check(subject);
}

#else

void mode_profile(const struct job *job)
{
    fail(job->mode, "is about pools");
}

#endif
