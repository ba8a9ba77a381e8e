#ifndef STOCK_H
#define STOCK_H

/* A pool as numbers: how many tasks of a kind it holds and what is left, worked out by taking them out
 * one by one by the rules of the core (store.h, task.c) until one finds no room. */
#include <stdbool.h>
#include <stddef.h>

#include "incPMAD.h"

struct stock {
    size_t class_count;
    size_t size[PMAD_CLASSES_MAX];   /* of a block */
    size_t blocks[PMAD_CLASSES_MAX]; /* that are left */
    size_t room;                     /* bytes of bodies they could hold */
};

struct stock stock_of(const struct pmad_layout *layout, const struct pmad_fit *fit);

/* Takes a task out of the stock, with a waiter if somebody waits for it. False if there is no room; what is
 * left is not to be gone by then. */
bool stock_take_task(struct stock *stock, size_t unique_size, size_t body_size, bool waited_for);

/* How many foreground tasks with a unique id of `unique_size` and a body of `body_size` bytes fit,
 * with their waiters; at most `max`. */
size_t stock_tasks(struct stock stock, size_t unique_size, size_t body_size, size_t max);

/* Bytes of bodies that find room beside the bare envelope of one task and its waiter. */
size_t stock_room_beside_task(struct stock stock, size_t unique_size);

/* Takes a body out of the stock, if there is room for it. */
void stock_take_body(struct stock *stock, size_t body_size);

/* Takes up to `count` blocks of at least `size` bytes out of the stock, each of its best class or a larger
 * one; returns how many there were. */
size_t stock_take_blocks(struct stock *stock, size_t size, size_t count);

/* Takes up to `count` kits of a reserve out of the stock: an envelope of that size, a waiter, and a body
 * in blocks of its own. Returns how many there were; what is left after the last one is not to be gone
 * by where that is less. */
size_t stock_take_kits(struct stock *stock, size_t envelope_size, size_t body_size, size_t count);

#endif
