#ifndef STORE_H
#define STORE_H

/*
 * A pool, and how bodies lie in it.
 *
 * One rule chooses blocks: the smallest class that fits; if that is used up, the next larger; if all
 * of those are, a chain of smaller ones, largest first. So a body is refused only when no combination
 * of blocks fits, and how much room is left is one number. Requests that found their best class empty
 * are counted by the pool, as its refusals.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "block.h"
#include "gm_frame.h"
#include "incPMAD.h"
#include "scarcity.h"
#include "siphash.h"

struct store {
    struct pmad *pool;
    size_t class_count;
    size_t class_size[PMAD_CLASSES_MAX];
    size_t room; /* bytes of bodies that the free blocks could hold */
    bool given;  /* something was given back; for who waits, who resets it */
    struct scarcity *scarcity;
};

/* `scarcity` is asked at every allocation. */
void store_init(struct store *store, struct pmad *pool, struct scarcity *scarcity);

/* The largest block, in bytes. */
size_t store_block_max(const struct store *store);

/* One block of at least `size` bytes, from its class or a larger one; NULL if there is none. */
void *store_take(struct store *store, size_t size);

void store_give(struct store *store, void *block);

/* Makes `*body` a body of `size` bytes, content unspecified, referred to once. False when no
 * combination of blocks fits; nothing is held then. */
bool store_take_body(struct store *store, struct body *body, size_t size);

/* Gives a chain back, whoever refers to it. NULL is ignored. */
void store_give_chain(struct store *store, struct block *first);

/* How many blocks a chain has. */
size_t chain_blocks(const struct block *first);

/* Index and block size of the class a request of `size` bytes is meant for; the last class when it is
 * above all of them. */
size_t store_class(const struct store *store, size_t size);

/* ---- bytes in and out of a body ---- */

/* Where a body is being written. */
struct body_cursor {
    struct block *at;
    size_t filled; /* bytes of `at` already written */
};

struct body_cursor body_begin(const struct body *body);

/* Writes `size` bytes at the cursor, which must have room for them. */
void body_write(struct body_cursor *cursor, const void *bytes, size_t size);

/* Moves the cursor over `size` bytes that somebody else wrote. */
void body_advance(struct body_cursor *cursor, size_t size);

/* The stretches of the next `size` bytes at the cursor, at most `max`; returns how many. */
size_t body_room(const struct body_cursor *cursor, size_t size, struct iovec *room, size_t max);

/* Copies a whole body to `into`. */
void body_read(const struct body *body, uint8_t *into);

/* The keyed hash of a body's bytes, however they lie; whether two bodies have the same bytes. */
uint64_t body_hash(const struct body *body, struct siphash_key key);
bool body_equal(const struct body *one, const struct body *other);

#endif
