/* From a layout to block counts: the one copy of the arithmetic in incPMAD.h. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <unistd.h>

#include "incPMAD.h"
#include "pmad_pool.h"

static enum pmad_status class_status(const struct pmad_layout *layout, size_t i)
{
    const struct pmad_class *class = &layout->classes[i];

    if (class->block_size == 0)
        return PMAD_BLOCK_ZERO;
    if (class->block_size % PMAD_GRANULARITY != 0)
        return PMAD_BLOCK_UNALIGNED;
    if (class->block_size > PMAD_BLOCK_MAX)
        return PMAD_BLOCK_TOO_LARGE;
    if (i > 0 && class->block_size <= class[-1].block_size)
        return PMAD_NOT_ASCENDING;
    if (class->share == 0)
        return PMAD_SHARE_ZERO;
    return PMAD_OK;
}

/* Judges everything but the sizes of pool and runs. */
static enum pmad_status classes_status(const struct pmad_layout *layout, size_t *class_at_fault)
{
    uint64_t shares = 0;

    if (layout->class_count == 0)
        return PMAD_NO_CLASSES;
    if (layout->class_count > PMAD_CLASSES_MAX)
        return PMAD_TOO_MANY_CLASSES;
    for (size_t i = 0; i < layout->class_count; i++) {
        enum pmad_status status = class_status(layout, i);

        if (status != PMAD_OK) {
            *class_at_fault = i;
            return status;
        }
        shares += layout->classes[i].share;
    }
    return shares == 100 ? PMAD_OK : PMAD_SHARES_NOT_100;
}

static size_t stride_of(size_t block_size)
{
    return PMAD_HEADER_SIZE + pmad_round_up(block_size, PMAD_HEADER_SIZE);
}

/* Cuts `fit->usable_size` into runs. Returns the index of the first class that is left without a
 * block, or class_count when all have one. */
static size_t cut(const struct pmad_layout *layout, struct pmad_fit *fit)
{
    size_t usable = fit->usable_size;
    size_t left = usable;
    size_t last = layout->class_count - 1;
    size_t without = layout->class_count;

    for (size_t i = 0; i <= last; i++) {
        const struct pmad_class *class = &layout->classes[i];
        /* usable * share / 100, in two steps that cannot overflow */
        size_t bytes = usable / 100 * class->share + usable % 100 * class->share / 100;

        bytes = i == last ? left : bytes / PMAD_HEADER_SIZE * PMAD_HEADER_SIZE;
        left -= bytes;
        fit->classes[i] = (struct pmad_fit_class){
            .block_size = class->block_size,
            .stride = stride_of(class->block_size),
            .blocks = bytes / stride_of(class->block_size),
            .bytes = bytes,
        };
        if (fit->classes[i].blocks == 0 && without > i)
            without = i;
    }
    return without;
}

/*
 * Returns the smallest mapping in which every class has a block.
 *
 * A class has one when its share of `usable` reaches its stride. That is a plain bound for every
 * class but the last, which also gets what rounding took from the others: less than 16 bytes each.
 * How much that is goes up and down with the size, so the last few pages are tried one by one, from
 * a bound below which nothing can do. There are at most 16 * 63 * 100 bytes to try, 25 small pages.
 */
static size_t smallest_mapping(const struct pmad_layout *layout, size_t metadata, size_t page)
{
    struct pmad_fit trial;
    size_t last = layout->class_count - 1;
    size_t bound = 0;

    for (size_t i = 0; i <= last; i++) {
        const struct pmad_class *class = &layout->classes[i];
        size_t least = stride_of(class->block_size) * 100 / class->share;
        size_t gift = i == last ? PMAD_HEADER_SIZE * last * 100 / class->share : 0;

        if (least > bound + gift)
            bound = least - gift;
    }
    trial.mapping_size = pmad_round_up(metadata + bound, page);
    for (;; trial.mapping_size += page) {
        trial.usable_size = trial.mapping_size - metadata;
        if (cut(layout, &trial) == layout->class_count)
            return trial.mapping_size;
    }
}

enum pmad_status pmad_layout_fit(const struct pmad_layout *layout, struct pmad_fit *fit)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t without;

    *fit = (struct pmad_fit){.status = PMAD_OK};
    fit->status = classes_status(layout, &fit->class_at_fault);
    if (fit->status != PMAD_OK)
        return fit->status;

    /* No object may be larger than PTRDIFF_MAX, or pointers into it could not be subtracted. */
    if (layout->pool_size > (size_t)PTRDIFF_MAX - page)
        return fit->status = PMAD_POOL_TOO_LARGE;

    fit->metadata_size = pmad_blocks_offset(layout->classes[layout->class_count - 1].block_size,
                                            layout->class_count);
    fit->pool_size_min = smallest_mapping(layout, fit->metadata_size, page);
    fit->mapping_size = pmad_round_up(layout->pool_size, page);
    if (fit->mapping_size > fit->metadata_size)
        fit->usable_size = fit->mapping_size - fit->metadata_size;

    without = cut(layout, fit);
    if (without < layout->class_count) {
        fit->class_at_fault = without;
        fit->status = PMAD_POOL_TOO_SMALL;
    }
    return fit->status;
}

const char *pmad_strerror(enum pmad_status status)
{
    static const char *const texts[] = {
        [PMAD_OK] = "success",
        [PMAD_NO_CLASSES] = "the layout has no size class",
        [PMAD_TOO_MANY_CLASSES] = "the layout has more than 64 size classes",
        [PMAD_BLOCK_ZERO] = "a block size is 0",
        [PMAD_BLOCK_UNALIGNED] = "a block size is no multiple of 8",
        [PMAD_BLOCK_TOO_LARGE] = "a block size is above 1 MiB",
        [PMAD_NOT_ASCENDING] = "the block sizes do not ascend",
        [PMAD_SHARE_ZERO] = "a share is 0 percent",
        [PMAD_SHARES_NOT_100] = "the shares do not sum to 100",
        [PMAD_POOL_TOO_SMALL] = "the pool is too small for one block of every class",
        [PMAD_POOL_TOO_LARGE] = "the pool is larger than an address space",
        [PMAD_MAPPING_REFUSED] = "the system refused the mapping",
        [PMAD_PREFAULT_REFUSED] = "the system refused the pages to be faulted in beforehand",
        [PMAD_LOCK_REFUSED] = "the system refused to lock the pool in memory",
        [PMAD_HUGE_PAGES_REFUSED] = "the system refused huge pages",
    };

    return (size_t)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}
