/* What is particular to the allocators: the pools of those that have them, and who they are. */
#include "subject.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#if SUBJECT_HAS_POOL

#    define SYMBOL "pmad_alloc"

static struct pmad_layout layout;

/* Gives each class one percent, and what is left of the hundred, one by one, to the class that needs
 * most for what it has. */
static void deal_shares(const struct demand *demands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        layout.classes[i] = (struct pmad_class){
            .block_size = (demands[i].size + PMAD_GRANULARITY - 1) & -(size_t)PMAD_GRANULARITY,
            .share = 1,
        };
    for (size_t left = 100 - count; left > 0; left--) {
        size_t neediest = 0;
        size_t most = 0;

        for (size_t i = 0; i < count; i++) {
            size_t need = demands[i].size * demands[i].count / layout.classes[i].share;

            if (need > most) {
                most = need;
                neediest = i;
            }
        }
        layout.classes[neediest].share++;
    }
}

static bool fits(const struct demand *demands, size_t count)
{
    struct pmad_fit fit;
    enum pmad_status status = pmad_layout_fit(&layout, &fit);

    if (status == PMAD_POOL_TOO_SMALL)
        return false;
    if (status != PMAD_OK)
        fail("layout", pmad_strerror(status));
    for (size_t i = 0; i < count; i++)
        if (fit.classes[i].blocks < demands[i].count)
            return false;
    return true;
}

void subject_plan(const struct demand *demands, size_t count, int huge_pages)
{
    enum { PAGE = 4096, STEPS = 512 }; /* no pool is larger than it must be by more than 1/STEPS */

    layout = (struct pmad_layout){
        .class_count = count,
        .prefault = PMAD_TRY,
        .huge_pages = huge_pages ? PMAD_TRY : PMAD_OFF,
    };
    deal_shares(demands, count);
    for (size_t i = 0; i < count; i++)
        layout.pool_size += demands[i].size * demands[i].count;
    while (!fits(demands, count))
        layout.pool_size += layout.pool_size / STEPS + PAGE;
}

struct subject subject_open(void)
{
    struct subject subject;
    enum pmad_status status = pmad_init(&subject.pool, &layout);

    if (status != PMAD_OK)
        fail("pmad_init", pmad_strerror(status));
    return subject;
}

void subject_check(struct subject subject)
{
    struct pmad_stats stats;

    pmad_stats(subject.pool, &stats);
    for (size_t i = 0; i < stats.class_count; i++)
        if (stats.classes[i].refused != 0)
            fail("pool", "a class was used up");
    if (stats.refused_size != 0)
        fail("pool", "no class for a size");
}

#else

#    if SUBJECT_KIND == SUBJECT_EMPTY
#        define SYMBOL "empty_alloc"
#    else
#        define SYMBOL "malloc"
#    endif

void subject_plan(const struct demand *demands, size_t count, int huge_pages)
{
    (void)huge_pages;
#    if SUBJECT_KIND == SUBJECT_EMPTY
    if (demands[count - 1].size > EMPTY_SIZE)
        fail("size", "the empty allocator has one block of 4096 bytes");
#    else
    (void)demands;
    (void)count;
#    endif
}

struct subject subject_open(void)
{
    return (struct subject){0};
}

void subject_check(struct subject subject)
{
    (void)subject;
}

#endif

const char *subject_library(void)
{
    Dl_info info;
    void *function;
    const char *name;

    if (strlen(SUBJECT_LIBRARY) == 0)
        return "linked in";
    function = dlsym(RTLD_DEFAULT, SYMBOL);
    if (function == NULL || dladdr(function, &info) == 0)
        fail(SYMBOL, "nobody defines it");
    name = strrchr(info.dli_fname, '/');
    name = name != NULL ? name + 1 : info.dli_fname;
    if (strncmp(name, SUBJECT_LIBRARY, strlen(SUBJECT_LIBRARY)) != 0)
        fail(info.dli_fname, "serves " SYMBOL " in place of " SUBJECT_LIBRARY);
    return info.dli_fname;
}

#if SUBJECT_KIND == SUBJECT_MALLOC

/* Every peer has its own way of saying it, and who has none of the others' is the C library. */
const char *subject_version(void)
{
    typedef const char *gperftools_version(int *major, int *minor, const char **patch);
    typedef int mimalloc_version(void);
    typedef int jemalloc_read(const char *name, void *to, size_t *size, void *from,
                              size_t from_size);
    gperftools_version *tcmalloc = (gperftools_version *)dlsym(RTLD_DEFAULT, "tc_version");
    mimalloc_version *mimalloc = (mimalloc_version *)dlsym(RTLD_DEFAULT, "mi_version");
    jemalloc_read *jemalloc = (jemalloc_read *)dlsym(RTLD_DEFAULT, "mallctl");
    static char text[64];
    const char *read;
    size_t size = sizeof read;

    if (tcmalloc != NULL)
        return tcmalloc(NULL, NULL, NULL);
    if (jemalloc != NULL && jemalloc("version", &read, &size, NULL, 0) == 0)
        return read;
    if (mimalloc == NULL)
        return gnu_get_libc_version();
    snprintf(text, sizeof text, "%d.%d.%d", mimalloc() / 100, mimalloc() / 10 % 10,
             mimalloc() % 10);
    return text;
}

#else

const char *subject_version(void)
{
    return SUBJECT_VERSION;
}

#endif
