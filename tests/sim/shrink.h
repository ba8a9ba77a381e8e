#ifndef SHRINK_H
#define SHRINK_H

/* Delta debugging: of the steps that lead to a finding, those that it takes. */
#include "run.h"

/* Does the finding come of these steps, too? */
typedef bool shrink_test(const struct script *script, void *context);

/*
 * Takes steps out of the script, which passes the test, as long as it still does: half of them, a
 * quarter, and so on, down to single ones, of which in the end none can be spared.
 */
void shrink(struct script *script, shrink_test *test, void *context);

#endif
