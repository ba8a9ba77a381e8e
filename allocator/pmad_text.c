/* What statuses, findings and crimes are called. */
#include "incPMAD.h"
#include "pmad_guard.h"

const char *pmad_strerror(enum pmad_status status)
{
    static const char *const texts[] = {
        [PMAD_OK] = "success",
        [PMAD_NO_CLASSES] = "the layout has no size class",
        [PMAD_TOO_MANY_CLASSES] = "the layout has more than 64 size classes",
        [PMAD_BLOCK_ZERO] = "a block size is 0",
        [PMAD_BLOCK_UNALIGNED] = "a block size is no multiple of 8",
        [PMAD_BLOCK_TOO_LARGE] = "a block size is above 1 MiB",
        [PMAD_NOT_ASCENDING] = "the block sizes do not ascend",
        [PMAD_SHARE_ZERO] = "a share is 0 percent",
        [PMAD_SHARES_NOT_100] = "the shares do not sum to 100",
        [PMAD_POOL_TOO_SMALL] = "the pool is too small for one block of every class",
        [PMAD_POOL_TOO_LARGE] = "the pool is larger than an address space",
        [PMAD_MAPPING_REFUSED] = "the system refused the mapping",
        [PMAD_PREFAULT_REFUSED] = "the system refused the pages to be faulted in beforehand",
        [PMAD_LOCK_REFUSED] = "the system refused to lock the pool in memory",
        [PMAD_HUGE_PAGES_REFUSED] = "the system refused huge pages",
        [PMAD_EXPLICIT_HUGE_PAGES_REFUSED] = "the system has not that many explicit huge pages",
        [PMAD_REGION_MISALIGNED] = "the region does not begin at a multiple of 64",
    };

    return (size_t)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}

const char *pmad_finding_text(enum pmad_finding finding)
{
    static const char *const texts[] = {
        [PMAD_SOUND] = "the pool is sound",
        [PMAD_DESCRIPTOR_BROKEN] = "the descriptor or the size table is not what init wrote",
        [PMAD_HEADER_BROKEN] = "a block's header is not what was written there",
        [PMAD_LIST_BROKEN] = "a free list leaves its run, meets a block twice, or does not end",
        [PMAD_COUNT_BROKEN] = "free and in-use blocks of a class do not sum to its blocks",
        [PMAD_CANARY_BROKEN] = "a block was written to behind its end",
        [PMAD_FREE_BLOCK_WRITTEN] = "a block was written to after it was given back",
    };

    return (size_t)finding < sizeof texts / sizeof *texts ? texts[finding] : "unknown finding";
}

const char *pmad_crime_text(enum pmad_crime_kind kind)
{
    static const char *const texts[] = {
        [PMAD_DOUBLE_FREE] = "a block that is not in use was given back",
        [PMAD_FOREIGN_FREE] = "an address outside the pool was given back",
        [PMAD_INTERIOR_FREE] = "an address at which no block begins was given back",
        [PMAD_WRITE_BEHIND] = "a block was written to behind its end",
        [PMAD_WRITE_BEFORE] = "a block was written to before its beginning",
        [PMAD_WRITE_AFTER_FREE] = "a block was written to after it was given back",
        [PMAD_FREE_LIST_MISLEADING] = "a free list does not lead to a free block",
    };

    return (size_t)kind < sizeof texts / sizeof *texts ? texts[kind] : "unknown crime";
}
