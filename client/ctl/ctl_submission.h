#ifndef CTL_SUBMISSION_H
#define CTL_SUBMISSION_H

/* What `pmadctl submit` was told. */
#include "ctl.h"

enum { CTL_PARALLEL = 16, CTL_PARALLEL_MAX = 4096 };

struct ctl_submission {
    struct pmadc_task task;
    bool background;
    bool each_line, each_file; /* many tasks instead of one */
    uint64_t parallel;         /* of many, so many unfinished at a time; 0: not given */
    const char *file;          /* of --file */
    char **words;              /* behind FUNCTION: DATA, or the files of --each-file */
    size_t word_count;
};

/* Prints a warning of a worker on stderr. */
void ctl_print_warning(const void *data, size_t size);

/* Submits one task for each line or file, and waits for all but background ones. Returns the highest
 * of their statuses. */
enum ctl_exit ctl_submit_many(const struct ctl *ctl, struct pmadc *client,
                              const struct ctl_submission *it);

#endif
