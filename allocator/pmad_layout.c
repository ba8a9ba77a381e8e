/*
 * From a layout to block counts: the one copy of the arithmetic in incPMAD.h. It needs neither libc nor
 * a system; what pages have to do with it is in pmad_system.c.
 */
#include "pmad_layout.h"
#include "incPMAD.h"

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

struct pmad_plan pmad_plan(size_t pool_size, size_t class_count, size_t largest_block)
{
    size_t units = largest_block / PMAD_GRANULARITY;
    size_t runs = (class_count + PMAD_LISTS_EXTRA) * sizeof(struct pmad_run);
    struct pmad_plan plan = {.granule = PMAD_GRANULE_MIN};
    size_t metadata, unit;

    /* Small granules take a large map, large ones waste a piece of every class. */
    while (PMAD_GRANULES_MAX > 0 && (pool_size / plan.granule > PMAD_GRANULES_MAX ||
                                     pool_size / plan.granule > plan.granule / 4))
        plan.granule *= 2;

    plan.table_offset = sizeof(struct pmad) + runs;
    plan.map_offset =
        pmad_round_up(plan.table_offset + (units + 1) * sizeof(uint16_t), sizeof(void *));
    metadata = plan.map_offset;
    if (PMAD_GRANULES_MAX > 0)
        metadata += (pool_size / plan.granule + 1) * sizeof(void *);
    metadata = pmad_round_up(metadata, PMAD_LINE_SIZE);

    /* The usable part ends with the pool and consists of whole granules. */
    unit = plan.granule > PMAD_LINE_SIZE ? plan.granule : PMAD_LINE_SIZE;
    plan.usable_offset = metadata;
    if (metadata < pool_size)
        plan.usable_offset = pool_size - (pool_size - metadata) / unit * unit;
    return plan;
}

/* The bytes that `blocks` blocks of a class take with all that belongs to them. */
static size_t bytes_of(const struct pmad_fit_class *class, size_t blocks)
{
    size_t gaps = class->group == 0 || blocks == 0 ? 0 : (blocks - 1) / class->group;

    return pmad_side_size(blocks) + blocks * class->stride + gaps * PMAD_COLOUR_GAP;
}

/* Returns how many blocks go into `bytes`. */
static size_t blocks_in(const struct pmad_fit_class *class, size_t bytes)
{
    size_t each = class->stride + PMAD_SLOT_SIZE + PMAD_GUARD_STATE_SIZE;
    size_t group = class->group == 0 ? 1 : class->group;
    size_t gap = class->group == 0 ? 0 : PMAD_COLOUR_GAP;
    size_t blocks = bytes / (each * group + gap) * group; /* a little off: the ends are rounded */

    while (bytes_of(class, blocks + 1) <= bytes)
        blocks++;
    while (blocks > 0 && bytes_of(class, blocks) > bytes)
        blocks--;
    return blocks;
}

static struct pmad_fit_class shape_of(size_t block_size)
{
    struct pmad_fit_class class = {.block_size = block_size};

    class.stride =
        PMAD_HEADER_SIZE + pmad_round_up(block_size + PMAD_GUARD_CANARY_SIZE, PMAD_STRIDE_UNIT);
    if (PMAD_COLOUR_GAP > 0 && block_size % PMAD_COLOUR_UNIT == 0)
        class.group = block_size < PMAD_COLOUR_SPAN ? PMAD_COLOUR_SPAN / block_size : 1;
    return class;
}

/* Cuts `fit->usable_size` into the parts of the classes. Returns the index of the first class that is
 * left without a block, or class_count when all have one. */
static size_t cut(const struct pmad_layout *layout, size_t granule, struct pmad_fit *fit)
{
    size_t usable = fit->usable_size;
    size_t left = usable;
    size_t last = layout->class_count - 1;
    size_t without = layout->class_count;

    for (size_t i = 0; i <= last; i++) {
        const struct pmad_class *class = &layout->classes[i];
        struct pmad_fit_class *fitted = &fit->classes[i];
        /* usable * share / 100, in two steps that cannot overflow */
        size_t bytes = usable / 100 * class->share + usable % 100 * class->share / 100;

        bytes = i == last ? left : bytes / granule * granule;
        left -= bytes;
        *fitted = shape_of(class->block_size);
        fitted->bytes = bytes;
        fitted->blocks = blocks_in(fitted, bytes);
        fitted->side = fitted->blocks == 0 ? 0 : pmad_side_size(fitted->blocks);
        if (fitted->blocks == 0 && without > i)
            without = i;
    }
    return without;
}

/* Cuts a pool of `pool_size` bytes; returns what cut() does. */
static size_t fit_size(const struct pmad_layout *layout, size_t pool_size, struct pmad_fit *fit)
{
    size_t largest = layout->classes[layout->class_count - 1].block_size;
    struct pmad_plan plan = pmad_plan(pool_size, layout->class_count, largest);

    fit->mapping_size = pool_size;
    fit->metadata_size = plan.usable_offset;
    fit->usable_size = pool_size > plan.usable_offset ? pool_size - plan.usable_offset : 0;
    return cut(layout, plan.granule, fit);
}

/*
 * Returns a size below which class `i` stays without a block, seeing that it is without one in
 * `pool_size`: its share of the usable part has to reach what one block takes. The last class also
 * gets what rounding took from the others, less than a granule each.
 */
static size_t bound_of(const struct pmad_layout *layout, size_t i, size_t pool_size)
{
    size_t last = layout->class_count - 1;
    size_t largest = layout->classes[last].block_size;
    struct pmad_fit_class class = shape_of(layout->classes[i].block_size);
    size_t least = bytes_of(&class, 1);
    struct pmad_plan plan;
    size_t bound = pool_size;

    do { /* granules grow with the pool; what they give to the last class must not be underrated */
        size_t need, gift;

        plan = pmad_plan(bound, layout->class_count, largest);
        gift = last * plan.granule;
        if (i < last)
            need = pmad_round_up(least, plan.granule);
        else
            need = least > gift ? least - gift : 0;
        need = plan.map_offset + need * 100 / layout->classes[i].share;
        bound = need > pool_size ? need : pool_size;
    } while (plan.granule < pmad_plan(bound, layout->class_count, largest).granule && i == last);
    return bound;
}

/* Returns the smallest pool, in whole units, in which every class has a block. It goes up from bound
 * to bound, and so passes over nothing that would do. */
static size_t smallest_pool(const struct pmad_layout *layout, size_t unit)
{
    size_t pool_size = unit;

    for (;;) {
        struct pmad_fit trial;
        size_t without = fit_size(layout, pool_size, &trial);
        size_t bound;

        if (without == layout->class_count)
            return pool_size;
        bound = pmad_round_up(bound_of(layout, without, pool_size), unit);
        pool_size = bound > pool_size ? bound : pool_size + unit;
    }
}

enum pmad_status pmad_fit_into(const struct pmad_layout *layout, size_t pool_size, size_t unit,
                               struct pmad_fit *fit)
{
    size_t without;

    *fit = (struct pmad_fit){.status = PMAD_OK};
    fit->status = classes_status(layout, &fit->class_at_fault);
    if (fit->status != PMAD_OK)
        return fit->status;
    if (pool_size > (size_t)PTRDIFF_MAX) { /* no object is larger, and sums below could overflow */
        fit->status = PMAD_POOL_TOO_LARGE;
        return fit->status;
    }

    if (unit > 0)
        fit->pool_size_min = smallest_pool(layout, unit);
    without = fit_size(layout, pool_size, fit);
    if (without < layout->class_count) {
        fit->class_at_fault = without;
        fit->status = PMAD_POOL_TOO_SMALL;
    }
    return fit->status;
}

enum pmad_status pmad_region_fit(const struct pmad_layout *layout, size_t bytes,
                                 struct pmad_fit *fit)
{
    return pmad_fit_into(layout, bytes / PMAD_LINE_SIZE * PMAD_LINE_SIZE, PMAD_REGION_UNIT, fit);
}
