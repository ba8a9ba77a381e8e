/* What pmad_inline.h becomes inside a caller; for pmad_disasm.sh to read. */
#include "pmad_inline.h"

void *inlined_alloc(struct pmad *pool, size_t size);
void inlined_free(struct pmad *pool, void *block);

void *inlined_alloc(struct pmad *pool, size_t size)
{
    return pmad_alloc_inline(pool, size);
}

void inlined_free(struct pmad *pool, void *block)
{
    pmad_free_inline(pool, block);
}
