/* The memory of a pool, where there is a system to ask for it: POSIX, and what Linux has beyond it. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#    include <sys/prctl.h>
#endif

#include "incPMAD.h"
#include "pmad_guard_hooks.h"
#include "pmad_layout.h"

#ifndef MAP_ANONYMOUS
#    define MAP_ANONYMOUS MAP_ANON /* its name before POSIX had one */
#endif
#ifndef MADV_HUGEPAGE
#    define MADV_HUGEPAGE 14 /* these two are Linux's alone, see advise() */
#endif
#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23 /* Linux 5.14; older C libraries do not name it */
#endif
#ifdef MAP_HUGETLB
enum { EXPLICIT = MAP_HUGETLB | 21 << 26 }; /* MAP_HUGE_2MB: the logarithm, in the upper bits */
#endif

#define THP_SETTINGS "/sys/kernel/mm/transparent_hugepage/"
#define EXPLICIT_2MB "/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* What a pool has been given so far. */
struct grant {
    void *mapping;
    size_t mapping_size;
    char *region; /* where the pool begins in it */
    size_t size;  /* of the pool */
    bool prefaulted, locked, huge_pages, explicit_huge_pages;
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Returns what a pool of `pool_size` bytes is rounded up to: huge pages, where they are wanted and can
 * be of use. */
static size_t unit_of(const struct pmad_layout *layout, size_t pool_size)
{
    bool huge = layout->explicit_huge_pages != PMAD_OFF ||
                (layout->huge_pages != PMAD_OFF && pool_size >= PMAD_HUGE_PAGE_SIZE);

    return huge ? PMAD_HUGE_PAGE_SIZE : page_size();
}

enum pmad_status pmad_layout_fit(const struct pmad_layout *layout, struct pmad_fit *fit)
{
    size_t unit = unit_of(layout, layout->pool_size);
    size_t least_unit = unit_of(layout, 0); /* of the smallest pool, unless that is a large one */
    size_t pool_size = layout->pool_size;

    /* What rounding up would take beyond any address space is beyond it already. */
    pool_size = pool_size > (size_t)PTRDIFF_MAX - unit ? SIZE_MAX : pmad_round_up(pool_size, unit);
    pmad_fit_into(layout, pool_size, least_unit, fit);
    if (unit_of(layout, fit->pool_size_min) != least_unit)
        pmad_fit_into(layout, pool_size, PMAD_HUGE_PAGE_SIZE, fit);
    return fit->status;
}

/* ---- what the kernel's files say ---- */

/* The first `size` - 1 bytes of a file; an empty text if there is no such file. */
static void read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;

    if (fd >= 0) {
        got = read(fd, text, size - 1);
        close(fd);
    }
    text[got > 0 ? got : 0] = '\0';
}

/* Returns the number that a file begins with; 0 if there is none. */
static size_t read_number(const char *path)
{
    char text[32];
    size_t number = 0;

    read_text(path, text, sizeof text);
    for (const char *at = text; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (size_t)(*at - '0');
    return number;
}

/* Returns whether transparent huge pages are turned off for this process or for everybody: the advice
 * to use them is taken even then. Where the size of 2 MiB has a setting (Linux 6.8), it may send us
 * to the one for all sizes. */
static bool huge_pages_are_off(void)
{
    char setting[64];

#ifdef PR_GET_THP_DISABLE
    if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1)
        return true;
#endif
    read_text(THP_SETTINGS "hugepages-2048kB/enabled", setting, sizeof setting);
    if (setting[0] == '\0' || strstr(setting, "[inherit]") != NULL)
        read_text(THP_SETTINGS "enabled", setting, sizeof setting);
    return strstr(setting, "[never]") != NULL;
}

/* Returns how many bytes of explicit huge pages are to be had: those put aside that are neither in
 * use nor promised, and those that may still be made. */
static size_t explicit_huge_pages_left(void)
{
    size_t there = read_number(EXPLICIT_2MB "free_hugepages") +
                   read_number(EXPLICIT_2MB "nr_overcommit_hugepages");
    size_t gone =
        read_number(EXPLICIT_2MB "resv_hugepages") + read_number(EXPLICIT_2MB "surplus_hugepages");
    size_t left = there > gone ? there - gone : 0;

    return left < SIZE_MAX / PMAD_HUGE_PAGE_SIZE ? left * PMAD_HUGE_PAGE_SIZE : SIZE_MAX;
}

/* ---- mapping ---- */

/* Maps so many bytes with these flags besides. Returns whether they were had. */
static bool map(struct grant *grant, size_t size, int flags)
{
    void *mapping =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (mapping == MAP_FAILED)
        return false;
    grant->mapping = mapping;
    grant->mapping_size = size;
    grant->region = mapping;
    return true;
}

/* Leaves errno as it is: it says why. */
static void unmap(const struct grant *grant)
{
    int reason = errno;

    munmap(grant->mapping, grant->mapping_size);
    errno = reason;
}

/* Gives advice that only Linux takes. Elsewhere it fails as with a kernel that does not know it. */
static int advise(const struct grant *grant, int advice)
{
#ifdef __linux__
    return madvise(grant->region, grant->size, advice);
#else
    (void)grant;
    (void)advice;
    errno = EINVAL;
    return -1;
#endif
}

/* Faults every page in for writing. Returns whether all are there. */
static bool populate(const struct grant *grant)
{
    size_t page = page_size();

    if (advise(grant, MADV_POPULATE_WRITE) == 0)
        return true;
    if (errno != EINVAL)
        return false;

    /* A kernel that does not know the advice: the mapping is fresh, so zeroes change nothing. */
    for (size_t at = 0; at < grant->size; at += page)
        ((volatile char *)grant->region)[at] = 0;
    return true;
}

/* Maps explicit huge pages, if there are enough. A process whose control group may not have them gets
 * the mapping all the same, and a signal at first touch: only pages that are there are had. (Before
 * Linux 5.14 nothing but touching them tells, and the signal comes.) */
static bool map_explicit(struct grant *grant)
{
#ifdef MAP_HUGETLB
    if (!map(grant, grant->size, EXPLICIT))
        return false;
    if (populate(grant))
        return true;
    unmap(grant);
    errno = ENOMEM;
#else
    (void)grant;
    errno = ENOTSUP;
#endif
    return false;
}

/*
 * Maps the pool. For transparent huge pages it has to begin at a multiple of their size, and so the
 * mapping is larger by one of them: address space that nobody touches, which is cheaper than giving
 * it back with another system call.
 */
static enum pmad_status map_pool(const struct pmad_layout *layout, struct grant *grant)
{
    bool align = layout->huge_pages != PMAD_OFF && grant->size % PMAD_HUGE_PAGE_SIZE == 0;
    size_t slack = align ? PMAD_HUGE_PAGE_SIZE : 0;

    if (layout->explicit_huge_pages != PMAD_OFF)
        grant->explicit_huge_pages = map_explicit(grant);
    if (grant->explicit_huge_pages)
        return PMAD_OK;
    if (layout->explicit_huge_pages == PMAD_REQUIRE)
        return PMAD_EXPLICIT_HUGE_PAGES_REFUSED;

    if (!map(grant, grant->size + slack, 0))
        return PMAD_MAPPING_REFUSED;
    if (align)
        grant->region += -(uintptr_t)grant->mapping % PMAD_HUGE_PAGE_SIZE;
    return PMAD_OK;
}

/* ---- what is asked for beyond the mapping ---- */

static bool advise_huge_pages(const struct grant *grant)
{
    if (grant->size % PMAD_HUGE_PAGE_SIZE == 0 && !huge_pages_are_off())
        return advise(grant, MADV_HUGEPAGE) == 0;
    errno = ENOTSUP;
    return false;
}

/* Huge pages come first: they must be decided on before the pages are there. Explicit ones are huge,
 * and there already. */
static enum pmad_status ask_system(const struct pmad_layout *layout, struct grant *grant)
{
    if (layout->huge_pages != PMAD_OFF)
        grant->huge_pages = grant->explicit_huge_pages || advise_huge_pages(grant);
    if (layout->huge_pages == PMAD_REQUIRE && !grant->huge_pages)
        return PMAD_HUGE_PAGES_REFUSED;

    if (layout->prefault != PMAD_OFF)
        grant->prefaulted = grant->explicit_huge_pages || populate(grant);
    if (layout->prefault == PMAD_REQUIRE && !grant->prefaulted)
        return PMAD_PREFAULT_REFUSED;

    if (layout->lock != PMAD_OFF)
        grant->locked = mlock(grant->region, grant->size) == 0;
    if (layout->lock == PMAD_REQUIRE && !grant->locked)
        return PMAD_LOCK_REFUSED;
    return PMAD_OK;
}

/* ---- the pool ---- */

/* What a guarded pool does about a crime that nobody else wants to hear of: says what there is to say,
 * and stops. */
static void say_and_trap(void *unused, struct pmad *pool, const struct pmad_crime *crime)
{
    char place[96] = "in no class";

    (void)unused;
    if (crime->class_index < pool->class_count)
        snprintf(place, sizeof place, "class %zu (%zu bytes), block %zu", crime->class_index,
                 pool->runs[crime->class_index].block_size, crime->block_index);
    dprintf(STDERR_FILENO, "pmad: %s: %s: at %p, seen 0x%" PRIx64 ", expected 0x%" PRIx64 "\n",
            pmad_crime_text(crime->kind), place, crime->address, crime->seen, crime->expected);
    __builtin_trap();
}

enum pmad_status pmad_init(struct pmad **pool, const struct pmad_layout *layout)
{
    struct grant grant = {.mapping = NULL};
    struct pmad_fit fit;
    enum pmad_status status;

    *pool = NULL;
    pmad_guard_fall_back_on(say_and_trap);
    if (pmad_layout_fit(layout, &fit) != PMAD_OK)
        return fit.status;
    grant.size = fit.mapping_size;
    status = map_pool(layout, &grant);
    if (status != PMAD_OK)
        return status;
    status = ask_system(layout, &grant);
    if (status == PMAD_OK)
        status = pmad_init_at(pool, grant.region, grant.size, layout);
    if (status != PMAD_OK) {
        unmap(&grant);
        return status;
    }
    (*pool)->mapping = grant.mapping;
    (*pool)->mapping_size = grant.mapping_size;
    (*pool)->prefaulted = grant.prefaulted;
    (*pool)->locked = grant.locked;
    (*pool)->huge_pages = grant.huge_pages;
    (*pool)->explicit_huge_pages = grant.explicit_huge_pages;
    return PMAD_OK;
}

void pmad_destroy(struct pmad *pool)
{
    if (pool == NULL)
        return;
    pmad_guard_end(pool);
    if (pool->mapping != NULL)
        munmap(pool->mapping, pool->mapping_size);
}

/* ---- what was too little ---- */

static size_t lock_limit(void)
{
#ifdef RLIMIT_MEMLOCK
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < SIZE_MAX)
        return (size_t)limit.rlim_cur;
#endif
    return SIZE_MAX;
}

struct pmad_shortage pmad_shortage(const struct pmad_layout *layout, enum pmad_status status)
{
    struct pmad_fit fit;

    if (pmad_layout_fit(layout, &fit) != PMAD_OK)
        return (struct pmad_shortage){0, 0};
    if (status == PMAD_LOCK_REFUSED)
        return (struct pmad_shortage){fit.mapping_size, lock_limit()};
    if (status == PMAD_EXPLICIT_HUGE_PAGES_REFUSED)
        return (struct pmad_shortage){fit.mapping_size, explicit_huge_pages_left()};
    return (struct pmad_shortage){0, 0};
}
