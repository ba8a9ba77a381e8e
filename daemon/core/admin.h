#ifndef ADMIN_H
#define ADMIN_H

/*
 * The administrative lines: questions with one line for an answer, listings (listing.h), and changes.
 * One table (admin.c) has them all; every line gets an answer, and one that is no command an `ERR`.
 */
#include <stddef.h>
#include <stdint.h>

#include "peer.h"

/* Does the line at the beginning of `size` bytes; returns how many bytes it took, 0 when it is not
 * whole or has to wait. A line that is too long ends the peer. */
size_t admin_line(struct peer *peer, const uint8_t *bytes, size_t size);

#endif
