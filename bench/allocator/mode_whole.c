/*
 * startup: from nothing to `count` objects, each with a word written to it. A pool pays for its pages
 * here, and is made within the time; the others ask for theirs as they go. Fresh process, one sample.
 *
 * memory: what `count` objects, every byte of them written, take of physical memory, all that the
 * allocator itself needs included.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"

static long faults_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

void mode_startup(const struct job *job)
{
    struct samples wall = samples_new(1);
    struct subject subject;
    long faults;
    uint64_t begin;

    job_plan(job);
    faults = faults_now();
    begin = clock_begin();
    subject = subject_open();
    for (size_t i = 0; i < job->count; i++)
        *(volatile uint64_t *)subject_alloc(subject, job->size) = i;
    samples_add(&wall, begin, clock_end());
    faults = faults_now() - faults;
    subject_check(subject);

    say_begin(job, "startup", "ms");
    printf(" wall=%.4f faults=%ld", samples_ns(wall.ticks[0]) / 1e6, faults);
    say_end();
    raw_write(job, "startup", &wall, 1);
}

/* Bytes of physical memory that this process has. */
static double resident(void)
{
    char text[128];
    char *end;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (size <= 0)
        fail("/proc/self/statm", "cannot be read");
    close(fd);
    text[size] = '\0';
    strtoul(text, &end, 10); /* all of it; what is resident comes second */
    return (double)strtoul(end, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

void mode_memory(const struct job *job)
{
    double before;
    struct subject subject;

    job_plan(job);
    before = resident();
    subject = subject_open();
    for (size_t i = 0; i < job->count; i++) {
        void *block = subject_alloc(subject, job->size);

        if (block == NULL)
            fail("alloc", "no memory, or a class that is used up");
        memset(block, 1, job->size);
        (void)subject_used(block);
    }
    subject_check(subject);

    say_begin(job, "resident", "B");
    printf(" object=%.3f", (resident() - before) / (double)job->count);
    say_end();
}
