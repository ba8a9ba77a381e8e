#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "pmad_favours.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23
#endif

#define KERNEL "/sys/kernel/mm/"

struct favour_done favours[FAVOURS];
struct file files[FILES_MAX];

/* Bytes that came by mmap() and have not gone by munmap(). */
static size_t mapped;

void favours_setup(void)
{
    memset(favours, 0, sizeof favours);
    memset(files, 0, sizeof files);
    files[0] = (struct file){THP "enabled", "always [madvise] never\n"};
}

/* ---- the calls ---- */

static int answer(enum favour favour)
{
    favours[favour].calls++;
    errno = favours[favour].answer;
    return favours[favour].answer > 0 ? -1 : 0;
}

/* Large mappings begin at no multiple of 2 MiB, unless by chance: newer kernels would see to it. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    size_t page = addr != NULL || len < 2 * MIB ? 0 : (size_t)sysconf(_SC_PAGESIZE);
    long at;

    if ((flags & MAP_HUGETLB) != 0) {
        if (answer(EXPLICIT) != 0)
            return MAP_FAILED;
        flags = MAP_PRIVATE | MAP_ANONYMOUS;
    }
    at = syscall(SYS_mmap, addr, len + page, prot, flags, fd, offset);
    if (at == -1)
        return MAP_FAILED;
    if (page > 0)
        syscall(SYS_munmap, at, page);
    if (addr == NULL)
        mapped += len;
    return (void *)(at + (long)page); /* NOLINT(performance-no-int-to-ptr): as the system has it */
}

/* POSIX lets a call that succeeds write to errno. */
int munmap(void *addr, size_t len)
{
    int result = (int)syscall(SYS_munmap, addr, len);

    if (result == 0)
        mapped -= len;
    errno = EXDEV;
    return result;
}

/* The pool tests only give these two advices; anything else comes from elsewhere. */
int madvise(void *addr, size_t len, int advice)
{
    if (advice == MADV_HUGEPAGE && answer(HUGE_PAGES) != 0)
        return -1;
    if (advice == MADV_POPULATE_WRITE && answer(PREFAULT) != 0)
        return -1;
    if (advice == MADV_HUGEPAGE && favours[HUGE_PAGES].answer == GRANTED)
        return 0;
    return (int)syscall(SYS_madvise, addr, len, advice);
}

int mlock(const void *addr, size_t len)
{
    if (answer(LOCK) != 0)
        return -1;
    return favours[LOCK].answer == GRANTED ? 0 : (int)syscall(SYS_mlock, addr, len);
}

static int open_text(const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* What becomes a new file has the usual rights. */
int open(const char *file, int oflag, ...)
{
    if (strncmp(file, KERNEL, strlen(KERNEL)) != 0)
        return (int)syscall(SYS_openat, AT_FDCWD, file, oflag, 0666);
    for (size_t i = 0; i < FILES_MAX && files[i].name != NULL; i++) {
        if (strcmp(file + strlen(KERNEL), files[i].name) == 0)
            return open_text(files[i].text);
    }
    errno = ENOENT;
    return -1;
}

/* ---- pools ---- */

struct pmad_layout layout_wishing(enum favour favour, enum pmad_want want)
{
    struct pmad_layout layout = {
        .pool_size = 2 * MIB + 1, .class_count = 2, .classes = {{1024, 50}, {65536, 50}}};

    *(favour == EXPLICIT     ? &layout.explicit_huge_pages
      : favour == HUGE_PAGES ? &layout.huge_pages
      : favour == PREFAULT   ? &layout.prefault
                             : &layout.lock) = want;
    return layout;
}

int had(const struct pmad_stats *stats, enum favour favour)
{
    return favour == EXPLICIT     ? stats->explicit_huge_pages
           : favour == HUGE_PAGES ? stats->huge_pages
           : favour == PREFAULT   ? stats->prefaulted
                                  : stats->locked;
}

struct pmad *pool_of(const struct pmad_layout *layout, struct pmad_stats *stats)
{
    struct pmad_fit fit;
    struct pmad *pool;

    ck_assert_int_eq(pmad_init(&pool, layout), PMAD_OK);
    ck_assert_int_eq(pmad_check(pool, NULL), PMAD_SOUND);
    ck_assert_int_eq(pmad_layout_fit(layout, &fit), PMAD_OK);
    pmad_stats(pool, stats);
    ck_assert_uint_eq(stats->pool_size, fit.mapping_size);
    for (size_t i = 0; i < layout->class_count; i++)
        ck_assert_uint_eq(stats->classes[i].blocks, fit.classes[i].blocks);
    return pool;
}

void check_refused(const struct pmad_layout *layout, enum pmad_status status, int error)
{
    size_t before = mapped;
    struct pmad *pool = (void *)&before;

    ck_assert_int_eq(pmad_init(&pool, layout), status);
    ck_assert_int_eq(errno, error);
    ck_assert_ptr_null(pool);
    ck_assert_uint_eq(mapped, before);
}
