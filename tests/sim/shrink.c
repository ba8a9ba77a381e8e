#include "shrink.h"

#include <stdlib.h>
#include <string.h>

/* Tries to do without `size` steps from `at` on. */
static bool spare(struct script *script, size_t at, size_t size, shrink_test *test, void *context)
{
    struct script without = *script;
    bool passes;

    without.count -= size;
    without.steps = heap_take((without.count + 1) * sizeof *without.steps);
    memcpy(without.steps, script->steps, at * sizeof *without.steps);
    memcpy(without.steps + at, script->steps + at + size,
           (script->count - at - size) * sizeof *without.steps);
    passes = test(&without, context);
    if (passes) {
        memcpy(script->steps, without.steps, without.count * sizeof *without.steps);
        script->count = without.count;
    }
    free(without.steps);
    return passes;
}

/* Returns true if some could be spared. */
static bool spare_all(struct script *script, size_t size, shrink_test *test, void *context)
{
    bool spared = false;

    for (size_t at = 0; at < script->count;) {
        size_t left = script->count - at;

        if (spare(script, at, size < left ? size : left, test, context))
            spared = true;
        else
            at += size;
    }
    return spared;
}

void shrink(struct script *script, shrink_test *test, void *context)
{
    size_t size = script->count / 2;

    while (size > 1) {
        (void)spare_all(script, size, test, context);
        size = size < script->count ? size / 2 : script->count / 2;
    }
    while (spare_all(script, 1, test, context))
        ;
}
