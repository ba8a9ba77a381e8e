#ifndef TARGET_H
#define TARGET_H

/* What libFuzzer, or replay.c, calls with one input; and what a target does when an answer is wrong. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NULL: nothing is wrong. */
static inline void trap_on(const char *flaw)
{
    if (flaw == NULL)
        return;
    fprintf(stderr, "%s\n", flaw);
    abort();
}

#endif
