/*
 * Preloaded into a process, counts its calls of malloc(3) and its family, whoever makes them: each
 * call is one more in the 64-bit word at the beginning of the file that PMADD_HEAP_COUNT names, where
 * a test can read it while the process runs.
 *
 * The calls go on to glibc's own entry points, which need no look-up that would allocate in its turn.
 * Calls that come before this library is ready are counted too.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The names of functions and of their parameters are glibc's, here and below. */
/* NOLINTBEGIN(readability-identifier-naming) */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void *__libc_pvalloc(size_t size);
extern void __libc_free(void *block);

static _Atomic uint64_t early;
static _Atomic uint64_t *calls = &early;

__attribute__((constructor)) static void counter_begin(void)
{
    const char *path = getenv("PMADD_HEAP_COUNT");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared = MAP_FAILED;

    if (fd >= 0) {
        shared = mmap(NULL, sizeof early, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    if (shared == MAP_FAILED)
        return;
    calls = shared;
    atomic_fetch_add(calls, atomic_load(&early));
}

static void count(void)
{
    atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
    count();
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
    count();
    return __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t members, size_t size)
{
    size_t bytes;

    count();
    if (__builtin_mul_overflow(members, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(block, bytes);
}

void free(void *block)
{
    if (block != NULL)
        count();
    __libc_free(block);
}

void *memalign(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *fresh;

    count();
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
        return EINVAL;
    fresh = __libc_memalign(alignment, size);
    if (fresh == NULL)
        return ENOMEM;
    *block = fresh;
    return 0;
}

void *valloc(size_t size)
{
    count();
    return __libc_valloc(size);
}

void *pvalloc(size_t size)
{
    count();
    return __libc_pvalloc(size);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
/* NOLINTEND(readability-identifier-naming) */
