#ifndef EMPTY_H
#define EMPTY_H

/*
 * The allocator that does nothing: what a pair of calls into a shared object costs by itself. Every
 * "allocation" is the same EMPTY_SIZE bytes, so only modes that never look at a block may use it.
 */
#include <stddef.h>

enum { EMPTY_SIZE = 4096 };

void *empty_alloc(size_t size);
void empty_free(void *block);

#endif
