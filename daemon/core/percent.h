#ifndef PERCENT_H
#define PERCENT_H

/* Percent-encoding (RFC 3986, with `:` and `/` left as they are): any name as one plain word. */
#include <stddef.h>

#include "gm_frame.h"

/* Writes the name, 3 bytes a byte at most, and returns how many. */
size_t percent_encode(struct gm_slice name, char *into);

#endif
