#include "needs.h"

#include "pmad_must.h"

enum { BLOCK_ROUNDING = 16 };

static size_t round_up(size_t size)
{
    return (size + BLOCK_ROUNDING - 1) / BLOCK_ROUNDING * BLOCK_ROUNDING;
}

void needs_add(struct needs *needs, size_t block_size, size_t blocks)
{
    if (blocks == 0)
        return;
    MUST(needs->count < NEEDS_MAX);
    needs->list[needs->count++] = (struct router_need){.block_size = block_size, .blocks = blocks};
}

/* A class that is to be: what it must have, and about how many bytes of a pool that takes. */
struct wanted {
    size_t block_size, blocks, bytes;
};

/* What a block takes in a pool that has no others, with all that belongs to it; by the allocator's own
 * arithmetic, as it depends on the engine. */
static size_t cost_of(size_t block_size)
{
    enum { SAMPLE = 64, ROOM = 1024 * 1024 }; /* enough of them that no rounding shows */
    struct pmad_layout layout = {.pool_size = SAMPLE * block_size + ROOM,
                                 .class_count = 1,
                                 .classes = {{.block_size = block_size, .share = 100}}};
    struct pmad_fit fit;

    MUST(pmad_layout_fit(&layout, &fit) == PMAD_OK);
    return fit.classes[0].bytes / fit.classes[0].blocks + 1;
}

/* One class for each rounded size, ascending. Returns how many. */
static size_t wanted_collect(const struct needs *needs, struct wanted *wanted)
{
    size_t count = 0;

    for (size_t i = 0; i < needs->count; i++) {
        size_t size = round_up(needs->list[i].block_size);
        size_t at = 0;

        while (at < count && wanted[at].block_size < size)
            at++;
        if (at == count || wanted[at].block_size != size) {
            for (size_t j = count++; j > at; j--)
                wanted[j] = wanted[j - 1];
            wanted[at] = (struct wanted){.block_size = size};
        }
        wanted[at].blocks += needs->list[i].blocks;
    }
    return count;
}

/* Shares that give every class its blocks out of `usable` bytes; what is left of the 100 goes to the
 * largest. False when 100 percent are not enough. */
static bool shares_cut(struct pmad_layout *layout, const struct wanted *wanted, size_t usable)
{
    size_t percent = usable / 100;
    size_t largest = 0;
    size_t sum = 0;

    for (size_t i = 0; i < layout->class_count; i++) {
        size_t share = percent == 0 ? 101 : (wanted[i].bytes + percent - 1) / percent;

        sum += share;
        if (sum > 100)
            return false;
        layout->classes[i].share = (unsigned)share;
        if (share > layout->classes[largest].share)
            largest = i;
    }
    layout->classes[largest].share += (unsigned)(100 - sum);
    return true;
}

bool needs_layout(const struct needs *needs, struct pmad_layout *layout)
{
    struct wanted wanted[NEEDS_MAX];
    struct needs_gap gap;
    struct pmad_fit fit;
    size_t usable = 0;

    layout->class_count = wanted_collect(needs, wanted);
    if (layout->class_count == 0 ||
        wanted[layout->class_count - 1].block_size > (size_t)PMAD_BLOCK_MAX)
        return false;
    for (size_t i = 0; i < layout->class_count; i++) {
        layout->classes[i].block_size = wanted[i].block_size;
        wanted[i].bytes = wanted[i].blocks * cost_of(wanted[i].block_size);
        usable += wanted[i].bytes;
    }

    /* Every step makes every share cheaper, so this ends: at the latest where each is 1 percent. */
    for (;; usable += usable / 200 + 16) {
        if (!shares_cut(layout, wanted, usable))
            continue;
        layout->pool_size = usable;
        (void)pmad_layout_fit(layout, &fit);
        layout->pool_size = usable + fit.metadata_size;
        if (pmad_layout_fit(layout, &fit) != PMAD_OK || !needs_met(needs, layout, &fit, &gap))
            continue;
        layout->pool_size = fit.mapping_size; /* whole pages read better */
        return true;
    }
}

bool needs_met(const struct needs *needs, const struct pmad_layout *layout,
               const struct pmad_fit *fit, struct needs_gap *gap)
{
    size_t wanted[PMAD_CLASSES_MAX] = {0};

    for (size_t i = 0; i < needs->count; i++) {
        size_t class = 0;

        while (class < layout->class_count &&
               layout->classes[class].block_size < needs->list[i].block_size)
            class ++;
        if (class == layout->class_count) {
            *gap = (struct needs_gap){.block_size = needs->list[i].block_size,
                                      .needed = needs->list[i].blocks};
            return false;
        }
        wanted[class] += needs->list[i].blocks;
    }
    for (size_t i = 0; i < layout->class_count; i++) {
        if (wanted[i] > fit->classes[i].blocks) {
            *gap = (struct needs_gap){.block_size = fit->classes[i].block_size,
                                      .needed = wanted[i],
                                      .there = fit->classes[i].blocks};
            return false;
        }
    }
    return true;
}
