#ifndef JUDGE_H
#define JUDGE_H

/* What a single key cannot tell; config_finish() is here, too. */
#include <stddef.h>

#include "complaint.h"
#include "config.h"

/* Complains, in the file and line of `place`, about a pool that cannot be made. */
void judge_pool(const struct config *config, size_t pool, struct place place,
                struct config_errors *errors);

#endif
