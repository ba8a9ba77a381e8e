#ifndef CLOCK_H
#define CLOCK_H

/*
 * The clock of the harness: the processor's own counter where it has one that user code may read.
 * The fences see to it that what is timed lies between the two readings, and nothing else does.
 */
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if defined __x86_64__

#    define CLOCK_NAME "rdtsc"

static inline uint64_t clock_begin(void)
{
    uint64_t ticks;

    __builtin_ia32_lfence();
    ticks = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return ticks;
}

static inline uint64_t clock_end(void)
{
    unsigned processor;
    uint64_t ticks = __builtin_ia32_rdtscp(&processor);

    __builtin_ia32_lfence();
    return ticks;
}

#elif defined __aarch64__

#    define CLOCK_NAME "cntvct_el0"

static inline uint64_t clock_begin(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
    return ticks;
}

static inline uint64_t clock_end(void)
{
    return clock_begin();
}

#else

#    define CLOCK_NAME "clock_gettime"

static inline uint64_t clock_begin(void)
{
    return clock_monotonic_ns();
}

static inline uint64_t clock_end(void)
{
    return clock_monotonic_ns();
}

#endif

#endif
