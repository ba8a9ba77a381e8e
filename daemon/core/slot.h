#ifndef SLOT_H
#define SLOT_H

/*
 * Slots: how a number on the wire leads to a task in O(1), and how it stops doing so.
 *
 * A job handle is `<prefix>:<n>`, the prefix `H:<node>` by default; n is slot and generation, and has
 * sixteen digits always, so that all handles are of the same size. The generation of a slot changes
 * whenever the slot is given back, and lives here, never in a block that may hold a peer's bytes later.
 * It starts from the boot seed, so that a handle from before a restart names nobody.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"
#include "siphash.h"
#include "table.h"

struct task;

struct slots {
    struct table table;
    uint32_t free; /* the first free slot; count of the table: none */
    size_t used;
    size_t top;    /* one past the highest slot that was ever used */
    unsigned bits; /* of n, for the slot; */
    uint32_t generation_max;
    size_t handle_size;
    struct siphash_key key;
    size_t prefix_size;
    char prefix[GM_HANDLE_MAX]; /* as configured, and a colon */
};

/* Table for `count` tasks; false when `runtime` cannot hold it. */
bool slots_init(struct slots *slots, struct pmad *runtime, size_t count, const char *prefix,
                struct siphash_key key);

void slots_finish(struct slots *slots, struct pmad *runtime);

void slots_needs(size_t count, struct router_need *needs);

/* True while slot_take() would succeed. */
bool slots_free(const struct slots *slots);

/* Takes a free slot for `task`, there must be one; returns which. */
uint32_t slot_take(struct slots *slots, struct task *task);

/* Gives it back: its number names nobody from now on. */
void slot_give(struct slots *slots, uint32_t index);

/* The number of the handle of the task in it. */
uint64_t slot_number(const struct slots *slots, uint32_t index);

/* The task of that number, or NULL. */
struct task *slot_find(const struct slots *slots, uint64_t number);

/* The task in slot `index`, below the table's count, or NULL. For walking all tasks. */
struct task *slot_at(const struct slots *slots, size_t index);

/* Writes the handle, without a NUL, and returns its size: handle_size, GM_HANDLE_MAX at most. */
size_t handle_format(const struct slots *slots, uint64_t number, uint8_t *into);

/* The number in a handle of ours, or 0 (which is never one) for anything else. */
uint64_t handle_parse(const struct slots *slots, struct gm_slice handle);

#endif
