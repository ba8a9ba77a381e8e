#ifndef PMAD_FAVOURS_H
#define PMAD_FAVOURS_H

/*
 * The system as a pool sees it, in the hands of a test. Each favour that is asked for is noted, refused
 * with an errno when the test says so, and else done in earnest, but for explicit huge pages: they
 * are granted as ordinary ones, since few machines have any. (AddressSanitizer would make mlock a call
 * that does nothing.) Who links pmad_favours.c has mmap, munmap, madvise, mlock and open taken over.
 */
#include <stddef.h>

#include "incPMAD.h"

#define MIB ((size_t)1024 * 1024)

enum favour { EXPLICIT, HUGE_PAGES, PREFAULT, LOCK, FAVOURS };

enum { IN_EARNEST, GRANTED = -1 }; /* and what is above 0 is the errno of a refusal */

extern struct favour_done {
    int calls, answer;
} favours[FAVOURS];

#define THP          "transparent_hugepage/"
#define EXPLICIT_2MB "hugepages/hugepages-2048kB/"

/* All that there is below /sys/kernel/mm/, as far as the first without a name. */
enum { FILES_MAX = 4 };
extern struct file {
    const char *name, *text;
} files[FILES_MAX];

/* What every test begins with: all in earnest, and transparent huge pages for who asks for them. */
void favours_setup(void);

/* A layout of two classes, a little above 2 MiB, that asks for one thing. */
struct pmad_layout layout_wishing(enum favour favour, enum pmad_want want);

/* Whether a pool says that it had it. */
int had(const struct pmad_stats *stats, enum favour favour);

/* Returns a pool, sound and as the arithmetic has it, and what it says about itself. */
struct pmad *pool_of(const struct pmad_layout *layout, struct pmad_stats *stats);

/* pmad_init() is refused and says why, and nothing stays mapped. */
void check_refused(const struct pmad_layout *layout, enum pmad_status status, int error);

#endif
