#ifndef ROW_H
#define ROW_H

/*
 * The rows of listings: what is told of one function, one connection, one task, one class of blocks, one
 * number.
 *
 * A row is one line whatever is in it. Names and unique ids are shown as they are, a TAB included,
 * but for the bytes that end a line: those are shown as `?`. Where columns have a head they are
 * percent-encoded, so that nothing but a TAB ends one.
 */
#include "listing.h"
#include "row_text.h"

struct peer;
struct router;

/* How many rows the table of a listing has, those of nobody among them. */
size_t row_count(const struct router *router, enum listing_kind kind);

/* Adds row `index`, below row_count(); nothing where nobody is in it whom `peer` may observe. */
void row_add(const struct peer *peer, enum listing_kind kind, size_t index, struct row_text *text);

/* Bytes of the longest row about a function whose name has `name_max` bytes, at most. */
size_t row_function_max(size_t name_max);

/* Adds the line that ends every listing. */
void row_add_end(struct row_text *text);

#endif
