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
 * Inside the mapping, in this order:
 *
 *     | descriptor, size table, classes | run of class 0 | run of class 1 | ... |
 *       metadata, rounded up to 64        blocks at one stride, each behind its header
 *
 * The arithmetic (pmad_layout_fit() is its only copy):
 *
 *     mapping  = pool_size rounded up to the page size
 *     usable   = mapping - metadata
 *     bytes[i] = usable * share[i] / 100, rounded down to 16; the last class gets what is left
 *     stride   = 16 (header) + block_size, rounded up to 16
 *     blocks   = bytes[i] / stride, never 0
 *
 * A request of `size` bytes is served by the smallest class whose block size is not below it, and by
 * no other: which class is taken is a function of the size alone.
 */
#include <stddef.h>
#include <stdint.h>

enum {
    PMAD_CLASSES_MAX = 64,       /* classes in a layout */
    PMAD_GRANULARITY = 8,        /* every block size is a multiple of it */
    PMAD_BLOCK_MAX = 1024 * 1024 /* bytes in the largest possible block */
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
    enum pmad_want prefault;   /* every page is there before pmad_init() returns: no fault later */
    enum pmad_want lock;       /* mlock(2): never paged out */
    enum pmad_want huge_pages; /* transparent huge pages, madvise(2) MADV_HUGEPAGE */
};

enum pmad_status {
    PMAD_OK,
    PMAD_NO_CLASSES,        /* class_count is 0 */
    PMAD_TOO_MANY_CLASSES,  /* class_count is above PMAD_CLASSES_MAX */
    PMAD_BLOCK_ZERO,        /* a block size is 0 */
    PMAD_BLOCK_UNALIGNED,   /* a block size is no multiple of PMAD_GRANULARITY */
    PMAD_BLOCK_TOO_LARGE,   /* a block size is above PMAD_BLOCK_MAX */
    PMAD_NOT_ASCENDING,     /* a block size is not above the one before it */
    PMAD_SHARE_ZERO,        /* a class has no share of the pool */
    PMAD_SHARES_NOT_100,    /* the shares do not sum to 100 */
    PMAD_POOL_TOO_SMALL,    /* some class would have no block */
    PMAD_POOL_TOO_LARGE,    /* the arithmetic of sizes would overflow */
    PMAD_MAPPING_REFUSED,   /* mmap(2) failed; errno is its own */
    PMAD_PREFAULT_REFUSED,  /* prefault = PMAD_REQUIRE and the pages could not be had */
    PMAD_LOCK_REFUSED,      /* lock = PMAD_REQUIRE and mlock(2) failed (see RLIMIT_MEMLOCK) */
    PMAD_HUGE_PAGES_REFUSED /* huge_pages = PMAD_REQUIRE and madvise(2) refused */
};

/* What a layout comes to, by arithmetic alone. */
struct pmad_fit {
    enum pmad_status status;
    size_t class_at_fault; /* index of the class that `status` is about; 0 where it is about none */
    size_t pool_size_min;  /* PMAD_OK, PMAD_POOL_TOO_SMALL: the smallest pool_size in which every
                              class of this layout has a block, in whole pages; else 0. (Rounding
                              can make a pool a page or two above it too small again.) */
    size_t mapping_size;   /* bytes mapped */
    size_t metadata_size;  /* bytes of them that are not blocks or their headers */
    size_t usable_size;    /* mapping_size - metadata_size */
    struct pmad_fit_class {
        size_t block_size; /* bytes a caller may use */
        size_t stride;     /* bytes from one block to the next */
        size_t blocks;     /* how many there are: exactly so many allocations succeed */
        size_t bytes;      /* of the pool, for this class: what is left over included */
    } classes[PMAD_CLASSES_MAX];
};

/* What a pool is doing. Counters since pmad_init(). */
struct pmad_stats {
    size_t pool_size;                   /* bytes mapped */
    size_t usable_size;                 /* of them, for blocks and their headers */
    size_t used_size;                   /* bytes of blocks in use, by block size */
    uint64_t refused_size;              /* requests no class is large enough for, or of size 0 */
    int prefaulted, locked, huge_pages; /* 1: had; 0: not asked for, or not had */
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
    PMAD_HEADER_BROKEN,     /* a block's header names another class, or no class */
    PMAD_LIST_BROKEN,       /* a free list leaves its run, meets a block twice, or does not end */
    PMAD_COUNT_BROKEN       /* free and in-use blocks of a class do not sum to its blocks */
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

/*
 * Maps a pool as `layout` says: one mmap(2), and the calls that `prefault`, `lock` and `huge_pages`
 * ask for. On PMAD_OK `*pool` is ready and belongs to the caller until pmad_destroy(). On any other
 * status `*pool` is NULL and nothing stays mapped; pmad_layout_fit() on the same layout names the
 * class at fault and the size that would do. `layout` is not kept.
 */
enum pmad_status pmad_init(struct pmad **pool, const struct pmad_layout *layout);

/*
 * Returns a block of at least `size` bytes, aligned to 16 (to 8 where the block size of its class is
 * no multiple of 16), with unspecified content; NULL when the class of that size is used up, when
 * `size` is 0, or when it is above the largest class. The block is the caller's until pmad_free().
 */
void *pmad_alloc(struct pmad *pool, size_t size);

/*
 * Gives `block` back to the class it came from. NULL is ignored, and so is any address outside the
 * pool. A block of this pool must have come from pmad_alloc() and not have been given back since:
 * anything else inside the pool is the caller's bug and undefined.
 */
void pmad_free(struct pmad *pool, void *block);

/* Returns how many bytes `block`, in use and of this pool, has room for: its class's block size. */
size_t pmad_block_size(const struct pmad *pool, const void *block);

/* Unmaps the pool with one munmap(2); every block of it is gone. NULL is ignored. */
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
