#ifndef GUARDED_H
#define GUARDED_H

/*
 * Bytes that end where their page ends, with a page behind them that nobody may touch: who reads or
 * writes one byte too many gets a signal, in every build.
 *
 * Needs _GNU_SOURCE (for MAP_ANONYMOUS) defined by the file that includes it.
 */
#include <check.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARDED_MAX = 4096 }; /* no page of any machine is smaller */

struct guarded {
    uint8_t *map;
    uint8_t *end; /* the first byte that must not be touched */
    size_t map_size;
};

static inline struct guarded guarded_map(void)
{
    const size_t fence = 65536; /* a multiple of every page size there is */
    struct guarded guarded = {.map_size = 2 * fence};

    guarded.map =
        mmap(NULL, guarded.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(guarded.map, MAP_FAILED);
    guarded.end = guarded.map + fence;
    ck_assert_int_eq(mprotect(guarded.end, fence, PROT_NONE), 0);
    return guarded;
}

/* Returns `size` bytes right before the fence. */
static inline uint8_t *guarded_room(const struct guarded *guarded, size_t size)
{
    if (size > GUARDED_MAX)
        ck_abort_msg("%zu bytes do not fit before the fence", size);
    return guarded->end - size;
}

/* Returns a copy of `bytes` right before the fence; it lasts until the next one. */
static inline const uint8_t *guarded_copy(const struct guarded *guarded, const void *bytes,
                                          size_t size)
{
    uint8_t *copy = guarded_room(guarded, size);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static inline void guarded_unmap(const struct guarded *guarded)
{
    ck_assert_int_eq(munmap(guarded->map, guarded->map_size), 0);
}

#endif
