#ifndef RIGHTS_H
#define RIGHTS_H

/* What a peer may do, and to which functions. Each question is answered in constant time: the patterns
 * that match a function are known since it came into being. */
#include <stdbool.h>

#include "function.h"
#include "peer.h"

/* May it do this at all, be it for some functions only? */
bool peer_may(const struct peer *peer, enum peer_right right);

/* May it do this to that function? */
bool peer_may_to(const struct peer *peer, enum peer_right right, const struct function *function);

/* The same for a function that may not be there yet. */
bool peer_may_to_name(const struct peer *peer, enum peer_right right, struct gm_slice name);

/* Notes that it asked for `what`, a word that stays, without the right to it. */
void peer_denied(struct peer *peer, const char *what);

#endif
