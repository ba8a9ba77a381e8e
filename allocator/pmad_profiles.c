/* The reference layouts, as data. */
#include <stdbool.h>

#include "incPMAD.h"

const struct pmad_profile pmad_profiles[] = {
    {"max-throughput", 1, {{16, 100}}},
    {"min-overhead", 1, {{4096, 100}}},
    {"balanced", 3, {{64, 60}, {256, 30}, {1024, 10}}},
    {"latency-optimised", 2, {{32, 80}, {128, 20}}},
    {"hft-network", 4, {{32, 60}, {128, 20}, {512, 15}, {2048, 5}}},
    {"embedded-rtos", 4, {{8, 30}, {16, 30}, {32, 25}, {64, 15}}},
    {NULL, 0, {{0, 0}}},
};

static bool same_text(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

const struct pmad_profile *pmad_profile_find(const char *name)
{
    for (const struct pmad_profile *profile = pmad_profiles; profile->name != NULL; profile++)
        if (same_text(profile->name, name))
            return profile;
    return NULL;
}
