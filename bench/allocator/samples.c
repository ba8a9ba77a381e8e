#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FLOOR_SAMPLES = 65536,
    CALIBRATION_NS =
        20000000, /* long enough to be exact, and for the core to leave its idle speed */
    RADIX_BITS = 16,
    RADIX = 1 << RADIX_BITS
};

struct clock_facts clock_facts;

void *pages_new(size_t bytes)
{
    void *pages = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (pages == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return pages;
}

struct samples samples_new(size_t room)
{
    return (struct samples){.ticks = pages_new(room * sizeof(uint32_t))};
}

void clock_set_floor(const struct samples *readings)
{
    uint32_t *sorted = pages_new(2 * sizeof *sorted * readings->count);

    samples_sort(readings->ticks, readings->count, sorted);
    clock_facts.floor = samples_at(sorted, readings->count, 0.5);
}

void clock_measure(void)
{
    struct samples readings = samples_new(FLOOR_SAMPLES);
    uint64_t from_ns = clock_monotonic_ns();
    uint64_t from = clock_begin();
    uint64_t ns;

    do
        ns = clock_monotonic_ns() - from_ns;
    while (ns < CALIBRATION_NS);
    clock_facts.tick_ns = (double)ns / (double)(clock_end() - from);

    for (size_t i = 0; i < FLOOR_SAMPLES; i++)
        samples_add_reading(&readings);
    clock_set_floor(&readings);
}

double samples_ns(uint32_t ticks)
{
    return ticks > clock_facts.floor ? (ticks - clock_facts.floor) * clock_facts.tick_ns : 0;
}

/* One pass of a radix sort: by RADIX_BITS bits from `shift` on, keeping the order of equals. */
static void sort_pass(const uint32_t *from, size_t count, unsigned shift, uint32_t *to)
{
    static size_t place[RADIX + 1];

    memset(place, 0, sizeof place);
    for (size_t i = 0; i < count; i++)
        place[(from[i] >> shift) % RADIX + 1]++;
    for (size_t i = 0; i < RADIX; i++)
        place[i + 1] += place[i];
    for (size_t i = 0; i < count; i++)
        to[place[(from[i] >> shift) % RADIX]++] = from[i];
}

void samples_sort(const uint32_t *ticks, size_t count, uint32_t *sorted)
{
    sort_pass(ticks, count, 0, sorted + count);
    sort_pass(sorted + count, count, RADIX_BITS, sorted);
}

uint32_t samples_at(const uint32_t *sorted, size_t count, double share)
{
    double wanted = share * (double)count;
    size_t rank = (size_t)wanted;

    rank += (double)rank < wanted;
    return sorted[rank > 0 ? rank - 1 : 0];
}
