#include "pool_copy.h"

#include <string.h>

#include "heap.h"

#if defined(__SANITIZE_ADDRESS__)
#    define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define ADDRESS_SANITIZER 1
#    endif
#endif
#ifdef ADDRESS_SANITIZER
#    include <sanitizer/asan_interface.h>

/* Its table has a byte for every so many of the memory. Nobody but itself may touch that by the ordinary
 * ways, which is why the bytes are volatile here. */
struct shadow {
    volatile uint64_t *at;
    size_t words;
};

static struct shadow shadow_of(const struct pool_copy *copy)
{
    size_t scale, offset;

    __asan_get_shadow_mapping(&scale, &offset);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the arithmetic is the sanitizer's */
    return (struct shadow){(uint64_t *)(((uintptr_t)copy->pool >> scale) + offset),
                           (copy->size >> scale) / sizeof(uint64_t)};
}

__attribute__((no_sanitize("address"))) static void shadow_keep(struct pool_copy *copy)
{
    struct shadow shadow = shadow_of(copy);
    uint64_t *words = heap_take(shadow.words * sizeof *words);

    for (size_t i = 0; i < shadow.words; i++)
        words[i] = shadow.at[i];
    copy->shadow = (uint8_t *)words;
}

__attribute__((no_sanitize("address"))) static void shadow_put_back(const struct pool_copy *copy)
{
    struct shadow shadow = shadow_of(copy);
    const uint64_t *words = (const uint64_t *)(const void *)copy->shadow;

    for (size_t i = 0; i < shadow.words; i++)
        shadow.at[i] = words[i];
}

/* From now on all of it may be touched. */
static void shadow_open(const struct pool_copy *copy)
{
    ASAN_UNPOISON_MEMORY_REGION(copy->pool, copy->size);
}
#elif defined(PMAD_VALGRIND)
#    include <valgrind/memcheck.h>

static void shadow_keep(struct pool_copy *copy)
{
    (void)copy;
}

/* The guard knows from the pool itself what memcheck is to know, and says so of each block it looks at. */
static void shadow_put_back(const struct pool_copy *copy)
{
    (void)pmad_check((struct pmad *)(void *)copy->pool, NULL);
}

static void shadow_open(const struct pool_copy *copy)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(copy->pool, copy->size);
}
#else
static void shadow_keep(struct pool_copy *copy)
{
    (void)copy;
}

static void shadow_put_back(const struct pool_copy *copy)
{
    (void)copy;
}

static void shadow_open(const struct pool_copy *copy)
{
    (void)copy;
}
#endif

void pool_copy_make(struct pool_copy *copy, struct pmad *pool)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats); /* its memory begins with its descriptor, incPMAD.h */
    copy->pool = (uint8_t *)pool;
    copy->size = stats.pool_size;
    copy->bytes = heap_take(copy->size);
    shadow_keep(copy);
    shadow_open(copy);
    memcpy(copy->bytes, copy->pool, copy->size);
    shadow_put_back(copy);
}

void pool_copy_put_back(const struct pool_copy *copy)
{
    shadow_open(copy);
    memcpy(copy->pool, copy->bytes, copy->size);
    shadow_put_back(copy);
}
