/* What the modes share: the pool for a job, and the lines it answers with. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

enum {
    MIXED_STEP = 16, /* what a class of mixed sizes is above the one below it */
    MIXED_CLASSES = MIXED_MAX / MIXED_STEP,

    /* A class has room for a quarter more than its fair share of the objects, in thousandths: sixteen
     * standard deviations where 262,144 have sizes by chance. With too few it would be used up, and
     * subject_check() says so. */
    MIXED_SPARE = 1250
};

void job_plan(const struct job *job)
{
    struct demand demands[MIXED_CLASSES] = {{job->size, job->count}};

    if (job->size != 0) {
        subject_plan(demands, 1, job->huge_pages);
        return;
    }
    for (size_t i = 0; i < MIXED_CLASSES; i++)
        demands[i] = (struct demand){.size = MIXED_STEP * (i + 1),
                                     .count = job->count * MIXED_SPARE / 1000 / MIXED_CLASSES};
    subject_plan(demands, MIXED_CLASSES, job->huge_pages);
}

struct subject job_open(const struct job *job)
{
    job_plan(job);
    return subject_open();
}

void say_begin(const struct job *job, const char *figure, const char *unit)
{
    printf("subject=%s mode=%s", SUBJECT_NAME, job->mode);
    if (job->size != 0)
        printf(" size=%zu", job->size);
    else
        printf(" size=mixed");
    printf(" count=%zu order=%s figure=%s unit=%s", job->count, order_names[job->order], figure,
           unit);
}

void say_end(void)
{
    putchar('\n');
}

const uint32_t *say_spread(const struct job *job, const char *figure, const struct samples *samples,
                           size_t per)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    static uint32_t *sorted;
    static size_t room;

    if (room < samples->count) {
        room = samples->count;
        sorted = pages_new(2 * room * sizeof *sorted);
    }
    samples_sort(samples->ticks, samples->count, sorted);
    say_begin(job, figure, "ns");
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        printf(" %s=%.3f", points[i].name,
               samples_ns(samples_at(sorted, samples->count, points[i].share)) / (double)per);
    printf(" resolution=%.6f samples=%zu", clock_facts.tick_ns / (double)per, samples->count);
    raw_write(job, figure, samples, per);
    return sorted;
}

static void write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t written = write(fd, at, size);

        if (written <= 0)
            fail("--raw", "cannot be written");
        at += written;
        size -= (size_t)written;
    }
}

void raw_write(const struct job *job, const char *figure, const struct samples *samples, size_t per)
{
    char head[160];

    if (job->raw < 0)
        return;
    snprintf(head, sizeof head, "figure=%s samples=%zu per=%zu tick_ns=%.6f floor=%u\n", figure,
             samples->count, per, clock_facts.tick_ns, clock_facts.floor);
    write_all(job->raw, head, strlen(head));
    write_all(job->raw, samples->ticks, samples->count * sizeof samples->ticks[0]);
}
