#ifndef INBOX_H
#define INBOX_H

/*
 * An inbox: bytes of one peer on their way to the door.
 *
 * All peers share one read buffer. What a read leaves over, the beginning of a head or frames that
 * have to wait, is parked in blocks of the pool `wire` and laid in front of the next read. A read
 * takes no more bytes than that pool has room for, and nothing that the frames in it cause takes the
 * room of those behind (wire_take()): so parking never fails.
 */
#include <stddef.h>

#include "peer.h"

/* Forgets what is parked, half read or waiting. */
void inbox_discard(struct peer *peer);

/* Goes on with a peer whose halt is HALT_RESUMED: its listing, then what is parked. */
void inbox_resume(struct peer *peer);

#endif
