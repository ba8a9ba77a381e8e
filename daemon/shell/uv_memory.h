#ifndef UV_MEMORY_H
#define UV_MEMORY_H

/*
 * libuv's memory: blocks of the pool `runtime`. libuv knows one allocator a process, without a
 * context, so the pool is remembered here; to be set before any other call of libuv. A pool that
 * runs dry answers NULL, which libuv passes on as UV_ENOMEM (and aborts on, where its watcher array
 * must grow: loop_reserve() sees to it that it never has to).
 */
#include <stdint.h>

#include "incPMAD.h"

/* Returns 0 or a negative UV_E code. */
int uv_memory_use(struct pmad *pool);

/* The pool is about to be unmapped: whatever libuv still gives back at the end of the process is
 * gone with it. */
void uv_memory_forget(void);

/* How often libuv asked in vain. */
uint64_t uv_memory_refused(void);

#endif
