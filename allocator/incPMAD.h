#ifndef INCPMAD_H
#define INCPMAD_H

/*
 * PMAD, the pool-based memory allocator.
 *
 * A pool is one mmap, cut at startup into runs of equal blocks, one run per size class. Taking and
 * giving back are O(1), contain no conditional jump, and never ask the system for anything. Nothing
 * here grows: a class that is empty answers NULL, and nobody else is disturbed. A pool belongs to
 * one thread; several pools live side by side.
 *
 *     struct pmad_layout layout = {
 *         .pool_size = 1 << 20, .class_count = 2, .classes = {{64, 40}, {1024, 60}}};
 *     struct pmad *pool;
 *
 *     if (pmad_init(&pool, &layout) == PMAD_OK) {
 *         void *block = pmad_alloc(pool, 50);    // a block of 64 bytes, or NULL
 *         pmad_free(pool, block);
 *         pmad_destroy(pool);
 *     }
 *
 * A pool, and how many bytes each part has (pmad_layout_fit() is the only copy of the arithmetic):
 *
 *     | descriptor, tables | part of class 0 | part of class 1 | ... |
 *       metadata             usable
 *
 *     pool     = pool_size rounded up to whole pages, or to whole huge pages where those are wanted
 *     usable   = pool - metadata, rounded down to whole granules
 *     part[i]  = usable * share[i] / 100, rounded down to whole granules; the last class gets what is
 *                left
 *     blocks   = as many as go into the part with all that belongs to them, never 0
 *
 * What belongs to a block depends on the engine, which is chosen when the library is built:
 *
 *     stack      8 bytes beside it (and 8 a class); for block sizes that are multiples of 128, a line
 *                of 64 bytes left free after as many blocks as go into 1 KiB, after one at least.
 *                Granules: the smallest power of two g, 256 at least, of which no more than 1024 and
 *                no more than g / 4 go into the pool.
 *     intrusive  a header of 16 bytes before it, and its size rounded up to 16. Granules of 16 bytes.
 *     guarded    both: 16 bytes behind it, 1 beside it (pmad_guard.h)
 *
 * What lies beside the blocks of a class comes before the first of them, rounded up to 64 bytes.
 *
 * A request of `size` bytes is served by the smallest class whose block size is not below it, and by
 * no other: which class is taken is a function of the size alone.
 */
#include <stddef.h>
#include <stdint.h>

enum {
    PMAD_CLASSES_MAX = 64,        /* classes in a layout */
    PMAD_GRANULARITY = 8,         /* every block size is a multiple of it */
    PMAD_BLOCK_MAX = 1024 * 1024, /* bytes in the largest possible block */
    PMAD_HUGE_PAGE_SIZE = 2 * 1024 * 1024
};

/* What is asked of the system for a pool: not at all; if it can be had; or init fails without it. */
enum pmad_want { PMAD_OFF, PMAD_TRY, PMAD_REQUIRE };

/* One size class: blocks of `block_size` bytes (a multiple of 8, 8 to PMAD_BLOCK_MAX) from `share`
 * percent (1 to 100) of the pool. */
struct pmad_class {
    size_t block_size;
    unsigned share;
};

/* What a pool is to be. Block sizes ascend; shares sum to exactly 100. */
struct pmad_layout {
    size_t pool_size;   /* bytes, metadata included; rounded up to whole pages */
    size_t class_count; /* 1 to PMAD_CLASSES_MAX */
    struct pmad_class classes[PMAD_CLASSES_MAX];
    enum pmad_want prefault; /* every page is there before pmad_init() returns: no fault later */
    enum pmad_want lock;     /* mlock(2): never paged out */

    /* Transparent huge pages, madvise(2) MADV_HUGEPAGE. Pools of at least PMAD_HUGE_PAGE_SIZE are
     * rounded up to it and begin at a multiple of it; smaller ones cannot have any. */
    enum pmad_want huge_pages;

    /* Explicit huge pages, mmap(2) MAP_HUGETLB, out of those that the administrator has put aside.
     * They round up every pool, had or not, and are there before pmad_init() returns. */
    enum pmad_want explicit_huge_pages;
};

enum pmad_status {
    PMAD_OK,
    PMAD_NO_CLASSES,         /* class_count is 0 */
    PMAD_TOO_MANY_CLASSES,   /* class_count is above PMAD_CLASSES_MAX */
    PMAD_BLOCK_ZERO,         /* a block size is 0 */
    PMAD_BLOCK_UNALIGNED,    /* a block size is no multiple of PMAD_GRANULARITY */
    PMAD_BLOCK_TOO_LARGE,    /* a block size is above PMAD_BLOCK_MAX */
    PMAD_NOT_ASCENDING,      /* a block size is not above the one before it */
    PMAD_SHARE_ZERO,         /* a class has no share of the pool */
    PMAD_SHARES_NOT_100,     /* the shares do not sum to 100 */
    PMAD_POOL_TOO_SMALL,     /* some class would have no block */
    PMAD_POOL_TOO_LARGE,     /* the arithmetic of sizes would overflow */
    PMAD_MAPPING_REFUSED,    /* mmap(2) failed; errno is its own */
    PMAD_PREFAULT_REFUSED,   /* prefault = PMAD_REQUIRE and the pages could not be had */
    PMAD_LOCK_REFUSED,       /* lock = PMAD_REQUIRE and mlock(2) failed (see RLIMIT_MEMLOCK) */
    PMAD_HUGE_PAGES_REFUSED, /* huge_pages = PMAD_REQUIRE and madvise(2) refused, they are off, or the
                                pool is smaller than one */
    PMAD_EXPLICIT_HUGE_PAGES_REFUSED, /* explicit_huge_pages = PMAD_REQUIRE and mmap(2) refused */
    PMAD_REGION_MISALIGNED /* pmad_init_at() was given a region that begins at no multiple of 64 */
};

/* What a layout comes to, by arithmetic alone. */
struct pmad_fit {
    enum pmad_status status;
    size_t class_at_fault; /* index of the class that `status` is about; 0 where it is about none */
    size_t pool_size_min;  /* PMAD_OK, PMAD_POOL_TOO_SMALL: the smallest pool_size in which every
                              class of this layout has a block, in whole pages, or huge pages where
                              it is rounded up to them; else 0. (Rounding can make a slightly larger
                              pool too small again.) */
    size_t mapping_size;   /* bytes of the pool */
    size_t metadata_size;  /* bytes of them that belong to no class */
    size_t usable_size;    /* mapping_size - metadata_size; 0 if the metadata are larger */
    struct pmad_fit_class {
        size_t block_size; /* bytes a caller may use */
        size_t stride;     /* bytes from one block to the next */
        size_t group;      /* so many blocks, then 64 bytes left free; 0: no such gaps */
        size_t side;       /* bytes of the part before its first block or header */
        size_t blocks;     /* how many there are: exactly so many allocations succeed */
        size_t bytes;      /* of the pool, for this class: what is left over included */
    } classes[PMAD_CLASSES_MAX];
};

/* What a pool is doing. Counters since pmad_init(). */
struct pmad_stats {
    size_t pool_size;      /* bytes */
    size_t usable_size;    /* of them, for the classes */
    size_t used_size;      /* bytes of blocks in use, by block size */
    uint64_t refused_size; /* requests no class is large enough for, or of size 0 */
    int prefaulted, locked, huge_pages, explicit_huge_pages; /* 1: had; 0: not asked for, or not */
    size_t class_count;
    struct pmad_class_stats {
        size_t block_size, stride, blocks;
        size_t in_use;     /* now */
        size_t high_water; /* the most there ever were at once */
        uint64_t refused;  /* requests for this class that found it empty */
    } classes[PMAD_CLASSES_MAX];
};

/* The first thing pmad_check() found wrong. */
enum pmad_finding {
    PMAD_SOUND,             /* nothing */
    PMAD_DESCRIPTOR_BROKEN, /* the descriptor or the size table does not say what init wrote */
    PMAD_HEADER_BROKEN,     /* a block's header names another class, or no class; in a guarded build
                               also: it was written to while the block was in use */
    PMAD_LIST_BROKEN,       /* a free list leaves its run, meets a block twice, or does not end */
    PMAD_COUNT_BROKEN,      /* free and in-use blocks of a class do not sum to its blocks */

    /* These only a guarded build can see; pmad_guard_find() tells more of them. */
    PMAD_CANARY_BROKEN,     /* somebody wrote behind the end of a block */
    PMAD_FREE_BLOCK_WRITTEN /* somebody wrote to a block that was given back */
};

struct pmad_check {
    enum pmad_finding finding;
    size_t class_index; /* where */
    size_t block_index; /* where in its run; 0 where the finding is about no single block */
};

struct pmad;

/*
 * Works out what `layout` comes to; touches nothing but `*fit`, which is written whole on every
 * status. Returns `fit->status`: PMAD_OK or one of the statuses that arithmetic can find (up to
 * PMAD_POOL_TOO_LARGE). This is what pmad_init() itself goes by, what `pmadd --check-config` prints,
 * and what the documentation's figures are made from.
 */
enum pmad_status pmad_layout_fit(const struct pmad_layout *layout, struct pmad_fit *fit);

/* The same for pmad_init_at() with a region of `bytes` bytes: nothing is rounded to pages but
 * `pool_size_min`, to 4096, and `layout->pool_size` is not looked at. */
enum pmad_status pmad_region_fit(const struct pmad_layout *layout, size_t bytes,
                                 struct pmad_fit *fit);

/*
 * Maps a pool as `layout` says: one mmap(2), and the calls that `prefault`, `lock` and the huge pages
 * ask for. On PMAD_OK `*pool` is ready and belongs to the caller until pmad_destroy(). On any other
 * status `*pool` is NULL and nothing stays mapped; pmad_layout_fit() on the same layout names the
 * class at fault and the size that would do, pmad_shortage() what the system would have had to
 * allow. `layout` is not kept.
 */
enum pmad_status pmad_init(struct pmad **pool, const struct pmad_layout *layout);

/*
 * Makes a pool in memory of the caller's, `bytes` bytes from `region` on, a multiple of 64. It needs
 * neither a system nor a C library, and does no more than write to the region: `pool_size` and what
 * the layout wants of the system are not looked at. The pool goes when the memory does; there is no
 * need for pmad_destroy(), which does nothing to it (but see pmad_guard.h). Returns PMAD_OK,
 * PMAD_REGION_MISALIGNED, or what pmad_region_fit() says; unless it is PMAD_OK, `*pool` is NULL.
 */
enum pmad_status pmad_init_at(struct pmad **pool, void *region, size_t bytes,
                              const struct pmad_layout *layout);

/* What a pool needs of something that the system limits, and what the system allows, in bytes. */
struct pmad_shortage {
    size_t needed, allowed; /* SIZE_MAX: no limit */
};

/* Returns it for PMAD_LOCK_REFUSED (RLIMIT_MEMLOCK, which is for the whole process) and for
 * PMAD_EXPLICIT_HUGE_PAGES_REFUSED (huge pages of 2 MiB that nobody has), as the system stands now;
 * zeroes for any other status. */
struct pmad_shortage pmad_shortage(const struct pmad_layout *layout, enum pmad_status status);

/*
 * Returns a block of at least `size` bytes, aligned to 16 (to 8 where the block size of its class is
 * no multiple of 16), with unspecified content; NULL when the class of that size is used up, when
 * `size` is 0, or when it is above the largest class. The block is the caller's until pmad_free().
 */
void *pmad_alloc(struct pmad *pool, size_t size);

/*
 * Gives `block` back to the class it came from. NULL is ignored, and so is any address outside the
 * pool. A block of this pool must have come from pmad_alloc() and not have been given back since:
 * anything else inside the pool is the caller's bug and undefined. A guarded build reports all that
 * should not have been given back, NULL excepted, and does nothing else with it (pmad_guard.h).
 */
void pmad_free(struct pmad *pool, void *block);

/* Returns how many bytes `block`, in use and of this pool, has room for: its class's block size. */
size_t pmad_block_size(const struct pmad *pool, const void *block);

/* Unmaps a pool of pmad_init() with one munmap(2); every block of it is gone. NULL is ignored. */
void pmad_destroy(struct pmad *pool);

/* Fills `*stats`; O(classes), reads only, at any time by the pool's thread. */
void pmad_stats(const struct pmad *pool, struct pmad_stats *stats);

/*
 * Walks the whole pool, O(blocks): every block is free or in use exactly once, every header and the
 * engine's own structure say what they should. Returns the first finding and fills `*check` (which
 * may be NULL); PMAD_SOUND when there is none. Writes no byte of the pool that it does not restore.
 */
enum pmad_finding pmad_check(struct pmad *pool, struct pmad_check *check);

/* One English phrase for a status, without a full stop, e.g. "the shares do not sum to 100". Static;
 * never NULL, "unknown status" for a number that is none. */
const char *pmad_strerror(enum pmad_status status);

/* The same for a finding. */
const char *pmad_finding_text(enum pmad_finding finding);

/*
 * The reference layouts: what to give classes and shares when nothing is known about the load but
 * its kind. Data; the list ends with a NULL name.
 */
struct pmad_profile {
    const char *name;
    size_t class_count;
    struct pmad_class classes[8];
};

extern const struct pmad_profile pmad_profiles[];

/* Returns the profile of that name, or NULL. */
const struct pmad_profile *pmad_profile_find(const char *name);

#endif
