#ifndef LISTING_H
#define LISTING_H

/*
 * Listings: tables of any length, told in bounded memory and without holding anybody up.
 *
 * A listing is a cursor on the peer: the row of its table to go on at. It writes a piece whenever the
 * peer's outbox is empty, and what the peer asks behind it waits. All listings together have an
 * allowance a turn, for the bytes they write and the rows they look at; who finds it used up goes on
 * in the next turn, and others are served in between.
 *
 * Rows stay where they are in their tables. Those that come or go meanwhile may be in the listing or
 * not; every other row is in it once.
 */
#include "peer.h"

enum listing_kind {
    LISTING_NONE,
    LISTING_STATUS,
    LISTING_PRIORITIES,
    LISTING_WORKERS,
    LISTING_JOBS,
    LISTING_UNIQUES,
    LISTING_POOLS,
    LISTING_STATS,
    LISTING_FUNCTIONS,
    LISTING_HISTOGRAMS,
    LISTING_PEEK
};

enum { LISTING_PEEK_MAX = 100 /* tasks that one look shows */ };

/* Begins a listing for a peer that has none; its first piece is written at once, if there is nothing
 * ahead of it, and nobody who has waited longer. */
void listing_begin(struct peer *peer, enum listing_kind kind);

/* The same, of the first `most` tasks that wait for a function, in the order in which workers are given
 * them; LISTING_PEEK_MAX at most. */
void listing_peek(struct peer *peer, const struct function *function, uint8_t most);

/* Writes the next piece, if the outbox of the peer is empty. */
void listing_continue(struct peer *peer);

#endif
