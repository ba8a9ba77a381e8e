#include "empty.h"

static _Alignas(64) char the_block[EMPTY_SIZE];

void *empty_alloc(size_t size)
{
    (void)size;
    return the_block;
}

void empty_free(void *block)
{
    (void)block;
}
