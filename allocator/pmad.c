/*
 * The intrusive engine: taking, giving back, and the life of a pool.
 *
 * pmad_alloc() and pmad_free() are straight lines. What would be a condition is an index or a mask,
 * and masks are made by arithmetic on a comparison: compilers turn a ternary back into a jump when
 * it guards a load or clamps a size. tests/unit/pmad_disasm.sh reads the result.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_must.h"
#include "pmad_pool.h"

#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23 /* Linux 5.14; older C libraries do not name it */
#endif

/* Returns all ones for 1 and 0 for 0. */
static inline uintptr_t mask(size_t yes)
{
    return 0 - (uintptr_t)yes;
}

static inline void *pointer(uintptr_t address)
{
    return (void *)address; /* NOLINT(performance-no-int-to-ptr): a mask is arithmetic */
}

/*
 * Returns the run of a class, as one address in one register. A free list is written by one call and
 * read by the next, and processors hand such a word over fastest when both name it by a plain base
 * and offset; clang would use base and index throughout, which costs half as much again.
 */
static inline struct pmad_run *run_of(const struct pmad *pool, size_t class_id)
{
    struct pmad_run *run = &pool->runs[class_id];

    __asm__("" : "+r"(run));
    return run;
}

void *pmad_alloc(struct pmad *pool, size_t size)
{
    /* A size so large that the sum wraps comes to 0 units, which is the none class too. */
    size_t units = (size + PMAD_GRANULARITY - 1) / PMAD_GRANULARITY;
    size_t index = units & mask(units <= pool->units_max);
    struct pmad_run *run = run_of(pool, pool->class_of[index]);
    struct pmad_header *header = run->free;
    size_t had = header != &run->end;

    run->free = header->next;
    run->in_use += had;
    run->high_water += run->in_use > run->high_water; /* in_use rises by one at a time */
    run->refused += 1 - had;
    return pointer((uintptr_t)(header + 1) & mask(had));
}

void pmad_free(struct pmad *pool, void *block)
{
    uintptr_t address = (uintptr_t)block;
    size_t ours = address - pool->blocks_begin < pool->blocks_span;
    uintptr_t own = (address - PMAD_HEADER_SIZE) & mask(ours);
    uintptr_t nowhere = (uintptr_t)&pool->none->end & ~mask(ours);
    struct pmad_header *header = pointer(own | nowhere);
    struct pmad_run *run = run_of(pool, header->class_id);

    header->next = run->free;
    run->free = header;
    run->in_use -= ours;
}

size_t pmad_block_size(const struct pmad *pool, const void *block)
{
    const struct pmad_header *header = block;

    return pool->runs[header[-1].class_id].block_size;
}

/* Faults every page in for writing. Returns whether all are there. */
static bool populate(unsigned char *mapping, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (madvise(mapping, size, MADV_POPULATE_WRITE) == 0)
        return true;
    if (errno != EINVAL)
        return false;

    /* A kernel that does not know the advice: the mapping is fresh, so zeroes change nothing. */
    for (size_t at = 0; at < size; at += page)
        ((volatile unsigned char *)mapping)[at] = 0;
    return true;
}

/* Asks for what the layout wants beyond the mapping, huge pages first: they must be decided on
 * before the pages are there. Notes in `*made` what was had. */
static enum pmad_status ask_system(void *mapping, size_t size, const struct pmad_layout *layout,
                                   struct pmad *made)
{
    if (layout->huge_pages != PMAD_OFF)
        made->huge_pages = madvise(mapping, size, MADV_HUGEPAGE) == 0;
    if (layout->huge_pages == PMAD_REQUIRE && !made->huge_pages)
        return PMAD_HUGE_PAGES_REFUSED;

    if (layout->prefault != PMAD_OFF)
        made->prefaulted = populate(mapping, size);
    if (layout->prefault == PMAD_REQUIRE && !made->prefaulted)
        return PMAD_PREFAULT_REFUSED;

    if (layout->lock != PMAD_OFF)
        made->locked = mlock(mapping, size) == 0;
    if (layout->lock == PMAD_REQUIRE && !made->locked)
        return PMAD_LOCK_REFUSED;
    return PMAD_OK;
}

/* Gives every size the smallest class that holds it; the table's one writer. */
static void write_size_table(struct pmad *pool)
{
    size_t class_id = 0;

    pool->class_of[0] = (uint8_t)pool->class_count;
    for (size_t units = 1; units <= pool->units_max; units++) {
        class_id += units * PMAD_GRANULARITY > pool->runs[class_id].block_size;
        pool->class_of[units] = (uint8_t)class_id;
    }
}

/* Writes the headers of a run whose facts are there, and links them in the order of addresses. */
static void link_run(struct pmad_run *run, size_t class_id)
{
    run->end = (struct pmad_header){.next = &run->end, .class_id = class_id};
    run->free = &run->end;
    for (size_t i = run->blocks; i-- > 0;) {
        struct pmad_header *header = pmad_run_header(run, i);

        *header = (struct pmad_header){.next = run->free, .class_id = class_id};
        run->free = header;
    }
}

/* Cuts the runs as `fit` says, one behind the other. */
static void write_runs(struct pmad *pool, const struct pmad_layout *layout,
                       const struct pmad_fit *fit)
{
    char *at = (char *)pool + fit->metadata_size;

    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_fit_class *class = &fit->classes[i];
        struct pmad_run *run = &pool->runs[i];

        run->first = (void *)at;
        run->block_size = class->block_size;
        run->stride = class->stride;
        run->blocks = class->blocks;
        run->share = layout->classes[i].share;
        link_run(run, i);
        at += class->bytes;
    }
    link_run(pool->none, pool->class_count);
    MUST(at == (char *)pool + pool->mapping_size);
}

enum pmad_status pmad_init(struct pmad **pool, const struct pmad_layout *layout)
{
    struct pmad made = {0};
    struct pmad_fit fit;
    enum pmad_status status;
    size_t largest;
    char *mapping;

    *pool = NULL;
    if (pmad_layout_fit(layout, &fit) != PMAD_OK)
        return fit.status;
    mapping =
        mmap(NULL, fit.mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return PMAD_MAPPING_REFUSED;
    status = ask_system(mapping, fit.mapping_size, layout, &made);
    if (status != PMAD_OK) {
        munmap(mapping, fit.mapping_size);
        return status;
    }

    largest = layout->classes[layout->class_count - 1].block_size;
    made.class_count = layout->class_count;
    made.mapping_size = fit.mapping_size;
    made.usable_size = fit.usable_size;
    made.units_max = largest / PMAD_GRANULARITY;
    made.runs = (void *)(mapping + pmad_runs_offset(largest));
    made.none = made.runs + made.class_count;
    made.blocks_begin = (uintptr_t)mapping + fit.metadata_size + PMAD_HEADER_SIZE;
    made.blocks_span = fit.usable_size - PMAD_HEADER_SIZE;

    *pool = (void *)mapping;
    **pool = made;
    write_runs(*pool, layout, &fit);
    write_size_table(*pool);
    return PMAD_OK;
}

void pmad_destroy(struct pmad *pool)
{
    if (pool != NULL)
        munmap(pool, pool->mapping_size);
}

void pmad_stats(const struct pmad *pool, struct pmad_stats *stats)
{
    *stats = (struct pmad_stats){
        .pool_size = pool->mapping_size,
        .usable_size = pool->usable_size,
        .refused_size = pool->none->refused,
        .prefaulted = pool->prefaulted,
        .locked = pool->locked,
        .huge_pages = pool->huge_pages,
        .class_count = pool->class_count,
    };
    for (size_t i = 0; i < pool->class_count; i++) {
        const struct pmad_run *run = &pool->runs[i];

        stats->used_size += run->in_use * run->block_size;
        stats->classes[i] = (struct pmad_class_stats){
            .block_size = run->block_size,
            .stride = run->stride,
            .blocks = run->blocks,
            .in_use = run->in_use,
            .high_water = run->high_water,
            .refused = run->refused,
        };
    }
}
