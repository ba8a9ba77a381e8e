#ifndef STOCK_H
#define STOCK_H

/* A pool as numbers: how many tasks of a kind it holds and what is left, worked out by taking them out
 * one by one by the rules of the core (store.h, task.c) until one finds no room. */
#include <stddef.h>

#include "incPMAD.h"

struct stock {
    size_t class_count;
    size_t size[PMAD_CLASSES_MAX];   /* of a block */
    size_t blocks[PMAD_CLASSES_MAX]; /* that are left */
    size_t room;                     /* bytes of bodies they could hold */
};

struct stock stock_of(const struct pmad_layout *layout, const struct pmad_fit *fit);

/* How many foreground tasks with a unique id of `unique_size` and a body of `body_size` bytes fit,
 * with their waiters; at most `max`. */
size_t stock_tasks(struct stock stock, size_t unique_size, size_t body_size, size_t max);

/* Bytes of bodies that find room beside the bare envelope of one task and its waiter. */
size_t stock_room_beside_task(struct stock stock, size_t unique_size);

/* Takes a body out of the stock and returns the bytes of bodies that still find room; 0 when there was
 * none for this one. */
size_t stock_room_beside_body(struct stock *stock, size_t body_size);

/* Blocks of at least `size` bytes that are left. */
size_t stock_blocks(const struct stock *stock, size_t size);

#endif
