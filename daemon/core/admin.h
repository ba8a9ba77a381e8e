#ifndef ADMIN_H
#define ADMIN_H

/*
 * The administrative lines: `status`, `workers`, `version`, `pools`.
 *
 * A listing is a cursor on the peer. It writes a piece whenever the peer's outbox is empty, and what
 * the peer asks behind it waits, so that a table of any length is listed in bounded memory and
 * nobody is held up. Rows that come or go meanwhile may be in it or not; every other row is in it
 * once.
 */
#include <stddef.h>
#include <stdint.h>

#include "peer.h"

/* Does the line at the beginning of `size` bytes; returns how many bytes it took, 0 when it is not
 * whole or has to wait. A line that is too long ends the peer. */
size_t admin_line(struct peer *peer, const uint8_t *bytes, size_t size);

/* Writes the next piece of the peer's listing, if its outbox is empty. */
void admin_listing_continue(struct peer *peer);

#endif
