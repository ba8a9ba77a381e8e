/*
 * The tables of docs/allocator.md, as far as one build of the allocator can know them. A row is a title,
 * a TAB and the cell of this build; pmad_table.sh sets the cells of all builds side by side.
 *
 *     pmad_table blocks     what a block takes of a pool of 64 MiB that has no other class
 *     pmad_table layouts    what an example and the reference layouts come to in 1 MiB
 */
#include <stdio.h>
#include <string.h>

#include "incPMAD.h"
#include "pmad_must.h"
#include "pmad_pool.h" /* PMAD_INTRUSIVE, PMAD_GUARD */

enum { MIB = 1024 * 1024, BLOCKS_POOL = 64 * MIB, LAYOUTS_POOL = MIB };

static const char *const engine = PMAD_INTRUSIVE ? "intrusive" : "stack";
static const char *const guarded = PMAD_GUARD ? ", guarded" : "";

static struct pmad_fit fit_of(const struct pmad_class *classes, size_t class_count,
                              size_t pool_size)
{
    struct pmad_layout layout = {.pool_size = pool_size, .class_count = class_count};
    struct pmad_fit fit;

    memcpy(layout.classes, classes, class_count * sizeof *classes);
    MUST(pmad_layout_fit(&layout, &fit) == PMAD_OK);
    return fit;
}

/* The pool by its blocks: what is not a block, down to the last rounding, is shared by all of them. */
static void print_block(size_t block_size)
{
    struct pmad_class class = {block_size, 100};
    struct pmad_fit fit = fit_of(&class, 1, BLOCKS_POOL);
    double each = (double)fit.mapping_size / (double)fit.classes[0].blocks;
    double over = each - (double)block_size;

    printf("%zu\t%.2f: %.2f, %.1f %%\n", block_size, each, over, over * 100 / (double)block_size);
}

static void print_blocks(void)
{
    static const size_t sizes[] = {8,   16,  24,   32,   64,   72,    96,    128,    192,
                                   256, 512, 1024, 2048, 4096, 16384, 65536, 1048576};

    printf("block\t%s%s\n---:\t---:\n", engine, guarded);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        print_block(sizes[i]);
}

static void print_layout(const char *name, const struct pmad_class *classes, size_t class_count)
{
    struct pmad_fit fit = fit_of(classes, class_count, LAYOUTS_POOL);
    size_t payload = 0;

    for (size_t i = 0; i < class_count; i++)
        payload += fit.classes[i].blocks * fit.classes[i].block_size;
    printf("**%s**\tmetadata %zu; %.1f %% is blocks\n", name, fit.metadata_size,
           (double)payload * 100 / (double)fit.mapping_size);
    for (size_t i = 0; i < class_count; i++)
        printf("%zu B, %u %%\t%zu × %zu in %zu\n", classes[i].block_size, classes[i].share,
               fit.classes[i].blocks, fit.classes[i].stride, fit.classes[i].bytes);
}

static void print_layouts(void)
{
    static const struct pmad_class example[] = {{64, 40}, {1024, 60}};

    printf("layout, class\t%s%s\n---\t---:\n", engine, guarded);
    print_layout("the example", example, sizeof example / sizeof *example);
    for (const struct pmad_profile *profile = pmad_profiles; profile->name != NULL; profile++)
        print_layout(profile->name, profile->classes, profile->class_count);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "blocks") == 0)
        print_blocks();
    else if (argc == 2 && strcmp(argv[1], "layouts") == 0)
        print_layouts();
    else
        return 2;
    return 0;
}
