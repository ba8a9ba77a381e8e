#ifndef PMAD_GUARD_H
#define PMAD_GUARD_H

/*
 * The guarded build, for finding out who mistreats a pool: -DPMAD_GUARD=ON in CMake.
 *
 * Every block has 16 bytes behind it that are nobody's, and a byte beside it that says whether it is
 * in use. pmad_alloc() and pmad_free() then look before they act. A crime is reported by the next
 * operation on the block it was done to; pmad_check() finds those that nobody has come across yet.
 *
 *     given back twice, or never taken     at once, by pmad_free()
 *     given back, but not ours             at once; NULL stays allowed
 *     given back, but not its beginning    at once
 *     written to behind its end            when it is given back (or PMAD_CANARY_BROKEN)
 *     written to before its beginning      the same, in an engine that has a header there
 *                                          (or PMAD_HEADER_BROKEN)
 *     written to after it was given back   when it is taken again (or PMAD_FREE_BLOCK_WRITTEN)
 *
 * What follows when a handler returns: a block that cannot be given back is left as it is. One that
 * was written to where it should not have been is put right, and given back or handed out after all,
 * so that each crime is reported once. If a free list leads to what is no free block, pmad_alloc()
 * reports that and answers NULL, as often as it comes across it.
 *
 * Built with AddressSanitizer as well, free blocks and what lies behind each block are forbidden
 * ground: the access itself, a read too, is the end, and the sanitizer says where it came from. The
 * memory of pmad_init_at() stays so until pmad_destroy(), which must be called there before it is
 * used for anything else.
 *
 * Without the guard, these functions do nothing, and pmad_is_guarded() says so.
 */
#include "incPMAD.h"

enum pmad_crime_kind {
    PMAD_DOUBLE_FREE,         /* a block that is not in use was given back */
    PMAD_FOREIGN_FREE,        /* an address outside the pool was */
    PMAD_INTERIOR_FREE,       /* an address inside the pool was at which no block begins */
    PMAD_WRITE_BEHIND,        /* the bytes behind a block are not what they were */
    PMAD_WRITE_BEFORE,        /* the header before a block is not what it was */
    PMAD_WRITE_AFTER_FREE,    /* nor is a free block, or what lies behind it */
    PMAD_FREE_LIST_MISLEADING /* a free list leads to something else than a free block */
};

/* Of a crime that is about no class's part of the pool. */
#define PMAD_NO_CLASS SIZE_MAX

struct pmad_crime {
    enum pmad_crime_kind kind;
    size_t class_index; /* or PMAD_NO_CLASS */
    /* The block; of PMAD_INTERIOR_FREE the last that begins before `address`, or the first; of
     * PMAD_FREE_LIST_MISLEADING the one whose link it is, or 0. */
    size_t block_index;
    const void *address; /* what was given back; or the first word that is wrong; or where the free
                            list leads to */
    uint64_t seen, expected; /* PMAD_WRITE_...: that word. PMAD_DOUBLE_FREE: the byte that says what
                                state the block is in. PMAD_FOREIGN_FREE, PMAD_INTERIOR_FREE: the
                                address, and that of the pool or of the block. Else 0. */
};

typedef void pmad_crime_handler(void *arg, struct pmad *pool, const struct pmad_crime *crime);

/*
 * Has crimes in all pools of the process reported to `handler`, which gets `arg` and must not use the
 * pool but through pmad_stats(). Set it before other threads have pools. NULL brings the first one
 * back: in a process that has called pmad_init() it prints a line to stderr with all that is known,
 * then traps; where there may be no libc, it only traps.
 */
void pmad_guard_on_crime(pmad_crime_handler *handler, void *arg);

/*
 * Fills `*crime` with the first block of the pool that was written to where it should not have been,
 * and returns 1; 0 if there is none. Where pmad_check() has found PMAD_HEADER_BROKEN,
 * PMAD_CANARY_BROKEN or PMAD_FREE_BLOCK_WRITTEN, this is what was seen, unless several blocks were
 * damaged: the two may then begin with another one. Reports nothing.
 */
int pmad_guard_find(struct pmad *pool, struct pmad_crime *crime);

/* Returns whether the library was built with the guard: 1 or 0. */
int pmad_is_guarded(void);

/* One English phrase for a kind of crime, without a full stop. Static; never NULL. */
const char *pmad_crime_text(enum pmad_crime_kind kind);

#endif
